// SPDX-License-Identifier: MIT

/// Puts rows into bytes. Two rows are equal, in whichever engines they are, if and only if their bytes are.
///
/// The order is the schema's, numbers are little-endian:
/// - the time: 8 bytes, nanoseconds since 1970-01-01T00:00:00Z;
/// - a number: the 8 bytes of the double. NULL, and any NaN, is 0x7FF8000000000000; -0.0 is 0.0, since SQLite keeps no -0.0
///   in a column of numbers and other engines do;
/// - a text: its length in bytes as 4 bytes, then its UTF-8. NULL is the length -1;
/// - a flag: one byte, 0 or 1;
/// - the features: as a text, in the stored form (no white space, the entries in their order, numbers digit for digit). Where
///   another tool stored them with white space, that is what a write of them would store.
struct RowBytes: ~Copyable {
  private var out = ByteBuffer()
  private var features = FeatureTextPacker()
  private static let missing = Double.nan.bitPattern

  /// The bytes of a row, valid until the next call.
  mutating func row(_ chunk: RowChunk, _ row: Int, of key: SeriesKey) throws(StoreError) -> Bytes {
    out.removeAll()
    append(UInt64(bitPattern: chunk.times[row]))
    for column in BarColumn.table.indices { try append(chunk, row, column, key) }
    guard !out.isIncomplete else { throw .shortOfMemory }
    return out.bytes
  }

  /// Those of one column, likewise.
  mutating func cell(
    _ chunk: RowChunk, _ row: Int, _ column: Int, of key: SeriesKey
  ) throws(StoreError) -> Bytes {
    out.removeAll()
    try append(chunk, row, column, key)
    guard !out.isIncomplete else { throw .shortOfMemory }
    return out.bytes
  }

  private mutating func append(
    _ chunk: RowChunk, _ row: Int, _ column: Int, _ key: SeriesKey
  ) throws(StoreError) {
    switch BarColumn.table[column].kind {
    case .number:
      let value = chunk.bars.numbers(column)[row]
      append(value.isNaN ? Self.missing : value == 0 ? 0 : value.bitPattern)
    case .text: append(chunk.text(row, column))
    case .flag: out.append(chunk.bars.flags(column)[row])
    case .features:
      guard let text = chunk.features(row) else { return append(nil) }
      let stored: Bytes
      do throws(FeaturePackFault) { stored = try features.pack(text, row: row) } catch {
        throw error.damage("\(key.text) \(Timestamp.text(chunk.times[row]))")
      }
      append(stored)
    }
  }

  private mutating func append(_ text: Bytes?) {
    guard let text else { return append(UInt32.max) }
    append(UInt32(truncatingIfNeeded: text.count))
    out.append(text)
  }

  private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { out.append($0.bindMemory(to: UInt8.self)) }
  }
}

extension StoreError {
  /// A buffer was refused memory, and has left a note of it.
  static var shortOfMemory: StoreError {
    MemoryShortage.forget()
    return .noMemory()
  }
}

extension FeaturePackFault {
  /// What it means for features that are stored.
  fileprivate func damage(_ place: String) -> StoreError {
    switch self {
    case .feature(_, let fault):
      let key = fault.key.map { " (\(StoreError.quoted($0)))" } ?? ""
      return .corrupt(
        "\(place): its stored features are damaged\(key): \(fault.reason). Write them again with replace")
    case .noMemory: return .shortOfMemory
    }
  }
}
