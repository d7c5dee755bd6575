// SPDX-License-Identifier: MIT
import CSQLite
import Testing

@testable import DataStore

/// Another tool at the same file: a plain SQLite connection.
final class RawDatabase: @unchecked Sendable {  // opened with SQLite's own mutexes on
  let handle: OpaquePointer

  init(_ path: String) throws {
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX
    #expect(sqlite3_open_v2(path, &opened, flags, nil) == SQLITE_OK)
    handle = try #require(opened)
    sqlite3_busy_timeout(handle, 60_000)
    try execute("PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=OFF")
  }

  deinit { sqlite3_close_v2(handle) }

  /// A failure as SQLite tells it.
  struct Failure: Error {
    let message: String
  }

  func execute(_ sql: String) throws {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
      throw Failure(message: "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
    }
  }

  /// Runs one statement, with a text for its parameter.
  func execute(_ sql: String, value: String?) throws {
    guard let value else { return try execute(sql) }
    var prepared: OpaquePointer?
    defer { sqlite3_finalize(prepared) }
    // The text outlives the statement's one step.
    let code = value.withCString { text in
      sqlite3_prepare_v2(handle, sql, -1, &prepared, nil) == SQLITE_OK
        && sqlite3_bind_text(prepared, 1, text, -1, nil) == SQLITE_OK ? sqlite3_step(prepared) : SQLITE_ERROR
    }
    guard code == SQLITE_DONE else {
      throw Failure(message: "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
    }
  }

  /// The rows of a query; NULL is nil, everything else SQLite's text of it.
  func rows(_ sql: String) throws -> [[String?]] {
    var prepared: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &prepared, nil) == SQLITE_OK else {
      throw Failure(message: "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
    }
    defer { sqlite3_finalize(prepared) }
    var found: [[String?]] = []
    while sqlite3_step(prepared) == SQLITE_ROW {
      found.append(
        (0..<sqlite3_column_count(prepared)).map { column in
          sqlite3_column_text(prepared, column).map { String(cString: $0) }
        })
    }
    return found
  }

  /// The first value of the first row; "" where there is none.
  func text(_ sql: String) throws -> String { try rows(sql).first?.first.flatMap { $0 } ?? "" }

  func integer(_ sql: String) throws -> Int { Int(try text(sql)) ?? -1 }

  /// Inserts a bar the way another tool would, timestamp as given.
  func insertBar(_ symbol: String, _ timestamp: String, close: Double) throws {
    try execute(
      "INSERT INTO market_data(symbol, timeframe, timestamp, close) VALUES ('\(symbol)', '1h', '\(timestamp)', \(close))"
    )
  }
}
