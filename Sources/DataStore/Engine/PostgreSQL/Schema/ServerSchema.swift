// SPDX-License-Identifier: MIT

/// The three tables of the specification on a server, and the check that a schema has them.
///
/// Times are a `timestamptz`, which has microseconds, and beside it a `smallint` of 0 to 999 nanoseconds. Names compare by
/// bytes. JSON is `json`, which keeps a text as it came.
enum ServerSchema {
  /// The version in the comment of `market_data`.
  static let version = 1
  static let comment = "data_store schema \(version)"
  /// The oldest server that these statements were written for.
  static let oldestServer = 130_000

  struct Table {
    let name: String
    let columns: [Column]
    let key: [String]

    func ddl(_ schema: String) -> String {
      let lines =
        columns.map { "  " + $0.definition } + [
          "  PRIMARY KEY (\(key.map(ServerTables.quoted).joined(separator: ", ")))"
        ]
      return "CREATE TABLE IF NOT EXISTS \(schema).\(name) (\n\(lines.joined(separator: ",\n"))\n)"
    }
  }

  struct Column {
    let name: String
    let type: String
    var isRequired = false
    var isInKey = false
    var defaultValue: String?

    var definition: String {
      ServerTables.quoted(name) + " " + type + (isInKey && type == "text" ? " COLLATE \"C\"" : "")
        + (isRequired ? " NOT NULL" : "") + (defaultValue.map { " DEFAULT \($0)" } ?? "")
    }
  }

  static let tables = [marketData, marketRequests, systemState]

  static let marketData = Table(
    name: "market_data",
    columns: [key("symbol"), key("timeframe")] + time("timestamp", isInKey: true) + barColumns,
    key: ["symbol", "timeframe", "timestamp", "timestamp_ns"])

  static let marketRequests = Table(
    name: "market_requests",
    columns: [key("symbol"), key("timeframe")] + time("requested_at", isInKey: true) + [
      Column(name: "provider_used", type: "text", isRequired: true),
      Column(name: "fallback_used", type: "boolean", defaultValue: "false"),
    ] + time("start_ts") + time("end_ts") + [
      Column(name: "coverage_ratio", type: "double precision"), Column(name: "gap_count", type: "bigint"),
      Column(name: "quality", type: "text"), Column(name: "notes", type: "text"),
    ],
    key: ["symbol", "timeframe", "requested_at", "requested_at_ns"])

  static let systemState = Table(
    name: "system_state",
    columns: [key("key"), Column(name: "value", type: "json", isRequired: true)] + time("updated_at"),
    key: ["key"])

  private static let barColumns = BarColumn.table.indices.map { number in
    let column = BarColumn.table[number]
    let type =
      switch column.kind {
      case .number: "double precision"
      case .text: "text"
      case .flag: "boolean"
      case .features: "json"
      }
    return Column(name: "\(column.name)", type: type, defaultValue: column.kind == .flag ? "false" : nil)
  }

  private static func key(_ name: String) -> Column {
    Column(name: name, type: "text", isRequired: true, isInKey: true)
  }

  private static func time(_ name: String, isInKey: Bool = false) -> [Column] {
    [
      Column(name: name, type: "timestamp with time zone", isRequired: true, isInKey: isInKey),
      Column(name: name + "_ns", type: "smallint", isRequired: true, isInKey: isInKey, defaultValue: "0"),
    ]
  }

  static func refusal(_ place: String, _ reason: String) -> StoreError {
    StoreError(.schema, "\(place) is not a data_store schema: \(reason). It was left as it is")
  }
}

extension ServerSchema {
  /// Checks the tables that are there, and makes those that are not.
  static func prepare(_ session: Session, _ facts: ServerFacts, isReadOnly: Bool) throws(StoreError) {
    let found = try inspect(session, facts.tables)
    guard found < tables.count else { return }
    guard !isReadOnly, !facts.isStandby else {
      let why = facts.isStandby ? "the server is a standby" : "read-only"
      throw refusal(
        session.place,
        "schema \(facts.tables.schema) lacks a table, and \(why) it cannot be added. Open the store once on the primary, not"
          + " read-only, as a role that may create tables, or name another schema: ?options=-c%20search_path%3Dmarket"
      )
    }
    try create(session, facts.tables)
  }

  /// Creates what is missing, in one transaction. Others may be doing the same: they take turns by an advisory lock, which
  /// those that open stores in other schemas do not wait for. No timeout is too short for it: it happens once.
  private static func create(_ session: Session, _ names: ServerTables) throws(StoreError) {
    do throws(StoreError) {
      let schema = "pg_catalog.hashtext(\(ServerTables.literal(names.schema)))"
      let patience =
        "SELECT pg_catalog.set_config('lock_timeout', '5s', true)"
        + " WHERE pg_catalog.current_setting('lock_timeout')::interval < '5s'"
      try session.run("BEGIN; \(patience); SELECT pg_catalog.pg_advisory_xact_lock(723711521, \(schema))")
      let found = try inspect(session, names)
      if found < tables.count {
        let schema = ServerTables.quoted(names.schema)
        let hadBars = try commented(session, names)
        var statements = tables.map { $0.ddl(schema) }
        if !hadBars {
          statements.append("COMMENT ON TABLE \(names.bars) IS \(ServerTables.literal(comment))")
        }
        try session.run(statements.joined(separator: "; "))
      }
      try session.run("COMMIT")
    } catch {
      let state = session.lastState
      if !session.isLost, session.isInTransaction { _ = try? session.run("ROLLBACK") }
      guard state == .noPrivilege else { throw error }
      throw StoreError(
        .storage,
        "\(session.place): the tables are not there, and the role may not make them in schema \(names.schema). Run GRANT CREATE,"
          + " USAGE ON SCHEMA \(names.schema) TO the role, or have another role open the store once and GRANT SELECT, INSERT,"
          + " UPDATE, DELETE ON market_data, market_requests, system_state")
    }
  }

