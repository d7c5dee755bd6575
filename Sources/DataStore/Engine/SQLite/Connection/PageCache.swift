// SPDX-License-Identifier: MIT
import CSQLite

/// How many pages a connection that writes keeps in memory: as many as small writes pay for.
///
/// SQLite keeps two megabytes. A live feed of hundreds of symbols changes a page of its own for each, in turn, which is the
/// order in which such a cache never holds the page that is asked for: each write fetches what the one before has
/// pushed out, and looks at all cells of it. So the cache grows, once it is full, where a larger one would save half of what
/// small writes fetch (see `PageFetches`). Where it would not, as with bars of ten thousand series in no order, it stays:
/// each page in it would be one of fresh memory, for which the kernel takes longer than to read the page again. A
/// long write follows the order of pages, gains nothing from a larger cache, and is not counted.
struct PageCache {
  /// SQLite's own measure (https://sqlite.org/pragma.html#pragma_cache_size), in kibibytes.
  private static let least = 2000
  private static let most = 64_000
  /// More rows than these make a long write.
  private static let mostRows = 2000
  /// After how many rows it is looked how it went.
  private static let rowsBetweenLooks = 64
  /// What SQLite keeps of a page beside its bytes, at the most.
  private static let bytesBesidePage = 256

  private var size = least
  private var rows = 0
  /// Nothing is to be found out any more.
  private var isStopped = false
  private var isLong = false

  /// Before a write of `count` rows.
  @inline(__always)
  mutating func note(_ count: Int, _ handle: OpaquePointer, _ fetches: @autoclosure () -> PageFetches?) {
    guard !isStopped else { return }
    rows += count
    if rows >= Self.rowsBetweenLooks || isLong { look(count, handle, fetches()) }
  }

  private mutating func look(_ count: Int, _ handle: OpaquePointer, _ fetches: PageFetches?) {
    guard let fetches else {
      isStopped = true
      return
    }
    let wasLong = isLong
    isLong = count > Self.mostRows
    if isLong || wasLong {
      rows = 0
      fetches.end()
      return
    }
    let counted = rows
    rows = 0
    // What was never pushed out is not fetched again.
    guard Self.bytesUsed(handle) >= size * 1024 / 4 * 3 else { return fetches.end() }
    if fetches.isCounting { grow(counted, handle, fetches) }
    fetches.begin()
    isStopped = size == Self.most
    if isStopped { fetches.end() }
  }

  private mutating func grow(_ rows: Int, _ handle: OpaquePointer, _ fetches: PageFetches) {
    var larger = size
    while larger < Self.most {
      larger = min(2 * larger, Self.most)
      let saved = fetches.saved(byPages: larger * 1024 / (fetches.pageSize + Self.bytesBesidePage))
      guard saved < max(rows, fetches.count) / 2 else {
        size = larger
        // Where that fails it stays as it was.
        sqlite3_exec(handle, "PRAGMA main.cache_size=-\(size)", nil, nil, nil)
        return
      }
    }
  }

  private static func bytesUsed(_ handle: OpaquePointer) -> Int {
    var (count, unused): (Int32, Int32) = (0, 0)
    sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_USED, &count, &unused, 0)
    return Int(count)
  }
}
