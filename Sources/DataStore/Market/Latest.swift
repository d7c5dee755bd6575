// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// The latest bar with all its columns and its features as JSON; nil if there is none. The texts that `body`
  /// sees live until it returns.
  package func withLatestBar<Result>(
    _ symbol: UnsafePointer<CChar>, _ timeframe: UnsafePointer<CChar>,
    _ body: (LatestBar?) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let symbol = Bytes(cString: symbol)
    let timeframe = Bytes(cString: timeframe)
    guard symbol.count > 0, timeframe.count > 0, symbol.isValidUTF8, timeframe.isValidUTF8 else {
      // Says which, and why.
      _ = try SeriesKey(symbol.text, timeframe.text)
      throw .invalid("the symbol or the timeframe is not valid UTF-8")
    }
    var result: Result?
    try engine.latestBar(symbol, timeframe) { bar throws(StoreError) in result = try body(bar) }
    guard let result else {
      throw StoreError(.internalError, "the latest bar was not looked for. Please report this message")
    }
    return result
  }
}
