// SPDX-License-Identifier: MIT
import CPostgreSQL

/// libpq, loaded at the first store on a server: who opens none needs none.
enum LibPQ {
  /// Its functions, as `functions.PQstatus(connection)`.
  typealias Functions = UnsafePointer<cpostgresql_functions>

  static func load() throws(StoreError) -> Functions {
    if let functions = cpostgresql_load() { return functions }
    throw StoreError(
      .storage,
      "a store on a PostgreSQL server needs libpq 14 or newer, which could not be loaded: \(String(cString: cpostgresql_load_error()))."
        + " Install it (Debian and Ubuntu: apt install libpq5; Fedora: dnf install libpq)")
  }

  // What libpq calls these (libpq-fe.h, postgres_ext.h).
  static let connectionIsOK: Int32 = 0
  static let connectionIsBad: Int32 = 1
  static let commandOK: Int32 = 1
  static let tuplesOK: Int32 = 2
  static let copyOut: Int32 = 3
  static let copyIn: Int32 = 4
  static let singleTuple: Int32 = 9
  static let pipelineSync: Int32 = 10
  static let pipelineAborted: Int32 = 11
  static let emptyQuery: Int32 = 0
  static let isIdle: Int32 = 0
  static let isInTransaction: Int32 = 2
  static let isInFailedTransaction: Int32 = 3
  static let pollingFailed: Int32 = 0
  static let pollingReads: Int32 = 1
  static let pollingWrites: Int32 = 2
  static let pollingOK: Int32 = 3
  static let fieldSeverity = Int32(UInt8(ascii: "V"))
  static let fieldState = Int32(UInt8(ascii: "C"))
  static let fieldMessage = Int32(UInt8(ascii: "M"))
  static let fieldHint = Int32(UInt8(ascii: "H"))
  static let fieldTable = Int32(UInt8(ascii: "t"))
}
