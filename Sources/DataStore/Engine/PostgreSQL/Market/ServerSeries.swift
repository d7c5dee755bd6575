// SPDX-License-Identifier: MIT

/// What series there are, and the end of their bars.
extension Session {
  /// Deletes the bars of one series within a range; returns how many.
  func deleteBars(_ key: SeriesKey, _ range: TimeRange, in table: String) throws(StoreError) -> Int {
    let sql = BarReadSQL(hasStart: range.start != nil, hasEnd: range.end != nil)
    add(key, range)
    return try execute(StatementName(.deleteBars, variant: sql.variant)) { sql.deletion(table) }.affectedRows
  }

  /// What is stored of each series, in any order.
  func series(counts: Bool, in table: String) throws(StoreError) -> [SeriesEntry] {
    let answer = try execute(StatementName(counts ? .countedSeries : .series)) {
      SeriesSQL.all(table, counts: counts)
    }
    var entries: [SeriesEntry] = []
    entries.reserveCapacity(answer.rows)
    for row in 0..<answer.rows {
      let key = try SeriesKey(answer.string(0, row: row), answer.string(1, row: row))
      guard let first = answer.instant(2, row: row), let last = answer.instant(4, row: row) else {
        throw .corrupt(
          "\(key.text): the first or the last bar has a time beyond what a store keeps. Fix the row with psql; check()"
            + " lists such rows")
      }
      entries.append(
        SeriesEntry(
          symbol: key.symbol, timeframe: key.timeframe, first: first, last: last,
          bars: counts ? answer.integer(6, row: row) : nil, gaps: counts ? answer.integer(7, row: row) : nil))
    }
    return entries
  }
}

/// The statements that look for series; they concern all symbols.
enum SeriesSQL {
  /// Leaps through the key from one series to the next, and to the ends of each.
  static func all(_ table: String, counts: Bool) -> String {
    let ends = { (order: String) in
      """
      CROSS JOIN LATERAL (SELECT b."timestamp", b.timestamp_ns FROM \(table) AS b
      WHERE b.symbol = s.symbol AND b.timeframe = s.timeframe
      ORDER BY b."timestamp" \(order), b.timestamp_ns \(order) LIMIT 1)
      """
    }
    let counted = """
      CROSS JOIN LATERAL (SELECT count(*) AS bars, count(*) FILTER (WHERE b.is_gap) AS gaps FROM \(table) AS b
      WHERE b.symbol = s.symbol AND b.timeframe = s.timeframe) AS n
      """
    return """
      WITH RECURSIVE s AS (
      (SELECT b.symbol, b.timeframe FROM \(table) AS b ORDER BY b.symbol, b.timeframe LIMIT 1)
      UNION ALL SELECT n.symbol, n.timeframe FROM s CROSS JOIN LATERAL (
      SELECT b.symbol, b.timeframe FROM \(table) AS b WHERE (b.symbol, b.timeframe) > (s.symbol, s.timeframe)
      ORDER BY b.symbol, b.timeframe LIMIT 1) AS n)
      SELECT s.symbol, s.timeframe, f."timestamp", f.timestamp_ns, l."timestamp", l.timestamp_ns\
      \(counts ? ", n.bars, n.gaps" : "") FROM s
      \(ends("ASC")) AS f \(ends("DESC")) AS l \(counts ? counted : "")
      """
  }
}

extension BarReadSQL {
  func deletion(_ table: String) -> String { "DELETE FROM \(table) AS m\(condition)" }
}
