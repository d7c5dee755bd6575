// SPDX-License-Identifier: MIT

/// The record of a series' latest bar behind a write of one bar, put together from what was written and from the record that the
/// latest bar had before: what SQLite has stored reads the same.
struct BarRecord: ~Copyable {
  private var header = ByteBuffer(capacity: 64)
  private var values = ByteBuffer()
  private var fields = RecordFields(count: BarSource.keyColumns + BarColumns.names.count)

  private static let emptyText: UInt8 = 13

  /// nil where the bar is not the latest, or the record not known for sure. Valid until the next one. The key's columns are
  /// empty texts in it.
  mutating func make(
    of row: BorrowedRow, _ features: Bytes?, replace: Bool, _ last: KeptRecords.Record
  ) -> Bytes? {
    let instant = row.bar.timestamp
    guard instant >= last.head.pointee.instant else { return nil }
    // A later one is new, and its other columns have the schema's defaults.
    let isSame = instant == last.head.pointee.instant && !replace
    if isSame, !fields.read(last.bytes) { return nil }
    header.removeAll()
    values.removeAll()
    header.append(0)
    for _ in 0..<BarSource.keyColumns { header.append(Self.emptyText) }
    for column in BarColumn.table.indices {
      let kind = BarColumn.table[column].kind
      let place = BarSource.keyColumns + column
      let isGiven = row.bar.carried.contains(column: column) && (kind != .features || features != nil)
      if isGiven {
        // Features are merged with those that are there.
        if kind == .features, isSame, fields.row.raw(place)?.type != 0 { return nil }
        guard append(kind, row.bar.fields[column], features) else { return nil }
      } else if isSame {
        guard let (type, bytes) = fields.row.raw(place), append(type: type) else { return nil }
        values.append(bytes)
      } else {
        header.append(kind == .flag ? 8 : 0)
      }
    }
    guard !header.isIncomplete, header.count < 0x80 else { return nil }
    header.base[0] = UInt8(truncatingIfNeeded: header.count)
    header.append(values.bytes)
    return header.isIncomplete || values.isIncomplete ? nil : header.bytes
  }

  private mutating func append(_ kind: BarColumn.Kind, _ field: BarField, _ features: Bytes?) -> Bool {
    switch kind {
    case .number:
      // SQLite may store -0 as 0.
      if field.number == 0, field.number.sign == .minus { return false }
      if field.number.isNaN { return append(type: 0) }
      let bits = field.number.bitPattern.bigEndian
      UnsafeMutableRawPointer(values.reserve(8)).storeBytes(of: bits, as: UInt64.self)
      values.advance(by: 8)
      return append(type: 7)
    case .flag: return append(type: field.flag == 0 ? 8 : 9)
    case .text, .features:
      guard let text = kind == .text ? field.text : features else { return append(type: 0) }
      values.append(text)
      return append(type: UInt64(13 + 2 * text.count))
    }
  }

  /// False if it is too long for a record that is kept.
  private mutating func append(type: UInt64) -> Bool {
    guard type < 1 << 14 else { return false }
    if type >= 0x80 { header.append(UInt8(truncatingIfNeeded: type >> 7) | 0x80) }
    header.append(UInt8(truncatingIfNeeded: type) & 0x7f)
    return true
  }
}
