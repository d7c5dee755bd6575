// SPDX-License-Identifier: MIT

extension QueryRows {
  /// The rows as an Arrow stream of one record batch, whose numbers are not copied. It holds on to this object.
  ///
  /// A column of integers is int64; of reals, or of reals and integers that a double holds, float64; of texts large_utf8; of
  /// blobs large_binary; of NULL alone null. Any other mixture is large_utf8, where numbers are as JSON has them, or with
  /// blobs large_binary.
  ///
  /// - Throws: `.corrupt` if a stored text is not UTF-8; `.noMemory`.
  public func arrow() throws(StoreError) -> ArrowStream { try ArrowStream(try arrowStream()) }

  /// The rows as an Arrow stream of one record batch; it holds on to this object.
  package func arrowStream() throws(StoreError) -> ArrowStreamOut {
    let arena = ArrowArena()
    var fields: [ArrowFieldOut] = []
    var arrays: [ArrowArrayOut] = []
    for column in columns {
      let out = ArrowQueryColumn(column, ArrowColumnsOut(arena: arena, rows: count), rows: count)
      let (format, array) = try out.array()
      fields.append(ArrowFieldOut(name: column.name, format: format))
      arrays.append(array)
    }
    return ArrowStreamOut(
      fields, ArrowBatchOut(count: count, columns: arrays, owner: ArrowRows(owner: self, arena: arena)))
  }
}

/// A column of a query's result as an Arrow array.
private struct ArrowQueryColumn {
  private static let (null, integer, real, text, blob): (UInt8, UInt8, UInt8, UInt8, UInt8) = (0, 1, 2, 3, 4)

  private let column: QueryRows.Column
  private let out: ArrowColumnsOut
  private let rows: Int
  private let types: UnsafeBufferPointer<UInt8>
  /// One bit per type that a row is of.
  private let kinds: UInt8

  init(_ column: QueryRows.Column, _ out: ArrowColumnsOut, rows: Int) {
    self.column = column
    self.out = out
    self.rows = rows
    types = column.typeColumn
    var kinds: UInt8 = 0
    for type in types { kinds |= 1 &<< type }
    self.kinds = kinds
  }

  func array() throws(StoreError) -> (format: StaticString, array: ArrowArrayOut) {
    let values = kinds & ~1
    switch values {
    case 0: return ("n", ArrowArrayOut(count: rows, nullCount: rows, buffers: []))
    case 1 << Self.integer: return ("l", try plain(UnsafeRawPointer(column.integerColumn.baseAddress)))
    case 1 << Self.real: return ("g", try plain(UnsafeRawPointer(column.realColumn.baseAddress)))
    case 1 << Self.text:
      try checkTexts()
      return ("U", try texts())
    case 1 << Self.blob: return ("Z", try texts())
    case 1 << Self.integer | 1 << Self.real where fitDoubles: return ("g", try doubles())
    default:
      let hasBlobs = values & 1 << Self.blob != 0
      if !hasBlobs { try checkTexts() }
      return (hasBlobs ? "Z" : "U", try mixture())
    }
  }

  private func validity() throws(StoreError) -> (bits: UnsafeRawPointer?, nulls: Int) {
    guard kinds & 1 != 0 else { return (nil, 0) }
    let bits = try out.arena.room(Bits.bytes(rows), UInt8.self)
    let nulls = Bits.write(rows, to: bits) { types[$0] != Self.null }
    return (UnsafeRawPointer(bits), nulls)
  }

  private func plain(_ values: UnsafeRawPointer?) throws(StoreError) -> ArrowArrayOut {
    let (bits, nulls) = try validity()
    return ArrowArrayOut(count: rows, nullCount: nulls, buffers: [bits, values ?? ArrowArrayOut.nothing])
  }

  private func texts() throws(StoreError) -> ArrowArrayOut {
    let (bits, nulls) = try validity()
    let bytes = UnsafeRawPointer(column.byteColumn.baseAddress) ?? ArrowArrayOut.nothing
    let offsets = UnsafeRawPointer(column.offsetColumn.baseAddress) ?? ArrowArrayOut.nothing
    return ArrowArrayOut(count: rows, nullCount: nulls, buffers: [bits, offsets, bytes])
  }

  /// Whether a double holds each integer.
  private var fitDoubles: Bool {
    let integers = column.integerColumn
    return (0..<rows).allSatisfy { types[$0] != Self.integer || integers[$0].magnitude <= 1 << 53 }
  }

  private func doubles() throws(StoreError) -> ArrowArrayOut {
    let values = try out.arena.room(rows, Double.self)
    let (integers, reals) = (column.integerColumn, column.realColumn)
    for row in 0..<rows { values[row] = types[row] == Self.integer ? Double(integers[row]) : reals[row] }
    return try plain(UnsafeRawPointer(values))
  }

  private func bytes(_ row: Int) -> Bytes { column.bytes(row) }

  private func mixture() throws(StoreError) -> ArrowArrayOut {
    let room = try out.arena.room(NumberText.maximumBytes, UInt8.self)
    return try out.texts { row in
      switch types[row] {
      case Self.null: nil
      case Self.integer: Bytes(start: room, count: NumberText.write(column.integerColumn[row], to: room))
      case Self.real: Bytes(start: room, count: text(of: column.realColumn[row], in: room))
      default: bytes(row)
      }
    }
  }

  private func text(of real: Double, in room: UnsafeMutablePointer<UInt8>) -> Int {
    if real.isFinite { return NumberText.write(real, to: room) }
    // As SQLite writes an infinity.
    let word: StaticString = real < 0 ? "-Inf" : "Inf"
    room.update(from: word.utf8Start, count: word.utf8CodeUnitCount)
    return word.utf8CodeUnitCount
  }

  /// Refuses text that another tool stored and that is not text.
  private func checkTexts() throws(StoreError) {
    guard !column.offsetColumn.isEmpty else { return }
    // The whole is looked at once, and then that no text begins within a character.
    let all = column.byteColumn
    let isSound =
      all.isValidUTF8 && column.offsetColumn.allSatisfy { $0 >= all.count || all[Int($0)] & 0xc0 != 0x80 }
    guard !isSound else { return }
    for row in 0..<rows where types[row] == Self.text && !bytes(row).isValidUTF8 {
      throw column.brokenText(row)
    }
  }
}
