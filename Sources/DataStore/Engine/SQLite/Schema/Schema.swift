// SPDX-License-Identifier: MIT

/// The three tables of the specification, to the letter, and the check that a file has them and nothing
/// that could work against them.
enum Schema {
  /// `PRAGMA user_version` of the files that we make. 0 is a file of the specification's own module.
  static let version: Int64 = 1

  struct Table {
    let name: String
    let ddl: String
    /// Name, declared type, NOT NULL, default, place in the primary key.
    let columns: [Column]

    /// Whether a row of sqlite_schema, whose name and SQL are columns 0 and 3, is what `ddl` leaves there, byte for byte.
    fileprivate func isMade(as row: Statement) -> Bool {
      let sql = row.bytes(3)
      let kept: StaticString = "CREATE TABLE "
      let given: StaticString = "CREATE TABLE IF NOT EXISTS "
      guard name.withBytes({ row.bytes(0).equals($0) }), sql.count > kept.utf8CodeUnitCount else {
        return false
      }
      return Bytes(rebasing: sql[..<kept.utf8CodeUnitCount]).equals(Bytes(kept))
        && ddl.withBytes { ddl in
          Bytes(rebasing: sql[kept.utf8CodeUnitCount...]).equals(
            Bytes(rebasing: ddl[given.utf8CodeUnitCount...]))
        }
    }
  }

  struct Column: Equatable {
    let name: String
    let type: String
    let isNotNull: Bool
    let defaultValue: String?
    let keyPlace: Int64
  }

  static let tables: [Table] = [marketData, marketRequests, systemState]

  static let marketData = Table(
    name: "market_data",
    ddl: """
      CREATE TABLE IF NOT EXISTS market_data (
          symbol      TEXT NOT NULL,
          timeframe   TEXT NOT NULL,
          timestamp   TEXT NOT NULL,
      \(barColumns.map { "    \(definition(of: $0)),\n" }.joined())\
          PRIMARY KEY (symbol, timeframe, timestamp)
      )
      """,
    columns: [key("symbol", 1), key("timeframe", 2), key("timestamp", 3)] + barColumns)

  private static let barColumns = BarColumn.table.indices.map { number in
    let column = BarColumn.table[number]
    return Column(
      name: "\(column.name)", type: column.sqlType, isNotNull: false, defaultValue: column.sqlDefault,
      keyPlace: 0)
  }

  /// Name, declared type and default, the types below each other.
  private static func definition(of column: Column) -> String {
    let spaces = String(repeating: " ", count: max(12 - column.name.utf8.count, 1))
    return column.name + spaces + column.type + (column.defaultValue.map { " DEFAULT \($0)" } ?? "")
  }

  static let marketRequests = Table(
    name: "market_requests",
    ddl: """
      CREATE TABLE IF NOT EXISTS market_requests (
          symbol          TEXT NOT NULL,
          timeframe       TEXT NOT NULL,
          requested_at    TEXT NOT NULL,
          provider_used   TEXT NOT NULL,
          fallback_used   INTEGER DEFAULT 0,
          start_ts        TEXT NOT NULL,
          end_ts          TEXT NOT NULL,
          coverage_ratio  REAL,
          gap_count       INTEGER,
          quality         TEXT,
          notes           TEXT,
          PRIMARY KEY (symbol, timeframe, requested_at)
      )
      """,
    columns: [
      key("symbol", 1), key("timeframe", 2), key("requested_at", 3), required("provider_used", "TEXT"),
      flag("fallback_used"), required("start_ts", "TEXT"), required("end_ts", "TEXT"),
      plain("coverage_ratio", "REAL"), plain("gap_count", "INTEGER"), plain("quality", "TEXT"),
      plain("notes", "TEXT"),
    ])

  static let systemState = Table(
    name: "system_state",
    ddl: """
      CREATE TABLE IF NOT EXISTS system_state (
          key        TEXT PRIMARY KEY,
          value      JSON NOT NULL,
          updated_at TEXT NOT NULL
      )
      """,
    columns: [
      Column(name: "key", type: "TEXT", isNotNull: false, defaultValue: nil, keyPlace: 1),
      required("value", "JSON"), required("updated_at", "TEXT"),
    ])

  private static func key(_ name: String, _ place: Int64) -> Column {
    Column(name: name, type: "TEXT", isNotNull: true, defaultValue: nil, keyPlace: place)
  }

  private static func required(_ name: String, _ type: String) -> Column {
    Column(name: name, type: type, isNotNull: true, defaultValue: nil, keyPlace: 0)
  }

  private static func plain(_ name: String, _ type: String) -> Column {
    Column(name: name, type: type, isNotNull: false, defaultValue: nil, keyPlace: 0)
  }

  private static func flag(_ name: String) -> Column {
    Column(name: name, type: "INTEGER", isNotNull: false, defaultValue: "0", keyPlace: 0)
  }

  // MARK: What a file has

  enum State {
    /// Nothing at all: a new file.
    case blank
    /// All three tables.
    case complete
    /// Some of them.
    case partial
  }

