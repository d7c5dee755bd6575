// SPDX-License-Identifier: MIT
import CSQLite

extension Connection {
  /// The file behind the connection, or its WAL; nil if it is not open.
  func file(_ pointer: Int32) -> SQLiteFile? {
    var file: SQLiteFile?
    guard sqlite3_file_control(handle, "main", pointer, &file) == SQLITE_OK, csqlite_is_open(file) != 0
    else { return nil }
    return file
  }
}
