// SPDX-License-Identifier: MIT
import CArrow

/// One column of one chunk: a producer's buffers, borrowed, with what is known of their lengths.
final class ArrowColumn {
  let type: ArrowType
  /// How many rows there are.
  let count: Int
  /// The first row's place in the buffers.
  let start: Int
  /// Values, offsets, views, or the indices into the dictionary; nil where no row needs them.
  let values: UnsafeRawPointer?
  /// The texts' bytes.
  private let bytes: UnsafePointer<UInt8>?
  /// Where views point to: pointers, and behind them their sizes.
  private let viewed:
    (buffers: UnsafeMutablePointer<UnsafeRawPointer?>, sizes: UnsafeRawPointer?, count: Int)?
  /// Of the indices into the dictionary; nil if there is none.
  let index: ArrowType?
  let dictionary: ArrowColumn?
  /// Of a struct.
  let children: [ArrowColumn]
  /// True if no row is null.
  let isComplete: Bool
  private let validity: UnsafePointer<UInt8>?
  /// That of the struct that the column belongs to, and the column's first row in it.
  private let outer: (validity: UnsafePointer<UInt8>, start: Int)?

  /// The rows from `first` on of an array, which is the struct's own offset where the column belongs to one. `rows` nil:
  /// all that there are.
  init(
    _ array: UnsafePointer<ArrowArray>, _ field: ArrowField, first: Int = 0, rows: Int? = nil,
    outer: (validity: UnsafePointer<UInt8>, start: Int)? = nil, _ place: ArrowPlace
  ) throws(StoreError) {
    let array = array.pointee
    guard array.release != nil else { throw place.broken("it was released already") }
    guard array.length >= 0, array.offset >= 0, array.length <= Self.most, array.offset <= Self.most else {
      throw place.broken("its length is \(array.length) and its offset \(array.offset)")
    }
    let length = Int(array.length)
    let rows = rows ?? length
    guard first <= length, rows <= length - first else {
      throw place.broken("it has \(length) rows, and those from \(first) up to \(first + rows) are needed")
    }
    type = field.type
    index = field.index
    count = rows
    start = Int(array.offset) + first
    self.outer = outer
    let stored = field.index ?? field.type
    let buffers = try Self.buffers(array, stored, place)
    func buffer(_ number: Int) -> UnsafeRawPointer? { number < buffers.count ? buffers[number] : nil }
    var validity: UnsafePointer<UInt8>?
    if case .null = stored {
    } else {
      validity = buffer(0)?.assumingMemoryBound(to: UInt8.self)
      guard validity != nil || array.null_count <= 0 || rows == 0 else {
        throw place.broken("it has \(array.null_count) nulls and no validity bitmap")
      }
    }
    self.validity = validity
    values = buffer(1)
    if values == nil, rows > 0 {
      switch stored {
      case .null, .structure, .other: break
      default: throw place.broken("its buffer 1 is NULL")
      }
    }
    bytes = buffer(2)?.assumingMemoryBound(to: UInt8.self)
    if stored.isView {
      let count = buffers.count - 3
      viewed = (buffers.baseAddress.unsafelyUnwrapped + 2, buffers[buffers.count - 1], count)
    } else {
      viewed = nil
    }
    if field.index != nil {
      guard let values = array.dictionary else { throw place.broken("its dictionary is NULL") }
      let valueField = ArrowField(
        name: field.name, type: field.type, index: nil, typeName: field.typeName, children: [])
      dictionary = try ArrowColumn(UnsafePointer(values), valueField, place)
    } else {
      dictionary = nil
    }
    children = try Self.children(array, field, first: start, rows: rows, validity, place)
    let own = validity.map { Bits.areSet($0, from: Int(array.offset) + first, rows) } ?? true
    if case .null = stored {
      isComplete = rows == 0
    } else {
      isComplete = own && (outer.map { Bits.areSet($0.validity, from: $0.start, rows) } ?? true)
    }
  }

  /// Beyond these no place in a buffer is a number that can be computed with.
  private static let most: Int64 = 1 << 40

  private static func buffers(
    _ array: ArrowArray, _ stored: ArrowType, _ place: ArrowPlace
  ) throws(StoreError) -> UnsafeMutableBufferPointer<UnsafeRawPointer?> {
    let needed = stored.bufferCount
    let count = array.n_buffers
    guard count >= Int64(needed), count <= 1 << 20 else {
      throw place.broken("it has \(count) buffers instead of \(needed)")
    }
    guard needed > 0 else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
    guard let buffers = array.buffers else { throw place.broken("its buffers are NULL") }
    return UnsafeMutableBufferPointer(start: buffers, count: Int(count))
  }

  private static func children(
    _ array: ArrowArray, _ field: ArrowField, first: Int, rows: Int, _ validity: UnsafePointer<UInt8>?,
    _ place: ArrowPlace
  ) throws(StoreError) -> [ArrowColumn] {
    guard case .structure = field.type, field.index == nil, !field.children.isEmpty else { return [] }
    let pointers = try childPointers(array, field.children.count, place)
    var columns: [ArrowColumn] = []
    for (number, child) in field.children.enumerated() {
      guard let pointer = pointers[number] else { throw place.broken("its child \(number) is NULL") }
      columns.append(
        try ArrowColumn(
          UnsafePointer(pointer), child, first: first, rows: rows, outer: validity.map { ($0, first) }, place)
      )
    }
    return columns
  }

