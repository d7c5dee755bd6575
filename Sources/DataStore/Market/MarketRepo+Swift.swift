// SPDX-License-Identifier: MIT

/// Which features a read brings back.
public enum FeatureSelection: Sendable {
  /// None.
  case none
  /// The stored JSON text of each row.
  case json
  /// Every feature that is found, as columns of values and qualities, sorted by key.
  case all
  /// These, in this order.
  case keys([String])
}

extension MarketRepo {
  /// Reads bars, each symbol's ascending in time, from one snapshot.
  ///
  /// - Parameters:
  ///   - symbols: One or more, each once; the result has them in this order.
  ///   - timeframe: The timeframe of all of them.
  ///   - range: Inclusive bounds in nanoseconds since 1970-01-01T00:00:00Z; nil: all. `.times(from: "2026-03-01")` and its
  ///     like make one of ISO 8601 texts.
  ///   - columns: The columns to read; the others are empty.
  ///   - features: Which features to read, and how.
  ///   - limit: At most so many rows, from the beginning of the result; nil: all.
  /// - Returns: The bars; no rows if nothing is found.
  /// - Throws: `.invalid` if no symbol is given, or one twice, or a name is empty. Otherwise as a read, see ``StoreError``.
  public func read(
    _ symbols: [String], _ timeframe: String, _ range: ClosedRange<Int64>? = nil, columns: BarColumns = .all,
    features: FeatureSelection = .none, limit: Int? = nil
  ) throws(StoreError) -> Bars {
    try read(symbols, timeframe, TimeRange(range), ReadShape(columns, features, limit))
  }

  /// The latest `n` bars of each symbol, ascending, from one snapshot. The other parameters are those of
  /// ``read(_:_:_:columns:features:limit:)``.
  ///
  /// - Throws: `.invalid` if `n` is negative, or as for `read`. Otherwise as a read, see ``StoreError``.
  public func latest(
    _ symbols: [String], _ timeframe: String, _ n: Int = 1, columns: BarColumns = .all,
    features: FeatureSelection = .none
  ) throws(StoreError) -> Bars {
    try latest(symbols, timeframe, n, ReadShape(columns, features, nil))
  }

  /// Reads in chunks of at most `chunk` rows, each a snapshot of its own; nothing is held open in between. The other
  /// parameters are those of ``read(_:_:_:columns:features:limit:)``.
  ///
  /// - Throws: `.invalid` if `chunk` is not positive, or as for `read`; `.closed` if the store is closed. What a read may
  ///   throw beside that comes from ``BarScan/next()``.
  public func scan(
    _ symbols: [String], _ timeframe: String, _ range: ClosedRange<Int64>? = nil, columns: BarColumns = .all,
    features: FeatureSelection = .none, chunk: Int = 50_000
  ) throws(StoreError) -> BarScan {
    try scan(symbols, timeframe, TimeRange(range), ReadShape(columns, features, nil), chunk: chunk)
  }

  /// How many bars a read of this range would have, from the index alone.
  ///
  /// - Parameters:
  ///   - symbol: The series' symbol.
  ///   - timeframe: The series' timeframe.
  ///   - range: Inclusive bounds in nanoseconds since 1970-01-01T00:00:00Z; nil: the whole series.
  /// - Throws: As a read, see ``StoreError``.
  public func count(
    _ symbol: String, _ timeframe: String, _ range: ClosedRange<Int64>? = nil
  ) throws(StoreError) -> Int {
    try count(symbol, timeframe, TimeRange(range))
  }

  /// The keys of the features that the bars of a range have, sorted by bytes. Each bar's features are looked through. The
  /// parameters are those of ``count(_:_:_:)``.
  ///
  /// - Throws: `.corrupt` names the bar whose stored features are damaged. Otherwise as a read, see ``StoreError``.
  public func featureKeys(
    _ symbol: String, _ timeframe: String, _ range: ClosedRange<Int64>? = nil
  ) throws(StoreError) -> [String] {
    try featureKeys(symbol, timeframe, TimeRange(range))
  }

  /// The runs of a regular grid of instants at which no bar is stored, from the index alone.
  ///
  /// - Parameters:
  ///   - symbol: The series' symbol.
  ///   - timeframe: The series' timeframe.
  ///   - range: The grid begins at its lower bound and ends at its upper one or before, in nanoseconds since
  ///     1970-01-01T00:00:00Z.
  ///   - step: Nanoseconds from one expected bar to the next, 1 or more.
  /// - Throws: `.invalid` if `step` is not positive. Otherwise as a read, see ``StoreError``.
  public func missing(
    _ symbol: String, _ timeframe: String, _ range: ClosedRange<Int64>, every step: Int64
  ) throws(StoreError) -> [MissingRun] {
    try missing(symbol, timeframe, TimeRange(range), step: step).list
  }

  /// The runs of expected instants at which no bar is stored, from the index alone. A run has instants that follow each
  /// other among those expected.
  ///
  /// - Parameters:
  ///   - symbol: The series' symbol.
  ///   - timeframe: The series' timeframe.
  ///   - range: Of the expected instants those between these inclusive bounds; nil: all.
  ///   - expected: In nanoseconds since 1970-01-01T00:00:00Z, in any order; one that comes twice is expected once.
  /// - Throws: `.invalid` if an instant is `Int64.min`. Otherwise as a read, see ``StoreError``.
  public func missing(
    _ symbol: String, _ timeframe: String, _ range: ClosedRange<Int64>? = nil, of expected: [Int64]
  ) throws(StoreError) -> [MissingRun] {
    // What the library's closures throw has no type.
    try expected.withUnsafeBufferPointer { expected in
      Result { () throws(StoreError) in try missing(symbol, timeframe, TimeRange(range), expected) }
    }.get().list
  }

