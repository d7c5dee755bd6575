// SPDX-License-Identifier: MIT

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

extension SeriesKey {
  func withBytes<Result>(
    _ body: (_ symbol: Bytes, _ timeframe: Bytes) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try Array(symbol.utf8).withUnsafeBufferPointer { symbol throws(StoreError) in
      try Array(timeframe.utf8).withUnsafeBufferPointer { timeframe throws(StoreError) in
        try body(symbol, timeframe)
      }
    }
  }
}