  /// The children of an array that must have as many as its schema.
  static func childPointers(
    _ array: ArrowArray, _ count: Int, _ place: ArrowPlace
  ) throws(StoreError) -> UnsafeMutablePointer<UnsafeMutablePointer<ArrowArray>?> {
    guard array.n_children == Int64(count) else {
      throw place.broken("it has \(array.n_children) children, and the schema has \(count)")
    }
    guard let children = array.children else { throw place.broken("its children are NULL") }
    return children
  }

  // MARK: Rows

  /// Whether a row has a value, in the column and in the struct that this belongs to. A dictionary's null is not looked at.
  @inline(__always)
  func isPresent(_ row: Int) -> Bool {
    if isComplete { return true }
    if case .null = index ?? type { return false }
    if let validity, !Bits.isSet(validity, start + row) { return false }
    if let outer, !Bits.isSet(outer.validity, outer.start + row) { return false }
    return true
  }

  /// A row of values of a plain type.
  @inline(__always)
  func load<Value: BitwiseCopyable>(_ row: Int, as type: Value.Type) -> Value {
    // There are values where there are rows.
    values.unsafelyUnwrapped.loadUnaligned(
      fromByteOffset: (start &+ row) &* MemoryLayout<Value>.stride, as: Value.self)
  }

  /// The values of a plain type where they lie, if no row is null and they can be read as they are.
  func borrowed<Value: BitwiseCopyable>(as type: Value.Type) -> UnsafePointer<Value>? {
    guard isComplete else { return nil }
    return placed(as: type)
  }

  /// The same where a row may be null.
  func placed<Value: BitwiseCopyable>(as type: Value.Type) -> UnsafePointer<Value>? {
    guard dictionary == nil, let values else { return nil }
    let first = values + start * MemoryLayout<Value>.stride
    guard Int(bitPattern: first) % MemoryLayout<Value>.alignment == 0 else { return nil }
    return first.assumingMemoryBound(to: Value.self)
  }

  func bool(_ row: Int) -> Bool {
    Bits.isSet(values.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self), start + row)
  }

  /// An integer of any width; those beyond int64 are nil, and `unsigned(_:)` has them.
  @inline(__always)
  func integer(_ row: Int, _ bytes: Int, _ isSigned: Bool) -> Int64? {
    switch (bytes, isSigned) {
    case (1, true): Int64(load(row, as: Int8.self))
    case (1, false): Int64(load(row, as: UInt8.self))
    case (2, true): Int64(load(row, as: Int16.self))
    case (2, false): Int64(load(row, as: UInt16.self))
    case (4, true): Int64(load(row, as: Int32.self))
    case (4, false): Int64(load(row, as: UInt32.self))
    case (8, false): Int64(exactly: load(row, as: UInt64.self))
    default: load(row, as: Int64.self)
    }
  }

  func unsigned(_ row: Int) -> UInt64 { load(row, as: UInt64.self) }

  @inline(__always)
  func float(_ row: Int, _ bytes: Int) -> Double {
    switch bytes {
    case 2: HalfFloat.double(load(row, as: UInt16.self))
    case 4: Double(load(row, as: Float.self))
    default: load(row, as: Double.self)
    }
  }

  /// The place in the dictionary of a row that is present; nil if the dictionary has no such place.
  @inline(__always)
  func place(_ row: Int) -> Int? {
    guard case .integer(let bytes, let isSigned)? = index, let dictionary,
      let place = integer(row, bytes, isSigned), place >= 0, place < Int64(dictionary.count)
    else { return nil }
    return Int(place)
  }

  /// Why a text cannot be read.
  enum TextFault: Error {
    case broken(String)
    case long
  }

  /// The text of a row that is present.
  func text(_ row: Int, _ layout: ArrowType.TextLayout) throws(TextFault) -> Bytes {
    switch layout {
    case .short: try text(from: Int64(load(row, as: Int32.self)), to: Int64(load(row + 1, as: Int32.self)))
    case .long: try text(from: load(row, as: Int64.self), to: load(row + 1, as: Int64.self))
    case .view: try viewedText(row)
    }
  }

  @inline(__always)
  private func text(from begin: Int64, to end: Int64) throws(TextFault) -> Bytes {
    guard begin >= 0, end >= begin else { throw .broken("its text goes from byte \(begin) to \(end)") }
    guard end > begin else { return Bytes(start: nil, count: 0) }
    guard end - begin <= Int64(Limits.textBytes) else { throw .long }
    guard let bytes else { throw .broken("its buffer 2 is NULL") }
    return Bytes(start: bytes + Int(begin), count: Int(end - begin))
  }

  private func viewedText(_ row: Int) throws(TextFault) -> Bytes {
    guard let viewed, let values else { throw .broken("its buffer 1 is NULL") }
    let view = values + (start + row) * 16
    let count = Int(view.loadUnaligned(as: Int32.self))
    guard count >= 0 else { throw .broken("its view has the length \(count)") }
    if count <= 12 { return Bytes(start: (view + 4).assumingMemoryBound(to: UInt8.self), count: count) }
    let number = Int(view.loadUnaligned(fromByteOffset: 8, as: Int32.self))
    let offset = Int(view.loadUnaligned(fromByteOffset: 12, as: Int32.self))
    guard number >= 0, number < viewed.count, let sizes = viewed.sizes,
      let buffer = viewed.buffers[number]
    else { throw .broken("its view points to buffer \(number) of \(viewed.count)") }
    let size = sizes.loadUnaligned(fromByteOffset: 8 * number, as: Int64.self)
    guard offset >= 0, Int64(offset + count) <= size else {
      throw .broken("its view points to bytes \(offset) to \(offset + count) of \(size)")
    }
    guard count <= Limits.textBytes else { throw .long }
    return Bytes(start: buffer.assumingMemoryBound(to: UInt8.self) + offset, count: count)
  }
}
