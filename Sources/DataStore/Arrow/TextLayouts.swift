// SPDX-License-Identifier: MIT
import Glibc

/// Text columns laid out one text after the other, as Arrow's large_utf8 has them, in one block of memory.
///
/// A column that says the same as the one before shares its layout, as qualities of features often do.
package final class TextLayouts {
  /// Of a column; lives as long as its `TextLayouts`.
  package struct Layout {
    /// Where each row's text begins, and behind the last one where it ends.
    package let offsets: UnsafePointer<Int64>
    package let bytes: UnsafeBufferPointer<UInt8>
    /// One bit per row, the lowest first, 0 for a row without text; nil if all have one.
    package let validity: UnsafePointer<UInt8>?
  }

  package private(set) var layouts: [Layout] = []
  private var block: ColumnBlock

  /// Lays out columns of `rows` rows. A column of neither codes nor values has no text in any row.
  package init(_ columns: [TextColumn], rows: Int) throws(StoreError) {
    var plans: [LayoutPlan] = []
    plans.reserveCapacity(columns.count)
    var isShared: [Bool] = []
    var bytes = 0
    for (index, column) in columns.enumerated() {
      let isLikeLast = index > 0 && Self.areAlike(column, columns[index - 1], rows)
      isShared.append(isLikeLast)
      guard !isLikeLast else { continue }
      let plan = try LayoutPlan(column, rows: rows)
      plans.append(plan)
      let (sum, overflow) = bytes.addingReportingOverflow(plan.room)
      guard !overflow else { throw .noMemory() }
      bytes = sum
    }
    guard let block = ColumnBlock.ofAnySize(bytes: bytes) else { throw .noMemory(bytes) }
    self.block = block
    var next = plans.makeIterator()
    for isLikeLast in isShared {
      if isLikeLast, let last = layouts.last {
        layouts.append(last)
      } else if let plan = next.next() {
        guard let layout = plan.layOut(in: &self.block) else { throw .noMemory(plan.room) }
        layouts.append(layout)
      }
    }
  }

  private static func areAlike(_ one: TextColumn, _ other: TextColumn, _ rows: Int) -> Bool {
    let haveSameWords = one.values.elementsEqual(other.values) {
      $0.count == $1.count && ($0.baseAddress == $1.baseAddress || $0.elementsEqual($1))
    }
    guard haveSameWords else { return false }
    guard let codes = one.codes, let others = other.codes else { return one.codes == other.codes }
    return codes == others || memcmp(codes, others, rows * MemoryLayout<Int32>.stride) == 0
  }
}

/// What it takes to lay a column out.
private struct LayoutPlan {
  private static let wordBytes = 8
  /// Rows that are written at once where they have the same text, as most rows and their neighbours do.
  private static let runRows = 8

  private let column: TextColumn
  private let rows: Int
  private let longest: Int
  private let hasMissing: Bool
  /// For the texts, and the rest of a word behind the last of them.
  private let textRoom: Int
  /// In bytes, for all.
  let room: Int

  init(_ column: TextColumn, rows: Int) throws(StoreError) {
    self.column = column
    self.rows = rows
    let lowest = try Self.lowestCode(column, rows: rows)
    hasMissing = lowest < 0 && rows > 0
    let longest = column.values.reduce(0) { max($0, $1.count) }
    self.longest = longest
    let (most, overflow) = rows.multipliedReportingOverflow(by: longest)
    guard !overflow, most < 1 << 60 else { throw .noMemory() }
    // Short texts as if all were the longest: that wastes little, and none of it is written to.
    textRoom = (longest <= 2 * Self.wordBytes ? most : Self.length(column, rows: rows)) + Self.wordBytes
    room =
      ColumnBlock.bytes(rows + 1, Int64.self) + ColumnBlock.bytes(textRoom, UInt8.self)
      + (hasMissing ? ColumnBlock.bytes((rows + 7) / 8, UInt8.self) : 0)
  }

  /// Checks the column against its rules, and the memory against its dictionary; returns the lowest code.
  private static func lowestCode(_ column: TextColumn, rows: Int) throws(StoreError) -> Int {
    try MemoryShortage.expect((column.values.count + 1) * MemoryLayout<(UInt64, Int)>.stride)
    guard let codes = column.codes else { return column.values.isEmpty ? -1 : 0 }
    // Loops without a way out take many rows at a time. Mostly two signs tell that all is well: of the codes, and of how far
    // they are from the last value's.
    let last = Int32(clamping: column.values.count - 1)
    var (signs, distances) = (Int32(0), Int32(0))
    for row in 0..<rows {
      signs |= codes[row]
      distances |= last &- codes[row]
    }
    if signs >= 0, distances >= 0 { return 0 }
    var (lowest, highest) = (Int32(0), Int32(-1))
    for row in 0..<rows {
      lowest = min(lowest, codes[row])
      highest = max(highest, codes[row])
    }
    guard lowest < -1 || Int(highest) >= column.values.count else { return Int(lowest) }
    for row in 0..<rows where codes[row] < -1 || Int(codes[row]) >= column.values.count {
      throw .invalid(
        "row \(row) has code \(codes[row]), but the dictionary has \(column.values.count) values", row: row,
        key: "column")
    }
    return Int(lowest)
  }

