// SPDX-License-Identifier: MIT
import CSQLite
import Glibc

/// Lets a connection prepare nothing but statements that read.
///
/// `sqlite3_stmt_readonly()` alone does not do: it is true of ATTACH, BEGIN and of PRAGMAs that set something.
/// https://sqlite.org/c3ref/stmt_readonly.html
///
/// What is kept for later is judged again whenever SQLite prepares it again, which it does by itself where the schema has
/// changed: the authorizer stays in place, for to set one makes SQLite prepare everything again, and judges while a
/// query is prepared or runs.
enum ReadOnlyGuard {
  enum Phase {
    /// The store's own statements are not judged.
    case off
    case preparing
    /// What is prepared now is the query itself, or what a table-valued function of SQLite's asks to give its rows: a PRAGMA.
    case running
  }

  /// PRAGMAs that only tell something, even with an argument.
  private static let tellingPragmas: Set<String> = [
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
    "integrity_check", "quick_check",
  ]

  /// Prepares one statement for reading.
  static func prepare(_ sql: String, on connection: Connection) throws(StoreError) -> Statement {
    if sql.utf8.contains(0) { throw .invalid("the query holds a NUL character", key: "query") }
    if !connection.isGuarded {
      sqlite3_set_authorizer(connection.handle, authorize, Unmanaged.passUnretained(connection).toOpaque())
      connection.isGuarded = true
    }
    connection.guarding = .preparing
    defer { connection.guarding = .off }
    var prepared: OpaquePointer?
    var sql = sql
    var trailing = ""
    let result = sql.withUTF8 { text -> Int32 in
      let start = UnsafeRawPointer(text.baseAddress ?? UnsafePointer(("" as StaticString).utf8Start))
        .assumingMemoryBound(to: CChar.self)
      var tail: UnsafePointer<CChar>?
      let result = sqlite3_prepare_v3(connection.handle, start, Int32(text.count), 0, &prepared, &tail)
      if let tail {
        trailing = Bytes(rebasing: text[(tail - start)...]).text
      }
      return result
    }
    let statement = prepared.map { Statement(adopting: $0, of: connection) }
    guard result == SQLITE_OK else {
      if result & 0xff == SQLITE_AUTH { throw refusal(sql) }
      let error = StoreError.sqlite(
        result, connection.handle, doing: "preparing the query \(StoreError.quoted(sql))")
      guard error.isInStatement else { throw error }
      throw StoreError(
        .invalid,
        "the query \(StoreError.quoted(sql)) is wrong: \(String(cString: sqlite3_errmsg(connection.handle)))",
        sqliteCode: result, key: "query")
    }
    guard let statement else { throw .invalid("the query is empty; pass one SELECT", key: "query") }
    guard statement.isReadOnly else { throw refusal(sql) }
    guard isBlank(trailing.utf8[...]) else {
      throw .invalid(
        "the query has more than one statement (the second begins with \(StoreError.quoted(trailing))); pass one",
        key: "query")
    }
    return statement
  }

  /// Whether the statement of a text may be kept and run again: one that begins with SELECT or WITH.
  static func mayKeep(_ sql: String) -> Bool {
    let text = sql.utf8.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    return ["select", "with"].contains { word in
      let rest = text.dropFirst(word.utf8.count)
      return text.prefix(word.utf8.count).map { $0 | 0x20 }.elementsEqual(word.utf8)
        && rest.first.map { [0x20, 0x09, 0x0a, 0x0d].contains($0) } ?? false
    }
  }

  /// Runs `body`, which steps a statement that may be kept.
  static func running<Result>(
    _ connection: Connection, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    connection.guarding = .running
    defer { connection.guarding = .off }
    return try body()
  }

  static func refusal(_ sql: String) -> StoreError {
    .invalid(
      "the query \(StoreError.quoted(sql)) does more than read, and sql() only reads. Write through the market and state"
        + " methods, or through get_connection()", key: "query")
  }

  /// White space, semicolons and comments only.
  private static func isBlank(_ text: Substring.UTF8View) -> Bool {
    var rest = text
    while let first = rest.first {
      if first == UInt8(ascii: ";") || " \t\n\u{0C}\r".utf8.contains(first) {
        rest.removeFirst()
      } else if rest.starts(with: "--".utf8) {
        rest = rest.drop { $0 != UInt8(ascii: "\n") }
      } else if rest.starts(with: "/*".utf8) {
        rest = rest.dropFirst(2)
        while !rest.isEmpty, !rest.starts(with: "*/".utf8) { rest.removeFirst() }
        rest = rest.dropFirst(2)
      } else {
        return false
      }
    }
    return true
  }

  private static let authorize:
    @convention(c) (
      UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
      UnsafePointer<CChar>?
    ) -> Int32 = { connection, action, first, second, _, _ in
      guard let connection else { return SQLITE_DENY }
      let phase = Unmanaged<Connection>.fromOpaque(connection)._withUnsafeGuaranteedRef { $0.guarding }
      if phase == .off || phase == .running && action == SQLITE_PRAGMA { return SQLITE_OK }
      switch action {
      case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return SQLITE_OK
      // Connecting a table-valued function looks like an update of the schema; a real one is not a reading statement.
      case SQLITE_UPDATE: return first.map { strcmp($0, "sqlite_master") } == 0 ? SQLITE_OK : SQLITE_DENY
      case SQLITE_FUNCTION:
        let name = second.map { String(cString: $0).lowercasedASCII } ?? ""
        return name.hasPrefix("ds_") || name == "load_extension" ? SQLITE_DENY : SQLITE_OK
      case SQLITE_PRAGMA:
        let name = first.map { String(cString: $0).lowercasedASCII } ?? ""
        if tellingPragmas.contains(name) { return SQLITE_OK }
        return second == nil && isHarmlessToAsk(name) ? SQLITE_OK : SQLITE_DENY
      default: return SQLITE_DENY
      }
    }

  /// PRAGMAs that do something even without an argument.
  private static func isHarmlessToAsk(_ name: String) -> Bool {
    !["wal_checkpoint", "incremental_vacuum", "optimize", "shrink_memory"].contains(name)
  }
}