  /// Looks at the file without changing it; `.schema` where it is not ours to open.
  static func inspect(_ connection: Connection, path: String) throws(StoreError) -> State {
    let version = try connection.integer("PRAGMA user_version")
    let statement = try connection.statement("SELECT name, type, rootpage, sql FROM main.sqlite_schema")
    defer { statement.reset() }
    var found: Set<String> = []
    var hasOthers = false
    // What SQLite makes of our own text need not be asked for. Keys have indexes without a text; anything else may change
    // what the tables are.
    var isAsWeMakeIt = true
    while try statement.step() {
      // By their bytes first: to make texts of all names and turn them to lower case took a hundredth of opening.
      if statement.kind(3) == .null, Self.isOfSQLite(statement.bytes(0)) {
        if !statement.bytes(1).equals(Bytes("index" as StaticString)) { isAsWeMakeIt = false }
        continue
      }
      if let table = tables.first(where: { $0.isMade(as: statement) }),
        statement.bytes(1).equals(Bytes("table" as StaticString)), statement.int64(2) > 0
      {
        found.insert(table.name)
        continue
      }
      let name = statement.text(0)
      let plainName = name.lowercasedASCII
      if plainName.utf8.starts(with: "sqlite_".utf8) || statement.kind(0) == .null {
        if statement.text(1) != "index" || statement.kind(3) != .null { isAsWeMakeIt = false }
        continue
      }
      guard let table = tables.first(where: { $0.name == plainName }) else {
        hasOthers = true
        continue
      }
      guard statement.text(1) == "table", statement.int64(2) > 0 else {
        throw refusal(path, "'\(name)' is a \(statement.text(1)) that is not an ordinary table")
      }
      found.insert(table.name)
      if !table.isMade(as: statement) { isAsWeMakeIt = false }
    }
    if hasOthers { isAsWeMakeIt = false }
    if found.isEmpty, hasOthers {
      throw refusal(
        path,
        "it is another program's database: it has tables, but none of market_data, market_requests, system_state"
      )
    }
    guard version >= 0, version <= Self.version else {
      throw refusal(
        path,
        "its user_version is \(version), and this library knows \(Self.version): it comes from a newer one; upgrade"
      )
    }
    if !isAsWeMakeIt {
      for table in tables where found.contains(table.name) { try inspect(table, connection, path) }
    }
    if found.isEmpty { return .blank }
    return found.count == tables.count ? .complete : .partial
  }

  private static func isOfSQLite(_ name: Bytes) -> Bool {
    let own: StaticString = "sqlite_"
    return name.count >= own.utf8CodeUnitCount
      && Bytes(rebasing: name[..<own.utf8CodeUnitCount]).equals(Bytes(own))
  }

  private static func inspect(_ table: Table, _ connection: Connection, _ path: String) throws(StoreError) {
    let facts = try TableFacts(table.name, connection)
    if let generated = facts.generatedColumn {
      throw refusal(path, "table \(table.name) has the generated column '\(generated)'")
    }
    for (index, expected) in table.columns.enumerated() {
      guard index < facts.columns.count else {
        throw refusal(path, "table \(table.name) has no column '\(expected.name)'")
      }
      guard facts.columns[index] == expected else {
        throw refusal(
          path,
          "column \(index + 1) of table \(table.name) is \(describe(facts.columns[index])), expected \(describe(expected))"
        )
      }
    }
    if facts.columns.count > table.columns.count {
      throw refusal(
        path, "table \(table.name) has the further column '\(facts.columns[table.columns.count].name)'")
    }
    for index in facts.indexes { try inspect(index, table, path) }
  }

  /// An index over an expression, or a partial one, would run the file's SQL on each write; a key that compares
  /// otherwise than byte by byte would break the order of time; a further unique one would refuse bars, or delete others.
  private static func inspect(
    _ index: TableFacts.Index, _ table: Table, _ path: String
  ) throws(StoreError) {
    func refuse(_ what: String) -> StoreError {
      refusal(path, "the index '\(index.name)' on \(table.name) \(what); drop it with an SQLite tool")
    }
    if index.hasSQL { throw refuse("has an expression") }
    if index.isKey, let other = index.collations.first(where: { $0 != "BINARY" }) {
      throw refusal(path, "the key of \(table.name) has the collation \(other), expected BINARY")
    }
    if index.hasForeignCollation { throw refuse("compares by a collation that is not SQLite's own") }
    if index.isUnique, !index.isKey { throw refuse("allows no two equal rows") }
  }

  private static func describe(_ column: Column) -> String {
    var text = "\(column.name) \(column.type)"
    if column.isNotNull { text += " NOT NULL" }
    if let value = column.defaultValue { text += " DEFAULT \(value)" }
    if column.keyPlace > 0 { text += " (key part \(column.keyPlace))" }
    return text
  }

  static func refusal(_ path: String, _ reason: String) -> StoreError {
    StoreError(.schema, "\(path) is not a data_store file: \(reason). The file was left as it is")
  }

  // MARK: Making it ours

  /// Creates what is missing, in one transaction. Another process may be doing the same.
  static func create(_ connection: Connection, path: String) throws(StoreError) {
    try connection.execute("BEGIN IMMEDIATE")
    do throws(StoreError) {
      let state = try inspect(connection, path: path)
      for table in tables { try connection.execute(table.ddl) }
      if state == .blank { try connection.execute("PRAGMA user_version=\(version)") }
      try connection.execute("COMMIT")
    } catch {
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}

extension PagedTable {
  var specified: Schema.Table {
    switch self {
    case .bars: Schema.marketData
    case .requests: Schema.marketRequests
    case .state: Schema.systemState
    }
  }
}
