// SPDX-License-Identifier: MIT

/// What is stored of one (symbol, timeframe).
public struct SeriesEntry: Sendable, Equatable {
  /// The series' symbol.
  public let symbol: String
  /// The series' timeframe.
  public let timeframe: String
  /// Time of the first bar, in nanoseconds since 1970-01-01T00:00:00Z.
  public let first: Int64
  /// Time of the last bar, likewise.
  public let last: Int64
  /// Bars; nil if they were not counted.
  public let bars: Int64?
  /// How many of them fill a gap (`is_gap` is 1); nil if they were not counted.
  public let gaps: Int64?
}

extension SeriesEntry {
  /// Names are equal where their bytes are.
  public static func == (left: SeriesEntry, right: SeriesEntry) -> Bool {
    left.name == right.name
      && (left.first, left.last, left.bars, left.gaps) == (right.first, right.last, right.bars, right.gaps)
  }

  fileprivate var name: (ExactText, ExactText) { (ExactText(symbol), ExactText(timeframe)) }
}

extension MarketRepo {
  /// The inventory of the file, sorted by the bytes of symbol and timeframe.
  ///
  /// - Parameter counts: Counts bars and gaps, too, which visits each row; without it each series costs a few steps into
  ///   the index.
  /// - Throws: As a read, see ``StoreError``.
  public func series(counts: Bool = true) throws(StoreError) -> [SeriesEntry] {
    try store.read(snapshot: true) { reader throws(StoreError) in
      // A file in UTF-16 has them in the order of that.
      (counts ? try reader.countedSeries() : try reader.uncountedSeries()).sorted { $0.name < $1.name }
    }
  }
}

extension Connection {
  fileprivate func countedSeries() throws(StoreError) -> [SeriesEntry] {
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
  fileprivate func uncountedSeries() throws(StoreError) -> [SeriesEntry] {
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
