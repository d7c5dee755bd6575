// SPDX-License-Identifier: MIT

/// Neighbouring pages of the database, fetched at once.
///
/// Rows written in order are stored in order, with a page of the index now and then between those of the table. A system
/// call for each page takes as long as copying half of it.
struct Readahead: ~Copyable {
  /// As much as SQLite's own files take at a time (os_unix.c: seekAndRead).
  private static let mostBytes = 0x1ffff
  /// Pages of another kind that may lie between two of those that are asked for.
  private static let widestGap: UInt32 = 3

  /// The current pages are in the last one; the others are still read by callers that hold them, or free again.
  private var blocks: [ByteBlock] = []
  private var first: UInt32 = 0
  private var count: UInt32 = 0
  /// The page that was asked for last.
  private var last: UInt32 = 0
  /// How many pages are fetched next: more each time, for most reads are short. 0 before the first time.
  private var length: UInt32 = 0
  private static let firstBytes = 16 << 10

  /// Where the current page is. A caller that retains it may go on reading: it is not filled again meanwhile.
  /// It lives at least as long as the run.
  var block: ByteBlock.Reference? { blocks.last.map { .passUnretained($0) } }

  /// A page was had from elsewhere: the run goes on behind it.
  mutating func pass(_ number: UInt32) { last = number }

  /// The bytes of a page, valid until the next call, or as long as `block` is held; nil if it does not go on where the
  /// last one was, or is not to be had from the database.
  mutating func page(_ number: UInt32, _ source: inout PageSource) -> UnsafePointer<UInt8>? {
    defer { last = number }
    guard source.isInDatabase(number) else { return nil }
    if number < first || number - first >= count {
      guard last > 0, number > last, number - last <= Self.widestGap + 1, fetch(number, &source) else {
        return nil
      }
    }
    return blocks.last.map { UnsafePointer($0.base + Int(number - first) * source.pageSize) }
  }

  private mutating func fetch(_ number: UInt32, _ source: inout PageSource) -> Bool {
    count = 0
    let most = Self.mostBytes / source.pageSize
    if length == 0 { length = UInt32(max(Self.firstBytes / source.pageSize, 2)) }
    let pages = min(Int(length), most, source.databasePages - Int(number) + 1)
    guard pages > 1, let block = freeBlock(most * source.pageSize),
      source.read(number, pages: pages, into: block.base)
    else { return false }
    (first, count) = (number, UInt32(pages))
    length = min(2 * length, UInt32(most))
    return true
  }

  /// A block that nobody else holds, as the last one; nil if there is no memory.
  private mutating func freeBlock(_ bytes: Int) -> ByteBlock? {
    for index in blocks.indices.reversed() where isKnownUniquelyReferenced(&blocks[index]) {
      blocks.swapAt(index, blocks.count - 1)
      return blocks.last
    }
    guard let block = ByteBlock(capacity: bytes) else { return nil }
    blocks.append(block)
    return block
  }
}