  private static func length(_ column: TextColumn, rows: Int) -> Int {
    var length = 0
    for row in 0..<rows {
      let code = column.code(row)
      if code >= 0 { length += column.values[code].count }
    }
    return length
  }

  /// nil if the block has no room left.
  func layOut(in block: inout ColumnBlock) -> TextLayouts.Layout? {
    guard let offsets = block.room(for: rows + 1, Int64.self),
      let bytes = block.room(for: textRoom, UInt8.self)
    else { return nil }
    var validity: UnsafeMutablePointer<UInt8>?
    if hasMissing {
      guard let bits = block.room(for: (rows + 7) / 8, UInt8.self) else { return nil }
      write(validity: bits)
      validity = bits
    }
    write(to: bytes, offsets)
    return TextLayouts.Layout(
      offsets: UnsafePointer(offsets), bytes: UnsafeBufferPointer(start: bytes, count: Int(offsets[rows])),
      validity: validity.map { UnsafePointer($0) })
  }

  private func write(validity bits: UnsafeMutablePointer<UInt8>) {
    for byte in 0..<(rows + 7) / 8 {
      var present: UInt8 = 0
      for row in (8 * byte)..<min(8 * byte + 8, rows) where code(row) >= 0 { present |= 1 << UInt8(row & 7) }
      bits[byte] = present
    }
  }

  @inline(__always)
  private func code(_ row: Int) -> Int { column.values.isEmpty ? -1 : column.code(row) }

  private func write(to out: UnsafeMutablePointer<UInt8>, _ offsets: UnsafeMutablePointer<Int64>) {
    // By code, from -1 on: a short text as one word, and how long it is.
    var texts: [(word: UInt64, count: Int)] = []
    texts.reserveCapacity(column.values.count + 1)
    texts.append((0, 0))
    for value in column.values { texts.append((Self.word(value), value.count)) }
    let end = texts.withUnsafeBufferPointer { texts in
      guard let none = texts.baseAddress else { return 0 }
      guard let codes = column.codes else {
        let all = texts.count == 1 ? none : none + 1
        return write(to: out, offsets, isRun: { _ in true }, text: { _ in all })
      }
      return write(
        to: out, offsets,
        isRun: { row in
          var differences = Int32(0)
          for other in 1..<Self.runRows { differences |= codes[row + other] ^ codes[row] }
          return differences == 0
        },
        text: { none + (Int(codes[$0]) + 1) })
    }
    offsets[rows] = Int64(end)
  }

  /// Writes what `text` finds for each row; returns the length of all. `isRun` tells whether a row and the others of a run
  /// have the same text.
  @inline(__always)
  private func write(
    to out: UnsafeMutablePointer<UInt8>, _ offsets: UnsafeMutablePointer<Int64>, isRun: (_ row: Int) -> Bool,
    text: (_ row: Int) -> UnsafePointer<(word: UInt64, count: Int)>
  ) -> Int {
    var (row, next) = (0, 0)
    while row < rows {
      let (word, count) = text(row).pointee
      if rows - row >= Self.runRows, count <= Self.wordBytes, isRun(row) {
        // None waits for the one before: their places are known.
        for index in 0..<Self.runRows {
          write(word, to: out, offsets, row + index, at: next &+ index &* count)
        }
        next += Self.runRows &* count
        row += Self.runRows
        continue
      }
      for row in row..<min(row + Self.runRows, rows) {
        let (word, count) = text(row).pointee
        write(word, to: out, offsets, row, at: next)
        if count > Self.wordBytes, let start = column.values[code(row)].baseAddress {
          memcpy(out + next, start, count)
        }
        next += count
      }
      row += Self.runRows
    }
    return next
  }

  /// What a word writes behind its text is written over by the next.
  @inline(__always)
  private func write(
    _ word: UInt64, to out: UnsafeMutablePointer<UInt8>, _ offsets: UnsafeMutablePointer<Int64>, _ row: Int,
    at place: Int
  ) {
    offsets[row] = Int64(place)
    UnsafeMutableRawPointer(out + place).storeBytes(of: word, as: UInt64.self)
  }

  /// The beginning of a text, with zeros behind it where it is shorter.
  private static func word(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var word: UInt64 = 0
    if let start = text.baseAddress { memcpy(&word, start, min(text.count, wordBytes)) }
    return word
  }
}
