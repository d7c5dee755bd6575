// SPDX-License-Identifier: MIT
import CNumbers

/// One page of a B-tree. Whatever it says is checked against its bounds before it is followed: a damaged page gives nil.
///
/// Source: https://sqlite.org/fileformat2.html, "B-tree Pages".
struct BTreePage {
  enum Kind: UInt8 {
    case indexInterior = 2
    case tableInterior = 5
    case indexLeaf = 10
    case tableLeaf = 13
  }

  let bytes: UnsafePointer<UInt8>
  let size: Int
  let kind: Kind
  let cellCount: Int
  private let cellPointers: Int
  private let rightmostChild: UInt32

  /// A page whose first `size` bytes, those that are SQLite's to fill, are at `bytes`. No root of ours is page 1, whose
  /// B-tree begins after the file's header.
  init?(_ bytes: UnsafePointer<UInt8>, size: Int) {
    guard let kind = Kind(rawValue: bytes[0]) else { return nil }
    self.bytes = bytes
    self.size = size
    self.kind = kind
    cellCount = Int(bytes[3]) << 8 | Int(bytes[4])
    let isLeaf = kind == .indexLeaf || kind == .tableLeaf
    cellPointers = isLeaf ? 8 : 12
    guard cellPointers + 2 * cellCount <= size else { return nil }
    rightmostChild = isLeaf ? 0 : Self.bigEndian(bytes + 8)
  }

  /// Where a cell begins: at least four bytes before the end of the page.
  @inline(__always)
  func offset(_ cell: Int) -> Int? {
    guard cell >= 0, cell < cellCount else { return nil }
    let pointer = bytes + (cellPointers &+ 2 &* cell)
    let offset = Int(pointer[0]) << 8 | Int(pointer[1])
    guard offset >= cellPointers &+ 2 &* cellCount, offset <= size &- 4 else { return nil }
    return offset
  }

  /// The child to the left of a cell; of the one after the last: the rightmost.
  func child(_ cell: Int) -> UInt32? {
    if cell == cellCount { return rightmostChild }
    guard let offset = offset(cell) else { return nil }
    return Self.bigEndian(bytes + offset)
  }

  /// The rowid in a cell of a table.
  @inline(__always)
  func rowid(_ cell: Int) -> Int64? {
    guard var offset = offset(cell) else { return nil }
    if kind == .tableInterior {
      offset += 4
    } else {
      guard varint(&offset) != nil else { return nil }
    }
    return varint(&offset).map { Int64(bitPattern: $0) }
  }

  /// The first cell of a table whose rowid is not before this one; the count of cells where all are. The cell `near`, and
  /// the one behind it, are tried first.
  @inline(__always)
  func firstCell(notBefore rowid: Int64, near: Int) -> Int? {
    var before = near == 0 ? Int64.min : self.rowid(near - 1)
    for cell in near..<max(near, min(near + 2, cellCount)) {
      guard let last = before, let found = self.rowid(cell) else { return nil }
      if last < rowid, found >= rowid { return cell }
      before = found
    }
    return firstCell(notBefore: rowid)
  }

  /// Likewise, wherever it is.
  func firstCell(notBefore rowid: Int64) -> Int? {
    guard kind == .tableLeaf || kind == .tableInterior else { return nil }
    var page = cells
    let found = cnumbers_find_row(&page, rowid, kind == .tableLeaf ? 1 : 0)
    return found < 0 ? nil : found
  }

  /// The first cell of an index over one text whose text is not below `key`, or `cellCount`; nil where that is not found out
  /// at a glance.
  func firstCell(notBefore key: Bytes) -> Int? {
    guard let start = key.baseAddress else { return nil }
    var page = cells
    let found = cnumbers_find_key(&page, start, key.count)
    return found < 0 ? nil : found
  }

  /// The cells, of which each begins with the page of a child where the page is an inner one.
  private var cells: cnumbers_index_page {
    let skipped = kind == .indexInterior || kind == .tableInterior ? 4 : 0
    return cnumbers_index_page(
      bytes: bytes, size: size, pointers: cellPointers, cells: cellCount, skipped: skipped)
  }

  /// The first cell of an index from `first` to `end` that is behind a place, or `end`; nil where that is not found out at a
  /// glance.
  @inline(__always)
  func firstCell(_ place: inout cnumbers_index_place, from first: Int, to end: Int) -> Int? {
    guard first >= 0, first <= end, end <= cellCount, kind == .indexLeaf || kind == .indexInterior else {
      return nil
    }
    var page = cells
    let found = cnumbers_find_place(&page, &place, first, end)
    return found < 0 ? nil : found
  }

  /// A cell's payload: the part of it on this page, its full length, and the page where it goes on (0: nowhere).
  struct Payload {
    let local: Bytes
    let length: Int
    let overflow: UInt32
  }

