// SPDX-License-Identifier: MIT

/// What is stored of one (symbol, timeframe).
public struct SeriesEntry: Sendable, Equatable {
  public let symbol: String
  public let timeframe: String
  /// Times of the first and the last bar, in nanoseconds since 1970-01-01T00:00:00Z.
  public let first: Int64
  public let last: Int64
  /// Bars, and of them gap rows (`is_gap` is 1); nil where they were not counted.
  public let bars: Int64?
  public let gaps: Int64?
}

extension MarketRepo {
  /// The inventory of the file, sorted by symbol and timeframe. Counting visits each row; without it each series costs
  /// a few steps into the index.
  public func series(counts: Bool = true) throws(StoreError) -> [SeriesEntry] {
    try store.read(snapshot: true) { reader throws(StoreError) in
      counts ? try countedSeries(reader) : try uncountedSeries(reader)
    }
  }

  private func countedSeries(_ reader: Connection) throws(StoreError) -> [SeriesEntry] {
    let statement = try reader.statement(
      """
      SELECT symbol, timeframe, min(timestamp), max(timestamp), count(*), count(CASE WHEN is_gap <> 0 THEN 1 END)
      FROM main.market_data GROUP BY symbol, timeframe ORDER BY symbol, timeframe
      """)
    defer { statement.reset() }
    var entries: [SeriesEntry] = []
    while try statement.step() {
      let (symbol, timeframe) = (statement.text(0), statement.text(1))
      entries.append(
        SeriesEntry(
          symbol: symbol, timeframe: timeframe, first: try instant(statement.bytes(2), symbol, timeframe),
          last: try instant(statement.bytes(3), symbol, timeframe), bars: statement.int64(4),
          gaps: statement.int64(5)))
    }
    return entries
  }

  /// Leaps through the index from one series to the next.
  private func uncountedSeries(_ reader: Connection) throws(StoreError) -> [SeriesEntry] {
    let next = try reader.statement(
      """
      SELECT symbol, timeframe FROM main.market_data WHERE (symbol, timeframe) > (?1, ?2)
      ORDER BY symbol, timeframe LIMIT 1
      """)
    let ends = try reader.statement(
      """
      SELECT (SELECT min(timestamp) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2),
      (SELECT max(timestamp) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2)
      """)
    var entries: [SeriesEntry] = []
    var (symbol, timeframe) = ("", "")
    while true {
      next.bind(1, copying: symbol)
      next.bind(2, copying: timeframe)
      guard try next.step() else {
        next.reset()
        return entries
      }
      (symbol, timeframe) = (next.text(0), next.text(1))
      next.reset()
      ends.bind(1, copying: symbol)
      ends.bind(2, copying: timeframe)
      defer { ends.reset() }
      guard try ends.step() else { return entries }
      entries.append(
        SeriesEntry(
          symbol: symbol, timeframe: timeframe, first: try instant(ends.bytes(0), symbol, timeframe),
          last: try instant(ends.bytes(1), symbol, timeframe), bars: nil, gaps: nil))
    }
  }

  private func instant(_ text: Bytes, _ symbol: String, _ timeframe: String) throws(StoreError) -> Int64 {
    guard case .instant(let instant, _) = TimestampParser.parse(text) else {
      throw .corrupt(
        "\(symbol) \(timeframe): the stored timestamp \(StoreError.quoted(text.text)) is no ISO 8601 time within int64"
          + " nanoseconds. Delete or mend the row with an SQLite tool; check() lists such rows")
    }
    return instant
  }
}
