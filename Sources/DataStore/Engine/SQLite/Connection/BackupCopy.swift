// SPDX-License-Identifier: MIT
import CSQLite

/// Copies a database page by page through SQLite's backup API, from one snapshot, while others write.
/// https://sqlite.org/backup.html
struct BackupCopy: ~Copyable {
  private let target: OpaquePointer
  /// Pages between two looks at whether the call should stop.
  private static let pagesAtATime: Int32 = 2048

  /// Creates the file `path`, which no other process uses.
  init(creating path: String) throws(StoreError) {
    StorePath.create(path)
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE
    let result = sqlite3_open_v2(path, &opened, flags, nil)
    guard result == SQLITE_OK, let opened else {
      let error = StoreError.sqlite(result, opened, doing: "creating the backup \(path)")
      sqlite3_close_v2(opened)
      throw error
    }
    target = opened
  }

  deinit { sqlite3_close_v2(target) }

  /// Copies all of `source`, whose snapshot is open, so that it does not change on the way.
  func copy(from source: Connection, _ pages: PagesCopied) throws(StoreError) {
    // The copy is synced once, as a whole, before it gets its name.
    sqlite3_exec(target, "PRAGMA synchronous=OFF", nil, nil, nil)
    guard let backup = sqlite3_backup_init(target, "main", source.handle, "main") else {
      throw .sqlite(sqlite3_errcode(target), target, doing: "beginning the backup")
    }
    var result = SQLITE_OK
    repeat {
      result =
        source.interruption.shouldStop() ? SQLITE_INTERRUPT : sqlite3_backup_step(backup, Self.pagesAtATime)
      pages.progressSoFar = Int(sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup))
    } while result == SQLITE_OK
    let finished = sqlite3_backup_finish(backup)
    if result == SQLITE_DONE, finished == SQLITE_OK { return }
    if result == SQLITE_INTERRUPT { throw .isInterrupted }
    throw .sqlite(result == SQLITE_DONE ? finished : result, target, doing: "copying to the backup")
  }
}

/// How far a copy has come.
final class PagesCopied: ProgressMeasure {
  var progressSoFar = 0
}