  /// Deletes the bars of one series, with their features.
  ///
  /// - Parameters:
  ///   - symbol: The series' symbol.
  ///   - timeframe: The series' timeframe.
  ///   - range: Inclusive bounds in nanoseconds since 1970-01-01T00:00:00Z; nil: the whole series.
  /// - Returns: How many bars were deleted.
  /// - Throws: As a write, see ``StoreError``.
  @discardableResult
  public func delete(
    _ symbol: String, _ timeframe: String, _ range: ClosedRange<Int64>? = nil
  ) throws(StoreError) -> Int {
    try delete(symbol, timeframe, TimeRange(range))
  }

  /// Requests by `requestedAt`, oldest first.
  ///
  /// - Parameters:
  ///   - symbol: Only requests of this symbol; nil: any.
  ///   - timeframe: Only requests of this timeframe; nil: any.
  ///   - range: Inclusive bounds of `requestedAt`, in nanoseconds since 1970-01-01T00:00:00Z; nil: all.
  ///   - limit: At most so many, the oldest ones; nil: all.
  /// - Throws: `.invalid` if `limit` is negative. Otherwise as a read, see ``StoreError``.
  public func requests(
    symbol: String? = nil, timeframe: String? = nil, _ range: ClosedRange<Int64>? = nil, limit: Int? = nil
  ) throws(StoreError) -> [MarketRequest] {
    try requests(symbol: symbol, timeframe: timeframe, TimeRange(range), limit: limit)
  }

  /// Writes one bar of a series, as ``write(_:replace:)`` would a batch of one row.
  ///
  /// - Parameters:
  ///   - bar: The fields that were set are written; the others keep what is stored.
  ///   - symbol: The series' symbol.
  ///   - timeframe: The series' timeframe.
  ///   - replace: The row becomes what was passed and nothing else.
  /// - Throws: `.invalidFeature` if a feature breaks the rules. Otherwise as a write, see ``StoreError``.
  public func write(
    _ bar: Bar, _ symbol: String, _ timeframe: String, replace: Bool = false
  ) throws(StoreError) {
    let key = try SeriesKey(symbol, timeframe)
    try bar.lend(key) { row throws(StoreError) in try write(row, replace: replace) }
  }

  /// The latest bar with all its columns and its features as JSON; nil if there is none.
  ///
  /// - Throws: As a read, see ``StoreError``.
  public func latestBar(_ symbol: String, _ timeframe: String) throws(StoreError) -> Bar? {
    let key = try SeriesKey(symbol, timeframe)
    var latest: Bar?
    try key.symbol.withText { symbol throws(StoreError) in
      try key.timeframe.withText { timeframe throws(StoreError) in
        try withLatestBar(symbol, timeframe) { bar throws(StoreError) in latest = Bar(bar) }
      }
    }
    return latest
  }
}

extension ReadShape {
  init(_ columns: BarColumns, _ selection: FeatureSelection, _ limit: Int?) {
    switch selection {
    case .none: self.init(columns: columns, limit: limit)
    case .json: self.init(columns: columns, features: .json, limit: limit)
    case .all: self.init(columns: columns, features: .columns, limit: limit)
    case .keys(let keys): self.init(columns: columns, features: .columns, featureKeys: keys, limit: limit)
    }
  }
}

extension Bar {
  fileprivate init(_ bar: BorrowedBar) {
    self.init(timestamp: bar.timestamp)
    carried = .everything
    numbers = PerColumn { bar.fields[$0].number }
    texts = PerColumn { bar.fields[$0].text?.text }
    flags = PerColumn { bar.fields[$0].flag != 0 }
  }

  /// Lends copies of the texts to `body`.
  fileprivate func lend(
    _ key: SeriesKey, _ body: (BorrowedRow) throws(StoreError) -> Void
  ) throws(StoreError) {
    let lender = Lender()
    defer { withExtendedLifetime(lender) {} }
    func lend(_ text: String) throws(StoreError) -> Bytes {
      if text.utf8.contains(0) { throw .invalid("the text \(StoreError.quoted(text)) holds a NUL character") }
      return lender.lend(text: text)
    }
    try BorrowedBar.with(timestamp, carried) { bar throws(StoreError) in
      for column in texts.indices {
        bar.fields[column].number = numbers[column]
        bar.fields[column].flag = flags[column] ? 1 : 0
        if let text = texts[column] { bar.fields[column].text = try lend(text) }
      }
      try body(BorrowedRow(bar, symbol: try lend(key.symbol), timeframe: try lend(key.timeframe)))
    }
  }
}

extension String {
  /// As a C text. One with a NUL within is refused: C would stop there.
  fileprivate func withText<Result>(
    _ body: (UnsafePointer<CChar>) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    if utf8.contains(0) { throw .invalid("the text \(StoreError.quoted(self)) holds a NUL character") }
    return try utf8CString.withUnsafeBufferPointer { text throws(StoreError) in
      guard let start = text.baseAddress else { throw .invalid("an empty text") }
      return try body(start)
    }
  }
}