  /// The rowid and the record in a cell of a table's leaf, as most are: on this page whole, of less than 16 KiB, with a
  /// rowid of up to four bytes. nil of others, and of what is damaged.
  @inline(__always)
  func shortRecord(_ cell: Int) -> (rowid: Int64, record: Bytes)? {
    guard let offset = offset(cell), offset &+ 8 <= size else { return nil }
    var next = bytes + offset
    var length = Int(next[0])
    next += 1
    if length >= 0x80 {
      guard next[0] < 0x80 else { return nil }
      length = (length & 0x7F) << 7 | Int(next[0])
      next += 1
    }
    var rowid = Int64(next[0])
    if rowid >= 0x80 {
      rowid &= 0x7F
      for _ in 0..<3 {
        next += 1
        rowid = rowid << 7 | Int64(next[0] & 0x7F)
        if next[0] < 0x80 { break }
      }
      guard next[0] < 0x80 else { return nil }
    }
    next += 1
    guard length <= size &- 35, length <= size &- (next - bytes) else { return nil }
    return (rowid, Bytes(start: next, count: length))
  }

  @inline(__always)
  func payload(_ cell: Int) -> Payload? {
    guard var offset = offset(cell), kind != .tableInterior else { return nil }
    if kind == .indexInterior { offset += 4 }
    guard let stated = varint(&offset), stated <= UInt64(Int32.max) else { return nil }
    if kind == .tableLeaf, varint(&offset) == nil { return nil }
    let length = Int(stated)
    let most = kind == .tableLeaf ? size - 35 : (size - 12) * 64 / 255 - 23
    if length <= most {
      guard offset + length <= size else { return nil }
      return Payload(local: Bytes(start: bytes + offset, count: length), length: length, overflow: 0)
    }
    let least = (size - 12) * 32 / 255 - 23
    let fitting = least + (length - least) % (size - 4)
    let local = fitting <= most ? fitting : least
    guard offset + local + 4 <= size else { return nil }
    return Payload(
      local: Bytes(start: bytes + offset, count: local), length: length,
      overflow: Self.bigEndian(bytes + offset + local))
  }

  /// How many entries of an index from cell `first` on, before `end`, are found to have times in the stored form at a glance.
  /// The one behind them may have one, too: see `IndexEntry`.
  @inline(__always)
  func plainTimes(from first: Int, to end: Int) -> Int {
    guard first >= 0, first < end, end <= cellCount, kind == .indexLeaf || kind == .indexInterior else {
      return 0
    }
    var page = cells
    return cnumbers_count_plain_times(&page, first, end)
  }

  /// Likewise of one series: it stops at the first entry of another.
  func plainTimes(of series: SeriesNames, from first: Int, to end: Int) -> Int {
    guard first >= 0, first < end, end <= cellCount, kind == .indexLeaf || kind == .indexInterior,
      let symbol = series.symbol.baseAddress, let timeframe = series.timeframe.baseAddress
    else { return 0 }
    var page = cells
    var names = cnumbers_series_names(
      symbol: symbol, symbol_bytes: series.symbol.count, timeframe: timeframe,
      timeframe_bytes: series.timeframe.count)
    return cnumbers_count_times_of_series(&page, &names, first, end)
  }

  /// A number of one to nine bytes at `offset`, which moves behind it.
  @inline(__always)
  private func varint(_ offset: inout Int) -> UInt64? {
    guard offset < size else { return nil }
    let first = bytes[offset]
    if first < 0x80 {
      offset &+= 1
      return UInt64(first)
    }
    return Varint.long(Bytes(start: bytes, count: size), &offset)
  }

  private static func bigEndian(_ bytes: UnsafePointer<UInt8>) -> UInt32 {
    UInt32(bigEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt32.self))
  }
}

/// Numbers of one to nine bytes, seven bits in each, the highest first; the ninth has eight.
enum Varint {
  @inline(__always)
  static func read(_ bytes: Bytes, _ offset: inout Int) -> UInt64? {
    guard offset < bytes.count, let start = bytes.baseAddress else { return nil }
    let first = start[offset]
    if first < 0x80 {
      offset &+= 1
      return UInt64(first)
    }
    return long(bytes, &offset)
  }

  static func long(_ bytes: Bytes, _ offset: inout Int) -> UInt64? {
    guard let start = bytes.baseAddress else { return nil }
    var value: UInt64 = 0
    for place in 0..<9 {
      guard offset < bytes.count else { return nil }
      let byte = start[offset]
      offset += 1
      if place == 8 { return value << 8 | UInt64(byte) }
      value = value << 7 | UInt64(byte & 0x7f)
      if byte < 0x80 { return value }
    }
    return nil
  }
}
