// SPDX-License-Identifier: MIT
import Glibc

/// What the entries of a series in a leaf of the index have in common: in a cell, all that comes before the time. Entries
/// that begin with the same bytes as one that was understood need not be understood again.
struct EntryPattern {
  /// The record's length, its header, symbol and timeframe.
  fileprivate let start: UnsafeMutablePointer<UInt8>
  fileprivate var startBytes = 0
  fileprivate var cellBytes = 0
  fileprivate(set) var timeBytes = 0
  /// The bits of a word that ends where the rowid does, but for those of the rowid.
  fileprivate var rowidShift: Int64 = 0

  /// The time and the rowid in a cell that begins like this; nil if it does not, or reaches beyond the page.
  @inline(__always)
  func match(_ cell: Int, of page: BTreePage) -> (time: UnsafePointer<UInt8>, rowid: Int64)? {
    guard let offset = page.offset(cell), offset &+ cellBytes <= page.size else { return nil }
    let bytes = page.bytes + offset
    guard Bytes(start: start, count: startBytes).stand(at: bytes) else { return nil }
    let word = UnsafeRawPointer(bytes + (cellBytes &- 8)).loadUnaligned(as: Int64.self)
    return (bytes + startBytes, (Int64(bigEndian: word) &<< rowidShift) &>> rowidShift)
  }
}

/// Learns a pattern from an entry, and keeps it.
struct EntryMemo: ~Copyable {
  /// To be used while `isKnown`, and not beyond the memo's life.
  private(set) var pattern: EntryPattern
  /// The header of an entry: its size, and the types of three texts and a number, each of one byte.
  private static let headerBytes = 5
  private static let mostBytes = 128

  init() { pattern = EntryPattern(start: .allocate(capacity: Self.mostBytes)) }

  deinit { pattern.start.deallocate() }

  var isKnown: Bool { pattern.startBytes > 0 }

  mutating func forget() { pattern.startBytes = 0 }

  /// Whether what is known is of this series.
  func isOf(_ symbol: Bytes, _ timeframe: Bytes) -> Bool {
    let names = pattern.start + (1 + Self.headerBytes)
    return pattern.startBytes == 1 + Self.headerBytes + symbol.count + timeframe.count
      && Bytes(start: names, count: symbol.count).equals(symbol)
      && Bytes(start: names + symbol.count, count: timeframe.count).equals(timeframe)
  }

  /// Learns from the entry in a cell, which is of the series that is read.
  mutating func learn(_ entry: IndexEntry, _ cell: Int, of page: BTreePage) {
    forget()
    guard page.kind == .indexLeaf, let offset = page.offset(cell) else { return }
    let bytes = page.bytes + offset
    // Types below 128 are those of texts up to 57 bytes.
    guard bytes[0] < 0x80, bytes[1] == Self.headerBytes, bytes[2] < 0x80, bytes[3] < 0x80, bytes[4] < 0x80,
      let size = RecordValue.integerSize(UInt64(bytes[5])), size > 0
    else { return }
    pattern.timeBytes = entry.timestamp.count
    pattern.startBytes = 1 + Self.headerBytes + entry.symbol.count + entry.timeframe.count
    pattern.cellBytes = pattern.startBytes + pattern.timeBytes + size
    pattern.rowidShift = Int64(64 - 8 * size)
    memcpy(pattern.start, bytes, pattern.startBytes)
  }
}
