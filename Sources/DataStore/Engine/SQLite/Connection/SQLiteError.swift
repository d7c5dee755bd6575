// SPDX-License-Identifier: MIT
import CSQLite
import Glibc

extension StoreError {
  /// The error for a result code of SQLite's. `doing` says what was tried, where.
  static func sqlite(_ resultCode: Int32, _ connection: OpaquePointer?, doing: String) -> StoreError {
    let extended = connection.map { sqlite3_extended_errcode($0) } ?? resultCode
    let code = extended & 0xff == resultCode & 0xff ? extended : resultCode
    var detail = String(cString: sqlite3_errstr(code))
    if let connection, code == extended, let message = sqlite3_errmsg(connection) {
      detail = String(cString: message)
    }
    var (kind, remedy) = meaning(of: code)
    if kind == .storage, let connection,
      let cause = systemCause(of: code, errno: sqlite3_system_errno(connection))
    {
      remedy = cause
    }
    return StoreError(kind, "\(doing): \(detail) (SQLite code \(code)). \(remedy)", sqliteCode: code)
  }

  /// What the operating system says more than SQLite does; nil if that is nothing.
  private static func systemCause(of code: Int32, errno: Int32) -> String? {
    switch (code & 0xff, errno) {
    case (SQLITE_CANTOPEN, EMFILE), (SQLITE_CANTOPEN, ENFILE):
      return "No file descriptor is left: close some, or raise the limit (ulimit -n), then repeat the call."
    case (SQLITE_IOERR, ENOSPC): return "The disk is full: make room, then repeat the call."
    case (SQLITE_IOERR, EDQUOT):
      return "The disk quota is used up: make room, or raise it, then repeat the call."
    case (SQLITE_IOERR, EFBIG): return fileSizeRemedy(limit: fileSizeLimit)
    case (SQLITE_IOERR, _):
      // What SQLite did to take the call back may have left another number.
      guard [3, 6, 19].contains(code >> 8), let limit = fileSizeLimit else { return nil }
      return fileSizeRemedy(limit: limit)
    default: return nil
    }
  }

  private static func fileSizeRemedy(limit: UInt?) -> String {
    "A file would grow beyond the file size limit\(limit.map { " of \($0) bytes" } ?? ""): raise it (ulimit -f,"
      + " RLIMIT_FSIZE), then repeat the call."
  }

  /// nil if the process may write files of any size.
  private static var fileSizeLimit: UInt? {
    var limit = rlimit()
    let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0
    return isKnown && limit.rlim_cur != rlim_t.max ? UInt(limit.rlim_cur) : nil
  }

  /// What a result code means to the caller, and what to do. https://sqlite.org/rescode.html
  private static func meaning(of code: Int32) -> (Code, remedy: String) {
    switch code & 0xff {
    case SQLITE_BUSY, SQLITE_LOCKED:
      return (
        .busy, "Another writer held the file for longer than the timeout: try again, or raise the timeout."
      )
    case SQLITE_FULL: return (.storage, "The disk is full: make room, then repeat the call.")
    case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
      return (.storage, "The file or its folder cannot be written: check its owner, mode and mount.")
    case SQLITE_IOERR where code == Int32(SQLITE_IOERR) | (12 << 8):
      return (.noMemory, "Free memory and repeat the call.")
    case SQLITE_IOERR: return (.storage, "The disk reported an error: check it, then repeat the call.")
    case SQLITE_CANTOPEN: return (.storage, "Check that the folder exists and may be read and written.")
    case SQLITE_CORRUPT: return (.corrupt, "The file is damaged: run check(), and restore a backup.")
    case SQLITE_NOTADB:
      return (.schema, "The file is not an SQLite database; it was left as it is. Check the path.")
    case SQLITE_INTERRUPT: return (.interrupted, "Nothing of the call was stored.")
    case SQLITE_NOMEM: return (.noMemory, "Free memory and repeat the call.")
    case SQLITE_TOOBIG: return (.invalid, "A row is larger than SQLite stores: shorten its texts.")
    case SQLITE_ERROR, SQLITE_CONSTRAINT:
      // Our statements are sound on the tables that we make.
      return (
        .schema, "The file's tables are not those of a data_store file: run check(), or restore a backup."
      )
    default: return (.internalError, "Please report this message.")
    }
  }

  /// True if the fault may lie in the statement: what to think of it where a caller wrote it.
  var isInStatement: Bool {
    code == .internalError || [SQLITE_ERROR, SQLITE_CONSTRAINT].contains(sqliteCode & 0xff)
  }

  /// True if the authorizer of `ReadOnlyGuard` has refused a statement.
  var isDenied: Bool { sqliteCode & 0xff == SQLITE_AUTH }

  /// True if waiting may help.
  var isBusy: Bool { code == .busy }
}
