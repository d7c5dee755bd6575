// SPDX-License-Identifier: MIT

/// One series' key as it is bound and named in messages, compared by the bytes of both names.
struct SeriesKey: Hashable {
  let symbol: String
  let timeframe: String

  init(_ symbol: String, _ timeframe: String) throws(StoreError) {
    self.symbol = try checkedName(symbol, "symbol")
    self.timeframe = try checkedName(timeframe, "timeframe")
  }

  private init(symbol: String, checkedTimeframe: String) throws(StoreError) {
    self.symbol = try checkedName(symbol, "symbol")
    timeframe = checkedTimeframe
  }

  /// Another symbol's key of the same timeframe.
  func with(symbol: String) throws(StoreError) -> SeriesKey {
    try SeriesKey(symbol: symbol, checkedTimeframe: timeframe)
  }

  /// For messages: two series may have the same.
  var text: String { "\(symbol) \(timeframe)" }

  static func == (left: SeriesKey, right: SeriesKey) -> Bool {
    ExactText(left.symbol) == ExactText(right.symbol)
      && ExactText(left.timeframe) == ExactText(right.timeframe)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(ExactText(symbol))
    hasher.combine(ExactText(timeframe))
  }
}

extension SeriesKey {
  func withBytes<Result>(
    _ body: (_ symbol: Bytes, _ timeframe: Bytes) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    // What the library's closures throw has no type.
    try symbol.withBytes { symbol in
      timeframe.withBytes { timeframe in
        Swift.Result { () throws(StoreError) in try body(symbol, timeframe) }
      }
    }.get()
  }
}
