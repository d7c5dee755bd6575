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
    var seen: Set<SeriesKey> = []
    var keys: [SeriesKey] = []
    for symbol in symbols {
      let key = try SeriesKey(symbol, timeframe)
      guard seen.insert(key).inserted else {
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
