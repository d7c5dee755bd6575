// SPDX-License-Identifier: MIT

extension Session {
  /// Of each kind of finding so many are told with their places.
  private static let shown = 10

  /// Triggers and rules on the tables: they run as our statements do, and may change or swallow what is written.
  func additions(to names: ServerTables) throws(StoreError) -> [String] {
    let tables = ServerSchema.tables.map { ServerTables.literal($0.name) }.joined(separator: ", ")
    let answer = try run(
      """
      SELECT c.relname, 'trigger', t.tgname FROM pg_catalog.pg_trigger AS t
      JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE NOT t.tgisinternal AND n.nspname = \(ServerTables.literal(names.schema)) AND c.relname IN (\(tables))
      UNION ALL
      SELECT c.relname, 'rule', r.rulename FROM pg_catalog.pg_rewrite AS r
      JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = \(ServerTables.literal(names.schema)) AND c.relname IN (\(tables))
      ORDER BY 1, 2, 3
      """)
    return (0..<answer.rows).map { row in
      "\(answer.string(0, row: row)) has the \(answer.string(1, row: row)) '\(answer.string(2, row: row))', which runs at"
        + " writes and may change them"
    }
  }

  /// Values that are JSON, as the server saw to, and yet not what a store keeps: features, and state that nests too deep.
  func damagedJSON(in names: ServerTables) throws(StoreError) -> [String] {
    var findings: [String] = []
    var features = Tally("bars have damaged features")
    var parser = FeatureParser()
    let bars = """
      SELECT symbol, timeframe, "timestamp", timestamp_ns, features FROM \(names.bars) WHERE features IS NOT NULL
      """
    try execute(StatementName(.checkFeatures), bars) { row throws(StoreError) in
      rowsSoFar += 1
      try lookUp()
      do throws(FeatureFault) { try parser.parse(row.bytes(4)) } catch {
        let time = row.instant(2).map { Timestamp.text($0) } ?? "at an infinite time"
        let key = error.key.map { "\(StoreError.quoted($0)): " } ?? ""
        features.add("\(row.string(0)) \(row.string(1)) \(time): \(key)\(error.reason)")
      }
    }
    features.report("market_data", to: &findings)
    var entries = Tally("entries are damaged (set the key again)")
    try execute(StatementName(.checkState), "SELECT key, value FROM \(names.state)") {
      row throws(StoreError) in
      rowsSoFar += 1
      try lookUp()
      do throws(JSONScanner.Failure) { _ = try JSONValue(row.bytes(1)) } catch {
        entries.add("\(StoreError.quoted(row.string(0))): \(error.reason)")
      }
    }
    entries.report("system_state", to: &findings)
    return findings
  }

  /// Rows whose times are infinite, or beyond what a store keeps, or that have no name. `reporter` is told of each
  /// table's rows once: the second time, as of those of a file, is that of their JSON.
  func strangeRows(
    in names: ServerTables, _ reporter: ProgressReporter?
  ) throws(StoreError) -> [String] {
    var findings: [String] = []
    let looks = [
      (names.bars, "bar", "symbol || ' ' || timeframe", ["timestamp"]),
      (names.requests, "request", "symbol || ' ' || timeframe", ["requested_at", "start_ts", "end_ts"]),
      (names.state, "state key", "key", ["updated_at"]),
    ]
    var counts: [Int] = []
    if let reporter {
      for look in looks { counts.append(Int(try run("SELECT count(*) FROM \(look.0)").string(0)) ?? 0) }
      reporter.expect(2 * counts.reduce(0, +))
    }
    for (place, (table, what, name, times)) in looks.enumerated() {
      for time in times {
        let column = ServerTables.quoted(time)
        let answer = try run(
          """
          SELECT \(name), \(column)::text, \(time)_ns, count(*) OVER () FROM \(table) WHERE NOT (
          (\(column), \(time)_ns) >= ('1677-09-21T00:12:43.145224Z', 193)
          AND (\(column), \(time)_ns) <= ('2262-04-11T23:47:16.854775Z', 807)
          AND \(time)_ns BETWEEN 0 AND 999) ORDER BY 1, 2 LIMIT \(Self.shown)
          """)
        for row in 0..<answer.rows {
          findings.append(
            "\(what) \(answer.string(0, row: row)): \(time) is \(answer.string(1, row: row)) and"
              + " \(answer.string(2, row: row)) ns, beyond what a store keeps")
        }
        if let count = answer.rows > 0 ? Int(answer.string(3)) : nil, count > Self.shown {
          findings.append("\(count - Self.shown) more rows of \(table) like that")
        }
      }
      let isUnnamed = place < 2 ? "symbol = '' OR timeframe = ''" : "key = ''"
      let unnamed = Int(try run("SELECT count(*) FROM \(table) WHERE \(isUnnamed)").string(0)) ?? 0
      if unnamed > 0 { findings.append("\(unnamed) rows of \(table) have an empty name: delete or fix them") }
      guard let reporter else { continue }
      reporter.go(on: counts[...place].reduce(0, +))
      guard reporter.mayGoOn(at: Deadline.now) else { throw .isInterrupted }
    }
    return findings
  }
}
