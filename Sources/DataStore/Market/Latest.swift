// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Lends the latest bar, all its columns and its features as JSON, to `body`, if there is one. The texts that
  /// `body` sees live until it returns. (A generic result would cost four hundred instructions between modules.)
  package func withLatestBar(
    _ symbol: UnsafePointer<CChar>, _ timeframe: UnsafePointer<CChar>,
    _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError) {
    let symbol = Bytes(cString: symbol)
    let timeframe = Bytes(cString: timeframe)
    guard symbol.count > 0, timeframe.count > 0, symbol.count <= Limits.nameBytes,
      timeframe.count <= Limits.nameBytes, symbol.isValidUTF8, timeframe.isValidUTF8
    else {
      // Says which, and why.
      _ = try SeriesKey(symbol.text, timeframe.text)
      throw .invalid("the symbol or the timeframe is not valid UTF-8")
    }
    try engine.latestBar(symbol, timeframe, body)
  }
}
