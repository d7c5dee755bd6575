// SPDX-License-Identifier: MIT
import CSQLite

extension Connection {
  /// Whether the WAL is open: then the file is in WAL mode, and has been read. (Else SQLite's pointer is to a journal, which
  /// is open within a transaction alone.)
  var hasWALOpen: Bool { file(SQLITE_FCNTL_JOURNAL_POINTER) != nil }

  /// The file behind the connection, or its WAL; nil if it is not open.
  func file(_ pointer: Int32) -> SQLiteFile? {
    var file: SQLiteFile?
    guard sqlite3_file_control(handle, "main", pointer, &file) == SQLITE_OK, csqlite_is_open(file) != 0
    else { return nil }
    return file
  }
}
