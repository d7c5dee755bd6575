// SPDX-License-Identifier: MIT

extension StoreConnection {
  func countedSeries() throws(StoreError) -> [SeriesEntry] {
    let statement = try statement(
      """
      SELECT symbol, timeframe, min(timestamp), max(timestamp), count(*), count(CASE WHEN is_gap <> 0 THEN 1 END)
      FROM main.market_data GROUP BY symbol, timeframe ORDER BY symbol, timeframe
      """)
    defer { statement.reset() }
    var entries: [SeriesEntry] = []
    while try statement.step() {
      let key = try SeriesKey(statement.text(0), statement.text(1))
      let ends = try instants(key, first: statement.text(2), last: statement.text(3))
      entries.append(
        SeriesEntry(
          symbol: key.symbol, timeframe: key.timeframe, first: ends.first, last: ends.last,
          bars: statement.int64(4), gaps: statement.int64(5)))
    }
    return entries
  }

  /// Leaps through the index from one series to the next.
  func uncountedSeries() throws(StoreError) -> [SeriesEntry] {
    let textEnds = try statement(
      """
      SELECT (SELECT min(timestamp) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2),
      (SELECT max(timestamp) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2)
      """)
    var entries: [SeriesEntry] = []
    var next = try seriesAfter(nil)
    while let series = next {
      let key = try series.key()
      series.bind(to: textEnds)
      defer { textEnds.reset() }
      guard try textEnds.step() else { break }
      let ends = try instants(key, first: textEnds.text(0), last: textEnds.text(1))
      entries.append(
        SeriesEntry(
          symbol: key.symbol, timeframe: key.timeframe, first: ends.first, last: ends.last, bars: nil,
          gaps: nil))
      next = try seriesAfter(series)
    }
    return entries
  }

  /// The next series in the index: another timeframe of the same symbol, else the next symbol's first. (One row value,
  /// `(symbol, timeframe) > (?1, ?2)`, would visit all bars of the current series.)
  private func seriesAfter(_ series: StoredSeries?) throws(StoreError) -> StoredSeries? {
    if let series {
      let sameSymbol = try statement(
        """
        SELECT symbol, timeframe FROM main.market_data WHERE symbol = ?1 AND timeframe > ?2 ORDER BY timeframe LIMIT 1
        """)
      series.bind(to: sameSymbol)
      defer { sameSymbol.reset() }
      if try sameSymbol.step() { return StoredSeries(sameSymbol) }
    }
    let nextSymbol = try statement(
      "SELECT symbol, timeframe FROM main.market_data WHERE symbol > ?1 ORDER BY symbol, timeframe LIMIT 1")
    (series?.symbol ?? .empty).bind(1, to: nextSymbol)
    defer { nextSymbol.reset() }
    return try nextSymbol.step() ? StoredSeries(nextSymbol) : nil
  }

  /// The first and the last instant of a series whose first and last texts are these.
  private func instants(
    _ key: SeriesKey, first: String, last: String
  ) throws(StoreError) -> (first: Int64, last: Int64) {
    if let early = first.withBytes({ TimestampParser.stored($0) }),
      let late = last.withBytes({ TimestampParser.stored($0) }),
      !(try foreignForms.hide(key, from: late, to: nil, self)),
      !(try foreignForms.hide(key, from: nil, to: early, self))
    {
      return (early, late)
    }
    // An index out of order may list a series and then not find it; check() tells of that.
    guard let early = try extreme(key, isFromEnd: false), let late = try extreme(key, isFromEnd: true) else {
      guard first.isEmpty else {
        throw .corrupt(
          "\(key.text) \(first): the symbol or the timeframe is stored as something that is not text. Fix the rows with"
            + " an SQLite tool; check() lists them")
      }
      return (0, 0)
    }
    return (early.instant, late.instant)
  }
}

/// A series as it is stored. Another tool may have written a BLOB, or bytes that are not UTF-8: the text that stands for them
/// comes elsewhere in the index, and a leap from there could find the same series for ever.
private struct StoredSeries {
  struct Name {
    static let empty = Name(bytes: [], isBlob: false)
    let bytes: [UInt8]
    let isBlob: Bool

    func bind(_ index: Int32, to statement: Statement) {
      bytes.withUnsafeBufferPointer { bytes in
        if isBlob { statement.bindCopy(index, blob: bytes) } else { statement.bindCopy(index, text: bytes) }
      }
    }
  }

  let symbol: Name
  private let timeframe: Name

  /// Of the current row, whose first columns they are.
  init(_ statement: Statement) {
    func name(_ column: Int32) -> Name {
      Name(bytes: Array(statement.bytes(column)), isBlob: statement.kind(column) == .blob)
    }
    symbol = name(0)
    timeframe = name(1)
  }

  func key() throws(StoreError) -> SeriesKey {
    try SeriesKey(
      String(decoding: symbol.bytes, as: UTF8.self), String(decoding: timeframe.bytes, as: UTF8.self))
  }

  /// As parameters 1 and 2.
  func bind(to statement: Statement) {
    symbol.bind(1, to: statement)
    timeframe.bind(2, to: statement)
  }
}
