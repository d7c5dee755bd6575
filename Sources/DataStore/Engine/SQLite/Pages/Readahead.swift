// SPDX-License-Identifier: MIT

/// Finds out whether pages that are asked for follow one another, and fetches those that may be next with them.
///
/// A system call for each page takes as long as copying half of it.
struct Readahead {
  /// Pages of another kind that may lie between two of those that are asked for.
  private static let widestGap: UInt32 = 3

  /// The page that was asked for last.
  private var last: UInt32 = 0
  /// How many pages are fetched next: more each time, for most reads are short. 0 before the first time.
  private var length = 0
  private static let firstBytes = 16 << 10

  /// A page was had from elsewhere: the run goes on behind it.
  mutating func pass(_ number: UInt32) { last = number }

  /// The bytes of a page, as long as the block is held; nil if it does not go on where the last one was, or is not to be had
  /// from the database.
  mutating func page(
    _ number: UInt32, _ runs: PageRuns, _ source: inout PageSource
  ) -> (bytes: UnsafePointer<UInt8>, block: ByteBlock)? {
    defer { last = number }
    guard source.isInDatabase(number) else { return nil }
    if let found = runs.find(number, pageSize: source.pageSize) { return found }
    if length == 0 { length = max(Self.firstBytes / source.pageSize, 2) }
    guard last > 0, number > last, number - last <= Self.widestGap + 1,
      runs.fetch(number, pages: length, &source)
    else { return nil }
    length = min(2 * length, PageRuns.mostBytes / source.pageSize)
    return runs.find(number, pageSize: source.pageSize)
  }
}
