// SPDX-License-Identifier: MIT

/// Bars, their features, and the requests that brought them.
public struct MarketRepo: Sendable {
  let store: Store
}

extension Store {
  /// Bars, their features, and the requests that brought them.
  public var market: MarketRepo { MarketRepo(store: self) }
}

/// One series' key as it is bound and named in messages.
struct SeriesKey {
  let symbol: String
  let timeframe: String

  init(_ symbol: String, _ timeframe: String) throws(StoreError) {
    self.symbol = try checkedName(symbol, "symbol")
    self.timeframe = try checkedName(timeframe, "timeframe")
  }

  var text: String { "\(symbol) \(timeframe)" }

  /// As parameters 1 and 2.
  func bind(to statement: Statement) {
    statement.bind(1, copying: symbol)
    statement.bind(2, copying: timeframe)
  }
}

/// Holds a symbol, a timeframe or a key against the rules for names.
func checkedName(_ name: String, _ what: String) throws(StoreError) -> String {
  if name.isEmpty { throw .invalid("the \(what) is empty; name it", key: what) }
  if name.utf8.count > Limits.nameBytes {
    throw .invalid(
      "the \(what) \(StoreError.quoted(name)) is longer than \(Limits.nameBytes) bytes", key: what)
  }
  if name.utf8.contains(0) {
    throw .invalid("the \(what) \(StoreError.quoted(name)) holds a NUL character", key: what)
  }
  return name
}
