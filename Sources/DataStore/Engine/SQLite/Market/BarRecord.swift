// SPDX-License-Identifier: MIT
import Glibc

/// The record of a series' latest bar behind a write of one bar, put together from what was written and from the record that the
/// latest bar had before: what SQLite has stored reads the same.
struct BarRecord: ~Copyable {
  /// The header is put together at its beginning, and stands right before the values in the end.
  private let room = UnsafeMutablePointer<UInt8>.allocate(capacity: headerRoom + KeptRecords.longestRecord)
  private var fields = RecordFields(count: columns)

  private static let columns = BarSource.keyColumns + PerColumn<UInt8>.count
  /// Of a header, and of it once more. Types take two bytes at the most.
  private static let headerRoom = 2 * (1 + 2 * columns)
  private static let emptyText: UInt8 = 13

  deinit { room.deallocate() }

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
    let start = room + Self.headerRoom
    var made = Pieces(header: room + 1, values: start, end: start + KeptRecords.longestRecord)
    for _ in 0..<BarSource.keyColumns { made.append(Self.emptyText) }
    for column in BarColumn.table.indices {
      let kind = BarColumn.table[column].kind
      let place = BarSource.keyColumns + column
      let isGiven = row.bar.carried.contains(column: column) && (kind != .features || features != nil)
      if isGiven {
        // Features are merged with those that are there.
        if kind == .features, isSame, fields.row.raw(place)?.type != 0 { return nil }
        guard made.append(kind, row.bar.fields + column, features) else { return nil }
      } else if isSame {
        guard let (type, bytes) = fields.row.raw(place), made.append(type, bytes) else { return nil }
      } else {
        made.append(kind == .flag ? 8 : 0)
      }
    }
    let headerBytes = made.header - room
    let bytes = headerBytes + (made.values - start)
    guard headerBytes < 0x80, bytes <= KeptRecords.longestRecord else { return nil }
    room[0] = UInt8(truncatingIfNeeded: headerBytes)
    memcpy(start - headerBytes, room, headerBytes)
    return Bytes(start: start - headerBytes, count: bytes)
  }

  /// The header and the values of a record, as far as they have come. There is room for all types.
  private struct Pieces {
    var header: UnsafeMutablePointer<UInt8>
    var values: UnsafeMutablePointer<UInt8>
    let end: UnsafeMutablePointer<UInt8>

    /// What has no bytes among the values; of one byte.
    @inline(__always)
    mutating func append(_ type: UInt8) {
      header.pointee = type
      header += 1
    }

    /// False if it is too long for a record that is kept.
    @inline(__always)
    mutating func append(_ type: UInt64, _ bytes: Bytes) -> Bool {
      guard type < 1 << 14, bytes.count <= end - values else { return false }
      if type >= 0x80 { append(UInt8(truncatingIfNeeded: type >> 7) | 0x80) }
      append(UInt8(truncatingIfNeeded: type) & 0x7f)
      guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
      if bytes.count == 8 {
        let word = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
        UnsafeMutableRawPointer(values).storeBytes(of: word, as: UInt64.self)
      } else {
        memcpy(values, start, bytes.count)
      }
      values += bytes.count
      return true
    }

    /// Likewise what was given for a column; false where it is not known either how SQLite stores it.
    @inline(__always)
    mutating func append(
      _ kind: BarColumn.Kind, _ field: UnsafePointer<BarField>, _ features: Bytes?
    ) -> Bool {
      switch kind {
      case .number:
        let number = field.pointee.number
        // SQLite may store -0 as 0.
        if number == 0, number.sign == .minus { return false }
        if number.isNaN {
          append(0)
          return true
        }
        guard end - values >= 8 else { return false }
        UnsafeMutableRawPointer(values).storeBytes(of: number.bitPattern.bigEndian, as: UInt64.self)
        values += 8
        append(7)
        return true
      case .flag:
        append(field.pointee.flag == 0 ? 8 : 9)
        return true
      case .text, .features:
        guard let text = kind == .text ? field.pointee.text : features else {
          append(0)
          return true
        }
        return append(UInt64(13 + 2 * text.count), text)
      }
    }
  }
}
