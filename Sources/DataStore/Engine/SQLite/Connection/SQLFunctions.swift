// SPDX-License-Identifier: MIT
import CSQLite

/// Our functions within SQL. All are DIRECTONLY: nothing in the file's own schema may call them.
enum SQLFunctions {
  static let flags = SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_DETERMINISTIC

  @inline(__always)
  static func bytes(_ value: OpaquePointer?) -> Bytes {
    // The text first: it may convert, and the count is of what it converted to.
    let text = sqlite3_value_text(value)
    return Bytes(start: text, count: Int(sqlite3_value_bytes(value)))
  }

  /// The bytes of a value that is a text already. To be asked for as a text, one within a page would be copied for its NUL.
  @inline(__always)
  static func textAsItLies(_ value: OpaquePointer?) -> Bytes {
    let start = sqlite3_value_blob(value)?.assumingMemoryBound(to: UInt8.self)
    return Bytes(start: start, count: start == nil ? 0 : Int(sqlite3_value_bytes(value)))
  }

  /// Makes `ds_now()` known to a connection that writes: the stored text of the time at which it is called, which is after the
  /// statement has the lock, however long it waited.
  static func registerClock(on connection: Connection) throws(StoreError) {
    let result = sqlite3_create_function_v2(
      connection.handle, "ds_now", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, nil,
      { context, _, _ in
        TimeText(stored: Timestamp.now()).withBytes { text in
          let start = text.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
          sqlite3_result_text64(context, start, UInt64(text.count), Statement.transient, UInt8(SQLITE_UTF8))
        }
      }, nil, nil, nil)
    guard result == SQLITE_OK else {
      throw .sqlite(result, connection.handle, doing: "registering functions")
    }
  }

  static func fail(_ context: OpaquePointer?, _ message: String) {
    sqlite3_result_error(context, message, -1)
  }
}
