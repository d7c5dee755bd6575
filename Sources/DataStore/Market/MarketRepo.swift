// SPDX-License-Identifier: MIT

/// Bars, their features, and the requests that brought them.
public struct MarketRepo: Sendable {
  let store: Store
}

extension Store {
  /// Bars, their features, and the requests that brought them.
  public var market: MarketRepo { MarketRepo(store: self) }
}

/// One series' key as it is bound and named in messages, compared by the bytes of both names.
struct SeriesKey: Hashable {
  let symbol: String
  let timeframe: String

  init(_ symbol: String, _ timeframe: String) throws(StoreError) {
    self.symbol = try checkedName(symbol, "symbol")
    self.timeframe = try checkedName(timeframe, "timeframe")
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

  /// As parameters 1 and 2.
  func bind(to statement: Statement) {
    statement.bind(1, copying: symbol)
    statement.bind(2, copying: timeframe)
  }
}

/// Checks a symbol, a timeframe or a key against the rules for names.
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
