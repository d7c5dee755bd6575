// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// The inventory of the store, sorted by the bytes of symbol and timeframe.
  ///
  /// - Parameter counts: Counts bars and gaps, too, which visits each row; without it each series costs a few steps into
  ///   the index.
  /// - Throws: As a read, see ``StoreError``.
  public func series(counts: Bool = true) throws(StoreError) -> [SeriesEntry] {
    try engine.series(counts: counts).sorted { $0.name < $1.name }
  }
}
