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

  /// Rows whose times are infinite, or beyond what a store keeps, that have no name, or damaged features. `reporter` is told
  /// of each table's rows twice, as of those of a file.
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
      if place == 0 { findings += try damagedFeatures(in: names) }
      guard let reporter else { continue }
      reporter.go(on: 2 * counts[...place].reduce(0, +))
      guard reporter.mayGoOn(at: Deadline.now) else { throw .isInterrupted }
    }
    return findings
  }

  /// Bars whose features are JSON, but not features. What is wrong is said as the check of a file says it.
  private func damagedFeatures(in names: ServerTables) throws(StoreError) -> [String] {
    var parser = FeatureParser()
    var places: [String] = []
    var count = 0
    rowsSoFar = 0
    let sql = """
      SELECT symbol, timeframe, "timestamp", timestamp_ns, features FROM \(names.bars) WHERE features IS NOT NULL
      """
    try execute(StatementName(.checkFeatures), sql) { row throws(StoreError) in
      rowsSoFar += 1
      try lookUp()
      do throws(FeatureFault) { try parser.parse(row.bytes(4)) } catch {
        count += 1
        guard places.count < Self.shown else { return }
        let time = row.instant(2).map { Timestamp.text($0) } ?? "(a time beyond what a store keeps)"
        let key = error.key.map { "\(StoreError.quoted($0)): " } ?? ""
        places.append("\(row.string(0)) \(row.string(1)) \(time): \(key)\(error.reason)")
      }
    }
    guard count > 0 else { return [] }
    let more = count > places.count ? "; and \(count - places.count) more" : ""
    return ["market_data: \(count) bars have damaged features: \(places.joined(separator: "; "))\(more)"]
  }
}
