// SPDX-License-Identifier: MIT
import CSQLite

/// A prepared statement of one connection. Bound texts are borrowed: they must live until the run ends.
final class Statement {
  let handle: OpaquePointer
  private unowned let connection: Connection
  /// Why a parameter could not be bound: SQLite takes it for NULL then, so the statement must not run.
  private var bindFailure = SQLITE_OK

  init(_ sql: String, on connection: Connection, isKept: Bool) throws(StoreError) {
    var prepared: OpaquePointer?
    let flags = isKept ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
    let result = sqlite3_prepare_v3(connection.handle, sql, -1, flags, &prepared, nil)
    guard result == SQLITE_OK, let prepared else {
      throw .sqlite(result, connection.handle, doing: connection.doing("preparing a statement"))
    }
    handle = prepared
    self.connection = connection
  }

  init(adopting handle: OpaquePointer, of connection: Connection) {
    self.handle = handle
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  // MARK: Binding (1-based, as in SQL)

  private func keep(_ result: Int32) {
    if result != SQLITE_OK { bindFailure = result }
  }

  /// Borrows the text, which needs no memory and so cannot fail.
  func bind(_ index: Int32, _ text: Bytes) {
    sqlite3_bind_text64(
      handle, index,
      text.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) } ?? Self.empty,
      UInt64(text.count), nil, UInt8(SQLITE_UTF8))
  }

  func bind(_ index: Int32, _ text: Bytes?) {
    if let text { bind(index, text) } else { sqlite3_bind_null(handle, index) }
  }

  /// Copies the text.
  func bind(_ index: Int32, copying text: String) {
    var text = text
    text.withUTF8 { bytes in
      let start = bytes.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
      keep(
        sqlite3_bind_text64(
          handle, index, start ?? Self.empty, UInt64(bytes.count), Self.transient, UInt8(SQLITE_UTF8)))
    }
  }

  /// The stored form of an instant.
  func bind(_ index: Int32, time instant: Int64) {
    TimeText(stored: instant).withBytes { bindCopy(index, text: $0) }
  }

  func bindCopy(_ index: Int32, text: Bytes) {
    let start = text.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
    keep(
      sqlite3_bind_text64(
        handle, index, start ?? Self.empty, UInt64(text.count), Self.transient, UInt8(SQLITE_UTF8)))
  }

  func bindCopy(_ index: Int32, blob: Bytes) {
    if let start = blob.baseAddress, blob.count > 0 {
      keep(sqlite3_bind_blob64(handle, index, start, UInt64(blob.count), Self.transient))
    } else {
      keep(sqlite3_bind_zeroblob(handle, index, 0))
    }
  }

  func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }
  func bind(_ index: Int32, _ value: Double) { sqlite3_bind_double(handle, index, value) }
  func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

  var parameterCount: Int32 { sqlite3_bind_parameter_count(handle) }

  /// The 1-based places of the parameters of a name: one for each prefix that the statement has it with.
  func parameterIndexes(_ name: String) -> [Int32] {
    // SQLite would stop at a NUL, and find another name.
    guard !name.utf8.contains(0) else { return [] }
    return [":", "@", "$"].map { sqlite3_bind_parameter_index(handle, $0 + name) }.filter { $0 > 0 }
  }

  /// A static pointer for empty text: a NULL pointer would bind SQL NULL.
  private static var empty: UnsafePointer<CChar> {
    UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
  }
  static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  // MARK: Running

  /// True if there is a row to look at.
  @inline(__always)
  func step() throws(StoreError) -> Bool {
    guard bindFailure == SQLITE_OK else { throw connection.stepFailed(bindFailure, self) }
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let result: throw connection.stepFailed(result, self)
    }
  }

  /// Runs a statement whose rows, if any, do not matter, and makes it ready for the next time.
  @inline(__always)
  func run() throws(StoreError) {
    defer { reset() }
    while try step() {}
  }

  /// The same for a statement of which each run binds all parameters: they keep what they were bound to until then, and
  /// nobody looks at it.
  @inline(__always)
  func runWhollyBound() throws(StoreError) {
    defer {
      sqlite3_reset(handle)
      bindFailure = SQLITE_OK
    }
    while try step() {}
  }

  /// Ends the run and lets go of all borrowed texts.
  @inline(__always)
  func reset() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
    bindFailure = SQLITE_OK
  }

  var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

  // MARK: The current row

  enum Kind: UInt8 {
    case null = 0
    case integer = 1
    case real = 2
    case text = 3
    case blob = 4
  }

  func kind(_ column: Int32) -> Kind {
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: return .integer
    case SQLITE_FLOAT: return .real
    case SQLITE_TEXT: return .text
    case SQLITE_BLOB: return .blob
    default: return .null
    }
  }

  func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
  func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

  /// The bytes of a text or blob; valid until the next step. (Handing over a long text may need memory, for its NUL.)
  func bytes(_ column: Int32) -> Bytes {
    if sqlite3_column_type(handle, column) == SQLITE_TEXT {
      let start = sqlite3_column_text(handle, column)
      if start == nil { connection.noteMissingText() }
      return Bytes(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }
    let start = sqlite3_column_blob(handle, column)
    return Bytes(
      start: start?.assumingMemoryBound(to: UInt8.self), count: Int(sqlite3_column_bytes(handle, column)))
  }

  func text(_ column: Int32) -> String { bytes(column).text }

  /// nil for NULL.
  func optionalText(_ column: Int32) -> String? { kind(column) == .null ? nil : text(column) }

  var columnCount: Int32 { sqlite3_column_count(handle) }

  func columnName(_ column: Int32) -> String {
    sqlite3_column_name(handle, column).map { String(cString: $0) } ?? ""
  }
}
