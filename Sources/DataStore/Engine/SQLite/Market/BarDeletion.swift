// SPDX-License-Identifier: MIT

extension StoreConnection {
  /// Deletes the bars of one series within a range; returns how many.
  func delete(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int {
    // Another tool's rows may be among those that go, and come back with a transaction that is taken back.
    foreignForms.beginRemoval()
    let low = range.start.map(Timestamp.text)
    let high = range.end.map(Timestamp.text)
    // The order of texts decides only where all are in the stored form.
    var byInstant = try foreignForms.hide(key, from: range.start, to: range.end, self)
    if !byInstant { byInstant = try holdsForeignForm(key, low, high) }
    if byInstant { return try deleteByInstant(key, range) }
    let statement = try statement(
      "DELETE FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2"
        + (low == nil ? "" : " AND timestamp >= ?3") + (high == nil ? "" : " AND timestamp <= ?4"))
    key.bind(to: statement)
    if let low { statement.bind(3, copying: low) }
    if let high { statement.bind(4, copying: high) }
    try statement.run()
    return changes
  }

  /// Deletes the rows that mean an instant of the range, whatever their forms.
  private func deleteByInstant(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int {
    var deleted = 0
    for window in try windows(of: key, range) {
      let statement = try statement(
        """
        DELETE FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp >= ?3
        \(window.high == nil ? "" : "AND timestamp < ?4") AND ds_nanoseconds(symbol, timeframe, timestamp) BETWEEN ?5 AND ?6
        """)
      key.bind(to: statement)
      statement.bind(window)
      statement.bind(5, range.start ?? Int64.min)
      statement.bind(6, range.end ?? Int64.max)
      try statement.run()
      deleted += changes
    }
    return deleted
  }

  /// True if a row that sorts between the bounds is in another form. Without bounds it does not matter.
  private func holdsForeignForm(_ key: SeriesKey, _ low: String?, _ high: String?) throws(StoreError)
    -> Bool
  {
    guard low != nil || high != nil else { return false }
    let statement = try statement(
      """
      SELECT 1 FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2\(low == nil ? "" : " AND timestamp >= ?3")\
      \(high == nil ? "" : " AND timestamp <= ?4") AND ds_is_foreign(timestamp) LIMIT 1
      """)
    key.bind(to: statement)
    if let low { statement.bind(3, copying: low) }
    if let high { statement.bind(4, copying: high) }
    defer { statement.reset() }
    return try statement.step()
  }
}
