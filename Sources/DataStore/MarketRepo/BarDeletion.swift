// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Deletes the bars of one series within a range; returns how many.
  package func delete(
    _ symbol: String, _ timeframe: String, _ range: TimeRange
  ) throws(StoreError) -> Int {
    let key = try SeriesKey(symbol, timeframe)
    return try store.write { writer throws(StoreError) in
      let low = range.start.map(Timestamp.text)
      let high = range.end.map(Timestamp.text)
      // Near a bound the order of texts decides only where all are in the stored form.
      _ = try Schema.integer("SELECT count(*) FROM main.sqlite_schema", writer)
      var byInstant = try writer.foreignForms.hide(key, from: range.start, to: range.end, writer)
      if !byInstant { byInstant = try writer.holdsForeignForm(key, low, high) }
      let statement: Statement
      if byInstant {
        statement = try writer.statement(
          """
          DELETE FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2
          AND ds_nanoseconds(timestamp) BETWEEN ?3 AND ?4
          """)
        statement.bind(3, range.start ?? Int64.min)
        statement.bind(4, range.end ?? Int64.max)
      } else {
        statement = try writer.statement(
          "DELETE FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2"
            + (low == nil ? "" : " AND timestamp >= ?3") + (high == nil ? "" : " AND timestamp <= ?4"))
        if let low { statement.bind(3, copying: low) }
        if let high { statement.bind(4, copying: high) }
      }
      key.bind(to: statement)
      try statement.run()
      return writer.changes
    }
  }
}

extension Connection {
  /// True where a row that sorts between the bounds is in another form. Without bounds it does not matter.
  fileprivate func holdsForeignForm(_ key: SeriesKey, _ low: String?, _ high: String?) throws(StoreError)
    -> Bool
  {
    guard low != nil || high != nil else { return false }
    let statement = try statement(
      """
      SELECT 1 FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp >= ?3 AND timestamp <= ?4
      AND ds_is_foreign(timestamp) LIMIT 1
      """)
    key.bind(to: statement)
    statement.bind(3, copying: low ?? "")
    statement.bind(4, copying: high ?? "\u{10FFFF}")
    defer { statement.reset() }
    return try statement.step()
  }
}
