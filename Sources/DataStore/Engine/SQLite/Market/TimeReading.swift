// SPDX-License-Identifier: MIT

/// What is asked of the times of bars alone, which the index answers without the rows.
extension StoreConnection {
  func hasBars(_ key: SeriesKey) throws(StoreError) -> Bool {
    let statement = try statement(
      "SELECT 1 FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 LIMIT 1")
    key.bind(to: statement)
    defer { statement.reset() }
    return try statement.step()
  }

  /// How many rows a read of this range would have. To be called within a snapshot; `notices` as for `collect`.
  func countBars(_ key: SeriesKey, _ range: TimeRange, notices: Int?) throws(StoreError) -> Int {
    try collectTimes(key, range, notices: notices, nil)
  }

  /// Hands over the times that a read of this range would have. To be called within a snapshot.
  func barTimes(
    _ key: SeriesKey, _ range: TimeRange, notices: Int?, _ taker: any TimesTaker
  ) throws(StoreError) {
    _ = try collectTimes(key, range, notices: notices, taker)
  }

  /// Returns how many there are.
  private func collectTimes(
    _ key: SeriesKey, _ range: TimeRange, notices: Int?, _ taker: (any TimesTaker)?
  ) throws(StoreError) -> Int {
    let times = try times()
    times.begin(key, range, taker)
    defer { times.abandon() }
    if range.start ?? .min <= range.end ?? .max {
      let hasPages = try beginPages(notices: notices)
      defer { if hasPages { seriesPages?.end() } }
      let low = range.start.map { TimeText(stored: $0) }
      let high = range.end.map { TimeText(stored: $0) }
      if taker == nil, !hasPages, try foreignForms.areNone(key, from: range.start, to: range.end, self) {
        return try countTexts(key, low, high)
      }
      try collect(key, low, high, endsBefore: false, times, hasPages: hasPages)
      // Rows in other forms may stand elsewhere than between the texts of the bounds, and in another order than that of time.
      if try foreignForms.hide(key, from: range.start, to: range.end, self) {
        times.restart()
        for window in try windows(of: key, range) {
          try collect(key, window.low, window.high, endsBefore: true, times, hasPages: hasPages)
        }
      } else if !times.isAscending {
        times.restart()
        try collect(key, low, high, endsBefore: false, times, hasPages: hasPages)
      }
    }
    let count = times.count
    times.end()
    return count
  }

  /// Those that stand between two texts, or on from the first; `endsBefore` leaves out the second.
  private func collect(
    _ key: SeriesKey, _ low: TimeText?, _ high: TimeText?, endsBefore: Bool, _ times: TimeCollector,
    hasPages: Bool
  ) throws(StoreError) {
    times.beginPart()
    if hasPages, try collectFromPages(key, low, high, endsBefore: endsBefore, times) { return }
    times.restartPart()
    var variant: UInt64 = StatementFamily.times.first | (low == nil ? 0 : 1 << 38)
    if high != nil { variant |= endsBefore ? 1 << 36 : 1 << 37 }
    let statement = try statement(variant) {
      Self.select("ds_times(timestamp)", hasLow: low != nil, end: high == nil ? nil : endsBefore ? "<" : "<=")
    }
    bind(key, low, high, to: statement)
    try statement.run()
  }

  /// How many rows stand between two texts, both included.
  private func countTexts(
    _ key: SeriesKey, _ low: TimeText?, _ high: TimeText?
  ) throws(StoreError) -> Int {
    let variant: UInt64 =
      StatementFamily.countedTexts.first | (low == nil ? 0 : 1 << 36) | (high == nil ? 0 : 1 << 37)
    let statement = try statement(variant) {
      Self.select("count(*)", hasLow: low != nil, end: high == nil ? nil : "<=")
    }
    bind(key, low, high, to: statement)
    defer { statement.reset() }
    return try statement.step() ? Int(statement.int64(0)) : 0
  }

  private static func select(_ what: String, hasLow: Bool, end: String?) -> String {
    """
    SELECT \(what) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2\(hasLow ? " AND timestamp >= ?3" : "")\
    \(end.map { " AND timestamp \($0) ?4" } ?? "")
    """
  }

  private func bind(_ key: SeriesKey, _ low: TimeText?, _ high: TimeText?, to statement: Statement) {
    key.bind(to: statement)
    low?.withBytes { statement.bindCopy(3, text: $0) }
    high?.withBytes { statement.bindCopy(4, text: $0) }
  }

  private func collectFromPages(
    _ key: SeriesKey, _ low: TimeText?, _ high: TimeText?, endsBefore: Bool, _ times: TimeCollector
  ) throws(StoreError) -> Bool {
    try key.withBytes { symbol, timeframe throws(StoreError) in
      (low ?? .empty).withBytes { low in
        guard let high else {
          return seriesPages?.forEachRun(symbol, timeframe, from: low, to: nil, endsBefore: endsBefore, times)
        }
        return high.withBytes { high in
          seriesPages?.forEachRun(symbol, timeframe, from: low, to: high, endsBefore: endsBefore, times)
        }
      }
    } ?? false
  }
}
