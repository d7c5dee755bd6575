// SPDX-License-Identifier: MIT
import CSQLite

/// How many pages a connection that writes keeps in memory: as many as small writes pay for.
///
/// SQLite keeps two megabytes. A live feed of hundreds of symbols changes a page of its own for each, in turn, which is the
/// order in which such a cache never holds the page that is asked for: each write fetches what the one before has
/// pushed out, and looks at all cells of it. So the cache grows while it is full and small writes fetch about a page a row. A
/// long write follows the order of pages, gains nothing from a larger cache, and is not counted.
struct PageCache {
  /// SQLite's own measure (https://sqlite.org/pragma.html#pragma_cache_size), in kibibytes.
  private static let least = 2000
  private static let most = 64_000
  /// More rows than these make a long write.
  private static let mostRows = 2000
  /// After how many rows it is looked how it went.
  private static let rowsBetweenLooks = 64

  private var size = least
  private var rows = 0
  private var isStopped = false

  /// Before a write of `count` rows.
  @inline(__always)
  mutating func note(_ count: Int, _ handle: OpaquePointer) {
    guard !isStopped else { return }
    if count > Self.mostRows {
      rows = 0
      _ = Self.misses(handle)
      return
    }
    rows += count
    if rows >= Self.rowsBetweenLooks { look(handle) }
  }

  private mutating func look(_ handle: OpaquePointer) {
    let misses = Self.misses(handle)
    defer { rows = 0 }
    // What was never asked for before is missing from any cache.
    guard misses >= rows / 2, Self.bytesUsed(handle) >= size * 1024 / 4 * 3 else { return }
    size = min(2 * size, Self.most)
    isStopped = size == Self.most
    // Where that fails it stays as it was.
    sqlite3_exec(handle, "PRAGMA main.cache_size=-\(size)", nil, nil, nil)
  }

  private static func bytesUsed(_ handle: OpaquePointer) -> Int {
    var (count, unused): (Int32, Int32) = (0, 0)
    sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_USED, &count, &unused, 0)
    return Int(count)
  }

  /// How many pages were fetched since the last time.
  private static func misses(_ handle: OpaquePointer) -> Int {
    var (count, unused): (Int32, Int32) = (0, 0)
    sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_MISS, &count, &unused, 1)
    return Int(count)
  }
}
