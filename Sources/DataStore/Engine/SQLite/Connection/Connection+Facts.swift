// SPDX-License-Identifier: MIT
import CSQLite

/// What a connection can be asked beside the statements that it keeps: single values, facts, SQLite itself.
extension Connection {
  /// SQLite's own limit, unless it was built otherwise. https://sqlite.org/limits.html
  static let deepestExpression: Int32 = 1000

  func limitExpressions(toDepth depth: Int32) { sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, depth) }

  /// The integer in the first row of a statement; 0 if it has none.
  func integer(_ sql: String) throws(StoreError) -> Int64 {
    let statement = try statement(sql)
    defer { statement.reset() }
    return try statement.step() ? statement.int64(0) : 0
  }

  /// The text in the first row of a statement; empty if it has none.
  func text(_ sql: String) throws(StoreError) -> String {
    let statement = try statement(sql)
    defer { statement.reset() }
    return try statement.step() ? statement.text(0) : ""
  }

  var changes: Int { Int(csqlite_changes(handle)) }
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }
  /// True within a transaction that has the lock on writing.
  var isWriting: Bool { sqlite3_txn_state(handle, "main") == SQLITE_TXN_WRITE }
  var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

  /// How many pages this connection has written since the last `forgetPagesWritten()`.
  var pagesWritten: Int { pagesWritten(reset: 0) }
  func forgetPagesWritten() { _ = pagesWritten(reset: 1) }

  private func pagesWritten(reset: Int32) -> Int {
    var (count, unused): (Int32, Int32) = (0, 0)
    sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_WRITE, &count, &unused, reset)
    return Int(count)
  }

  /// Changes whenever another connection has committed. To be asked for within a transaction, after its first statement.
  var dataVersion: UInt32 {
    countCommit()
    var version: UInt32 = 0
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_DATA_VERSION, &version)
    // It counts this connection's own commits as well. (pager.c: sqlite3PagerCommitPhaseTwo)
    return version &- ownCommits
  }

  static var libraryVersion: String { String(cString: sqlite3_libversion()) }
  static var sourceID: String { String(cString: sqlite3_sourceid()) }
  static func isOwnSQLite(_ libversionAddress: UnsafeRawPointer) -> Bool {
    csqlite_libversion_address() == libversionAddress
  }
  static var libraryVersionNumber: Int { Int(sqlite3_libversion_number()) }
  static let oldestVersionNumber = 3_034_000
}
