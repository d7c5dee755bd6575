// SPDX-License-Identifier: MIT

/// What is stored of one (symbol, timeframe).
public struct SeriesEntry: Sendable, Equatable {
  /// The series' symbol.
  public let symbol: String
  /// The series' timeframe.
  public let timeframe: String
  /// Time of the first bar, in nanoseconds since 1970-01-01T00:00:00Z.
  public let first: Int64
  /// Time of the last bar, likewise.
  public let last: Int64
  /// Bars; nil where they were not counted.
  public let bars: Int64?
  /// Of them gap rows (`is_gap` is 1); nil where they were not counted.
  public let gaps: Int64?
}

extension MarketRepo {
  /// The inventory of the file, sorted by symbol and timeframe. Counting visits each row; without it each series costs
  /// a few steps into the index.
  public func series(counts: Bool = true) throws(StoreError) -> [SeriesEntry] {
    try store.read(snapshot: true) { reader throws(StoreError) in
      counts ? try reader.countedSeries() : try reader.uncountedSeries()
    }
  }
}

extension Connection {
  fileprivate func countedSeries() throws(StoreError) -> [SeriesEntry] {
    let statement = try statement(
      """
      SELECT symbol, timeframe, min(timestamp), max(timestamp), count(*), count(CASE WHEN is_gap <> 0 THEN 1 END)
      FROM main.market_data GROUP BY symbol, timeframe ORDER BY symbol, timeframe
      """)
    defer { statement.reset() }
    var entries: [SeriesEntry] = []
    while try statement.step() {
      let key = try SeriesKey(statement.text(0), statement.text(1))
      let ends = try instants(key, first: statement.text(2), last: statement.text(3))
      entries.append(
        SeriesEntry(
          symbol: key.symbol, timeframe: key.timeframe, first: ends.first, last: ends.last,
          bars: statement.int64(4), gaps: statement.int64(5)))
    }
    return entries
  }

  /// Leaps through the index from one series to the next.
  fileprivate func uncountedSeries() throws(StoreError) -> [SeriesEntry] {
    let textEnds = try statement(
      """
      SELECT (SELECT min(timestamp) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2),
      (SELECT max(timestamp) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2)
      """)
    var entries: [SeriesEntry] = []
    var key = try seriesAfter(nil)
    while let series = key {
      series.bind(to: textEnds)
      defer { textEnds.reset() }
      guard try textEnds.step() else { break }
      let ends = try instants(series, first: textEnds.text(0), last: textEnds.text(1))
      entries.append(
        SeriesEntry(
          symbol: series.symbol, timeframe: series.timeframe, first: ends.first, last: ends.last, bars: nil,
          gaps: nil))
      key = try seriesAfter(series)
    }
    return entries
  }

  /// The next series in the index: another timeframe of the same symbol, else the next symbol's first. (One row value,
  /// `(symbol, timeframe) > (?1, ?2)`, would visit all bars of the series at hand.)
  private func seriesAfter(_ key: SeriesKey?) throws(StoreError) -> SeriesKey? {
    if let key {
      let sameSymbol = try statement(
        """
        SELECT symbol, timeframe FROM main.market_data WHERE symbol = ?1 AND timeframe > ?2 ORDER BY timeframe LIMIT 1
        """)
      key.bind(to: sameSymbol)
      defer { sameSymbol.reset() }
      if try sameSymbol.step() { return try SeriesKey(sameSymbol.text(0), sameSymbol.text(1)) }
    }
    let nextSymbol = try statement(
      "SELECT symbol, timeframe FROM main.market_data WHERE symbol > ?1 ORDER BY symbol, timeframe LIMIT 1")
    nextSymbol.bind(1, copying: key?.symbol ?? "")
    defer { nextSymbol.reset() }
    return try nextSymbol.step() ? try SeriesKey(nextSymbol.text(0), nextSymbol.text(1)) : nil
  }

  /// The first and the last instant of a series whose first and last texts are these.
  private func instants(
    _ key: SeriesKey, first: String, last: String
  ) throws(StoreError) -> (first: Int64, last: Int64) {
    if let early = first.withBytes({ TimestampParser.stored($0) }),
      let late = last.withBytes({ TimestampParser.stored($0) }),
      !(try foreignForms.hide(key, from: late, to: early, self))
    {
      return (early, late)
    }
    let statement = try statement(
      """
      SELECT min(ds_nanoseconds(timestamp)), max(ds_nanoseconds(timestamp)) FROM main.market_data
      WHERE symbol = ?1 AND timeframe = ?2
      """)
    key.bind(to: statement)
    defer { statement.reset() }
    _ = try statement.step()
    return (statement.int64(0), statement.int64(1))
  }
}
