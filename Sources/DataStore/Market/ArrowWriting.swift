// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Writes the bars of an Arrow stream, as ``write(_:replace:)`` would a batch of all its rows, in one transaction.
  ///
  /// Its columns are those of a ``BarBatch``, by the names that the file has them under: `timestamp` (a timestamp type with a
  /// time zone), `open`, `is_gap` and so on; `symbol` and `timeframe` where each row has its own; `features` as JSON text.
  ///
  /// - Parameters:
  ///   - stream: It is read to its end, or to its error, and released.
  ///   - symbol: The symbol of all rows; nil: the stream has that column.
  ///   - timeframe: The timeframe of all rows; nil: the stream has that column.
  ///   - replace: Each row becomes what was passed and nothing else.
  /// - Returns: The rows given.
  /// - Throws: `.invalid` and `.invalidFeature`, with the row, if anything in the stream breaks a rule, or is of a type that
  ///   would take a guess; what the stream itself failed with. Nothing of it is written then. Otherwise as a write, see
  ///   ``StoreError``.
  @discardableResult
  public func write(
    arrow stream: consuming ArrowStream, symbol: String? = nil, timeframe: String? = nil,
    replace: Bool = false
  ) throws(StoreError) -> Int {
    try write(bars: stream.source, symbol, timeframe, replace: replace)
  }

  /// Writes the features of an Arrow stream, as ``writeFeatures(_:replace:)`` would those of a batch.
  ///
  /// - Parameters:
  ///   - stream: It is read to its end, or to its error, and released. Beside `timestamp`, and `symbol` and `timeframe`
  ///     where each row has its own, each column is a feature: numbers, or structs of `value` and `quality`.
  ///   - symbol: The symbol of all rows; nil: the stream has that column.
  ///   - timeframe: The timeframe of all rows; nil: the stream has that column.
  ///   - quality: That of all values in columns that have none of their own; nil: `.ready` goes with a number and `.missing`
  ///     with none.
  ///   - replace: The features of each bar become those given, instead of merging by key.
  /// - Returns: The rows given.
  /// - Throws: As ``write(arrow:symbol:timeframe:replace:)``, and `.missingBar` if one of the bars is not stored.
  @discardableResult
  public func writeFeatures(
    arrow stream: consuming ArrowStream, symbol: String? = nil, timeframe: String? = nil,
    quality: FeatureQuality? = nil, replace: Bool = false
  ) throws(StoreError) -> Int {
    try write(features: stream.source, symbol, timeframe, quality: quality?.word, replace: replace)
  }

  /// Writes a stream of C's. `stream` is that of a `struct ArrowArrayStream`; it is taken over, and released however this
  /// ends.
  package func write(
    arrow stream: UnsafeMutableRawPointer, symbol: String?, timeframe: String?, replace: Bool
  ) throws(StoreError) -> Int {
    try write(bars: try ArrowStreamIn(stream), symbol, timeframe, replace: replace)
  }

  /// The same for features.
  package func writeFeatures(
    arrow stream: UnsafeMutableRawPointer, symbol: String?, timeframe: String?, quality: String?,
    replace: Bool
  ) throws(StoreError) -> Int {
    try write(features: try ArrowStreamIn(stream), symbol, timeframe, quality: quality, replace: replace)
  }

  private func write(
    bars stream: ArrowStreamIn, _ symbol: String?, _ timeframe: String?, replace: Bool
  ) throws(StoreError) -> Int {
    try write(stream, symbol, timeframe, .bars) { rows throws(StoreError) in
      try write(rows, replace: replace)
    }
  }

  private func write(
    features stream: ArrowStreamIn, _ symbol: String?, _ timeframe: String?, quality: String?, replace: Bool
  ) throws(StoreError) -> Int {
    try write(stream, symbol, timeframe, .features(quality: quality)) { rows throws(StoreError) in
      try writeFeatures(rows, replace: replace)
    }
  }

  /// Writes the stream's rows by `write`, which is called for one part after the other, within one transaction.
  private func write(
    _ stream: ArrowStreamIn, _ symbol: String?, _ timeframe: String?,
    _ content: ArrowTable.Content,
    _ write: (BorrowedBatch) throws(StoreError) -> Int
  ) throws(StoreError) -> Int {
    defer { stream.release() }
    return try FloatSettings.withDefault { () throws(StoreError) in
      try engine.checkOpen()
      let table = try ArrowTable(stream.fields, symbol: symbol, timeframe: timeframe, content)
      // To the end before anything is written: a producer may take its time, or use this store.
      var question = PullQuestion()
      // What a producer does with a store is not this call's progress.
      let chunks = try ProgressReporter.during(nil) { () throws(StoreError) in
        try stream.pull { () throws(StoreError) in try question.ask() }
      }
      if chunks.rows > 0 { try table.checkTypes() }
      let groups = chunks.rows > 0 ? ArrowTable.groups(of: chunks) : []
      if groups.count == 1 {
        try table.lend(chunks, groups[0], write)
        return chunks.rows
      }
      let reporter = ProgressReporter.current
      try ProgressReporter.call(reporter, .rows, of: chunks.rows) { () throws(StoreError) in
        if groups.isEmpty {
          try reporter?.finish()
        } else {
          try self.write(chunks, groups, table, reporter, write)
        }
      }
      return chunks.rows
    }
  }

  /// Writes several groups of chunks as one.
  private func write(
    _ chunks: borrowing ArrowChunks, _ groups: [ArrowTable.Group], _ table: ArrowTable,
    _ reporter: ProgressReporter?,
    _ write: (BorrowedBatch) throws(StoreError) -> Int
  ) throws(StoreError) {
    let transaction = try engine.beginTransaction()
    do throws(StoreError) {
      var rows = 0
      for group in groups {
        reporter?.go(on: rows)
        try table.lend(chunks, group, write)
        rows += group.rows
        chunks.finish(group.chunks)
      }
      try reporter?.finish()
    } catch {
      try? engine.end(transaction, commit: false)
      throw error
    }
    try engine.end(transaction, commit: true)
  }
}

/// Asks the thread's cancellation callback while a stream is pulled, which is not a call of the engine's.
private struct PullQuestion {
  private var next = Deadline.now + CancellationCallback.interval

  mutating func ask() throws(StoreError) {
    guard CancellationCallback.isSet else { return }
    let now = Deadline.now
    guard now >= next else { return }
    next = now + CancellationCallback.interval
    if CancellationCallback.isAnsweredYes() { throw .isInterrupted }
  }
}
