// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Deletes the bars of one series within a range; returns how many.
  package func delete(
    _ symbol: String, _ timeframe: String, _ range: TimeRange
  ) throws(StoreError) -> Int {
    try engine.deleteBars(try SeriesKey(symbol, timeframe), range)
  }
}
