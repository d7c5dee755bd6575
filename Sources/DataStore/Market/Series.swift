// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// The inventory of the store, sorted by the bytes of symbol and timeframe. Counting visits each row; without it each
  /// series costs a few steps into the index.
  public func series(counts: Bool = true) throws(StoreError) -> [SeriesEntry] {
    try engine.series(counts: counts).sorted { $0.name < $1.name }
  }
}
