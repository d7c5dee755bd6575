// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Reads one timeframe of one or more symbols, each ascending in time, from one snapshot.
  package func read(
    _ symbols: [String], _ timeframe: String, _ range: TimeRange, _ shape: ReadShape
  ) throws(StoreError) -> Bars {
    let keys = try seriesKeys(symbols, timeframe, shape)
    return try collect(keys, timeframe, shape, limit: shape.limit) { SeriesRead(key: $0, range: range) }
  }

  /// The latest `n` bars of each symbol, ascending.
  package func latest(
    _ symbols: [String], _ timeframe: String, _ n: Int, _ shape: ReadShape
  ) throws(StoreError) -> Bars {
    guard n >= 0 else { throw .invalid("n is \(n); it must be 0 or more", key: "n") }
    let keys = try seriesKeys(symbols, timeframe, shape)
    return try collect(keys, timeframe, shape, limit: nil) {
      SeriesRead(key: $0, range: .all, limit: min(n, Limits.rows), isFromEnd: true)
    }
  }

  func seriesKeys(
    _ symbols: [String], _ timeframe: String, _ shape: ReadShape
  ) throws(StoreError) -> [SeriesKey] {
    try shape.check()
    guard !symbols.isEmpty else { throw .invalid("no symbol is asked for; name at least one", key: "symbol") }
    var keys: [SeriesKey] = []
    keys.reserveCapacity(symbols.count)
    var names = DistinctNames()
    for symbol in symbols {
      // What the symbols have in common is looked at once.
      let key =
        if let first = keys.first { try first.with(symbol: symbol) } else { try SeriesKey(symbol, timeframe) }
      guard names.insert(symbol) else {
        throw .invalid(
          "symbol \(StoreError.quoted(symbol)) is asked for twice; name each once", key: "symbol")
      }
      keys.append(key)
    }
    return keys
  }

  /// Reads the part that `read` says of each series.
  private func collect(
    _ keys: [SeriesKey], _ timeframe: String, _ shape: ReadShape, limit: Int?,
    _ read: (SeriesKey) -> SeriesRead
  ) throws(StoreError) -> Bars {
    let rows = try engine.readBars(keys.map(read), shape, limit: limit)
    return Bars(rows, symbols: keys.map(\.symbol), timeframe: timeframe)
  }
}

/// Names that came so far. Long lists are sorted, mostly: then a comparison with the last one tells that a name is new.
private struct DistinctNames: ~Copyable {
  private var ascending: [String] = []
  /// All of them, once one has come that is not behind the last; nil before.
  private var known: TextInterner?

  /// False if the name has come before.
  mutating func insert(_ name: String) -> Bool {
    if known == nil {
      if ascending.last.map({ ExactText($0) < ExactText(name) }) ?? true {
        ascending.append(name)
        return true
      }
      known = TextInterner()
      for earlier in ascending { _ = add(earlier) }
      ascending = []
    }
    return add(name)
  }

  private mutating func add(_ name: String) -> Bool {
    let count = known?.count ?? 0
    return name.withBytes { known?.intern($0) } == count
  }
}
