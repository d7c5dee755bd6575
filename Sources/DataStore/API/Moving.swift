// SPDX-License-Identifier: MIT

extension Store {
  /// Copies all bars with their features, all requests and all state values into another store, and verifies the copy.
  ///
  /// Exact: NULL, times to the nanosecond, features and state values digit for digit, when each state value was written.
  /// (Features that another tool stored with white space lose it, as with any write.) It goes series by series and chunk by
  /// chunk, each of them one snapshot here and one transaction there, and holds a chunk of each store in memory, the
  /// requests, and the keys of the state. What the target has already is compared and not written again: a copy that was
  /// stopped goes on where it was, and one that is repeated brings over what has changed. What the target has beside is
  /// left alone; ``differences(from:limit:chunk:)`` finds it.
  ///
  /// Each series that was written to is read back and compared by its ``SeriesHash``, the rest row by row.
  ///
  /// Others may write meanwhile. A series that is written to while it is copied is copied again, three times at most. For
  /// a copy that is one snapshot copy a backup (``backup(to:overwrite:)``).
  ///
  /// - Parameters:
  ///   - target: Another open store.
  ///   - chunk: Rows at a time.
  /// - Returns: What was copied, and how much of it had to be written.
  /// - Throws: `.invalid` if `target` is this store, or `chunk` is not positive; `.busy`, with the first difference, if
  ///   something else writes all the time to what is copied: what was copied so far is stored. `.corrupt` names the bar
  ///   whose features are damaged. Otherwise as a read of this store and a write to the other, see ``StoreError``; the
  ///   chunks before the failure are stored.
  @discardableResult
  public func copy(to target: Store, chunk: Int = 10_000) throws(StoreError) -> CopyResult {
    guard target !== self, ExactText(target.path) != ExactText(path) else {
      throw .invalid("the target is the store itself: \(path)", key: "target")
    }
    return try FloatSettings.withDefault { () throws(StoreError) in
      let call = try longCall(with: target, chunk: chunk)
      let reporter = ProgressReporter.current
      var bars: Int?
      if reporter != nil { bars = Int(try engine.info().marketDataRows) }
      // The calls that it consists of are parts, which do not end what is reported.
      return try ProgressReporter.call(reporter, .rows, of: bars) { () throws(StoreError) in
        var copy = StoreCopy(from: engine, to: target.engine, chunk: chunk, call, reporter)
        let result = try copy.run()
        try reporter?.finish(result.bars)
        return result
      }
    }
  }

  /// In what this store differs from another one: bars by symbol, timeframe and time, then requests, then state.
  ///
  /// Two rows are equal if all their columns are, and their features digit for digit. -0.0 equals 0.0 in a column of
  /// numbers, since SQLite keeps no -0.0 there; NaN is NULL. Of several rows of one instant, which only other tools can
  /// have stored, the last counts. It reads both stores in chunks, each a snapshot of its own: compare while nothing
  /// writes.
  ///
  /// - Parameters:
  ///   - other: Another open store.
  ///   - limit: Ends after so many differences; 1 asks for the first.
  ///   - chunk: Rows at a time.
  /// - Returns: The differences, one for each column that differs; empty if both have the same.
  /// - Throws: `.invalid` if `limit` or `chunk` is not positive; `.corrupt` names the bar whose features are damaged.
  ///   Otherwise as a read, see ``StoreError``.
  public func differences(
    from other: Store, limit: Int = 100, chunk: Int = 10_000
  ) throws(StoreError) -> [StoreDifference] {
    guard limit > 0 else { throw .invalid("limit is \(limit); it must be 1 or more", key: "limit") }
    return try FloatSettings.withDefault { () throws(StoreError) in
      let call = try longCall(with: other, chunk: chunk)
      let comparison = StoreComparison(here: engine, there: other.engine, chunk: chunk, call: call)
      return try ProgressReporter.during(nil) { () throws(StoreError) in try comparison.run(limit: limit) }
    }
  }

  /// The hash of the bars of a series, the same in every store that holds the same bars, whatever its engine is. It
  /// compares stores that no single program can open. The bars are read in chunks, each a snapshot of its own.
  ///
  /// - Parameters:
  ///   - symbol: The series' symbol.
  ///   - timeframe: The series' timeframe.
  ///   - range: Inclusive bounds in nanoseconds since 1970-01-01T00:00:00Z; nil: the whole series.
  /// - Throws: `.corrupt` names the bar whose features are damaged. Otherwise as a read, see ``StoreError``.
  public func hash(
    _ symbol: String, _ timeframe: String, _ range: ClosedRange<Int64>? = nil
  ) throws(StoreError) -> SeriesHash {
    try hash(symbol, timeframe, TimeRange(range))
  }

  package func hash(
    _ symbol: String, _ timeframe: String, _ range: TimeRange
  ) throws(StoreError) -> SeriesHash {
    let key = try SeriesKey(symbol, timeframe)
    return try FloatSettings.withDefault { () throws(StoreError) in
      try ProgressReporter.during(nil) { () throws(StoreError) in
        try market.hash(key, range, chunk: 10_000, LongCall([interrupts]))
      }
    }
  }

  private func longCall(with other: Store, chunk: Int) throws(StoreError) -> LongCall {
    guard chunk > 0 else { throw .invalid("chunk is \(chunk); it must be 1 or more", key: "chunk") }
    try engine.checkOpen()
    try other.engine.checkOpen()
    return LongCall([interrupts, other.interrupts])
  }
}