  /// Whether there is a table of bars, which keeps what its maker said of it.
  private static func commented(_ session: Session, _ names: ServerTables) throws(StoreError) -> Bool {
    try session.run("SELECT pg_catalog.to_regclass(\(ServerTables.literal(names.bars))) IS NOT NULL").string(
      0
    ).utf8
      .elementsEqual("t".utf8)
  }

  /// How many of the tables are there; `.schema` where one has other columns than ours.
  static func inspect(_ session: Session, _ names: ServerTables) throws(StoreError) -> Int {
    let findings = try faults(session, names)
    if let first = findings.faults.first { throw refusal(session.place, first) }
    return findings.tables
  }

  /// What is wrong with the tables that are there, and how many there are.
  static func faults(
    _ session: Session, _ names: ServerTables
  ) throws(StoreError) -> (faults: [String], tables: Int) {
    let answer = try session.run(columnsSQL(names.schema))
    var faults: [String] = []
    var found: [ExactText: [Int]] = [:]
    for row in 0..<answer.rows { found[ExactText(answer.string(0, row: row)), default: []].append(row) }
    for table in tables {
      guard let rows = found[ExactText(table.name)] else { continue }
      faults += check(table, rows, answer)
    }
    return (faults, found.count)
  }

  private static func check(_ table: Table, _ rows: [Int], _ answer: borrowing Answer) -> [String] {
    var faults: [String] = []
    func isTrue(_ column: Int, _ row: Int) -> Bool {
      answer.bytes(column, row: row).first == UInt8(ascii: "t")
    }
    guard let first = rows.first else { return [] }
    let kind = answer.string(1, row: first)
    guard kind == "r" || kind == "p" || kind == "f" else { return ["\(table.name) is not a table"] }
    let comment = answer.string(2, row: first)
    if comment.utf8.starts(with: "data_store schema ".utf8), ExactText(comment) != ExactText(Self.comment) {
      return ["table \(table.name) says '\(comment)', and this library knows \(Self.comment): upgrade"]
    }
    var names: [ExactText] = []
    for row in rows {
      let name = answer.string(3, row: row)
      names.append(ExactText(name))
      guard let column = table.columns.first(where: { ExactText($0.name) == ExactText(name) }) else {
        faults.append("table \(table.name) has the further column '\(name)'")
        continue
      }
      let type = answer.string(4, row: row)
      if ExactText(type) != ExactText(column.type) {
        faults.append("column \(name) of table \(table.name) is \(type), expected \(column.type)")
      }
      if isTrue(5, row) != column.isRequired {
        faults.append(
          "column \(name) of table \(table.name) is \(column.isRequired ? "" : "not ")to be NOT NULL")
      }
      if column.isInKey, column.type == "text", !isTrue(6, row) {
        faults.append(
          "column \(name) of table \(table.name) does not have COLLATE \"C\", which compares bytes")
      }
      if isTrue(7, row) { faults.append("column \(name) of table \(table.name) is generated") }
      let place = table.key.firstIndex { ExactText($0) == ExactText(name) }.map { $0 + 1 } ?? 0
      if Int(answer.string(8, row: row)) ?? 0 != place {
        faults.append("the primary key of table \(table.name) is not (\(table.key.joined(separator: ", ")))")
      }
    }
    for column in table.columns where !names.contains(ExactText(column.name)) {
      faults.append("table \(table.name) has no column '\(column.name)'")
    }
    return faults
  }

  /// Table, kind, comment, and of each column its name, type, NOT NULL, whether it compares bytes, whether it is generated,
  /// and its place in the primary key.
  private static func columnsSQL(_ schema: String) -> String {
    let names = tables.map { ServerTables.literal($0.name) }.joined(separator: ", ")
    return """
      SELECT c.relname, c.relkind, coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), ''), a.attname,
      pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
      CASE l.collname WHEN 'default' THEN d.datcollate IN ('C', 'POSIX') ELSE l.collname IN ('C', 'POSIX') END,
      a.attgenerated <> '' OR a.attidentity <> '',
      coalesce(pg_catalog.array_position(k.conkey, a.attnum), 0)
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
      LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
      WHERE n.nspname = \(ServerTables.literal(schema)) AND c.relname IN (\(names))
      AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
      ORDER BY c.relname, a.attnum
      """
  }
}
