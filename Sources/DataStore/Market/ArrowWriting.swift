// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Writes the bars of an Arrow stream, as `write(_:replace:)` would a batch of all its rows, in one transaction.
  ///
  /// `stream` is that of a `struct ArrowArrayStream`; it is taken over, and released however this ends. `symbol` or
  /// `timeframe` nil: the stream has that column. Returns the rows given.
  @discardableResult
  package func write(
    arrow stream: UnsafeMutableRawPointer, symbol: String?, timeframe: String?, replace: Bool
  ) throws(StoreError) -> Int {
    try write(stream, symbol, timeframe, .bars) { rows throws(StoreError) in
      try write(rows, replace: replace)
    }
  }

  /// Writes the features of an Arrow stream, as `writeFeatures(_:replace:)` would those of a batch. `quality` is the word for
  /// all values of columns that have none of their own; nil: it goes by the value.
  @discardableResult
  package func writeFeatures(
    arrow stream: UnsafeMutableRawPointer, symbol: String?, timeframe: String?, quality: String?,
    replace: Bool
  ) throws(StoreError) -> Int {
    try write(stream, symbol, timeframe, .features(quality: quality)) { rows throws(StoreError) in
      try writeFeatures(rows, replace: replace)
    }
  }

  /// Writes the stream's rows by `write`, which is called for one part after the other, within one transaction.
  private func write(
    _ pointer: UnsafeMutableRawPointer, _ symbol: String?, _ timeframe: String?,
    _ content: ArrowTable.Content,
    _ write: (BorrowedBatch) throws(StoreError) -> Int
  ) throws(StoreError) -> Int {
    let stream = try ArrowStreamIn(pointer)
    defer { stream.release() }
    return try FloatSettings.withDefault { () throws(StoreError) in
      try engine.checkOpen()
      let table = try ArrowTable(stream.fields, symbol: symbol, timeframe: timeframe, content)
      // To the end before anything is written: a producer may take its time, or use this store.
      var question = PullQuestion()
      let chunks = try stream.pull { () throws(StoreError) in try question.ask() }
      guard chunks.rows > 0 else { return 0 }
      try table.checkTypes()
      let groups = ArrowTable.groups(of: chunks)
      if groups.count == 1 {
        try table.lend(chunks, groups[0], write)
        return chunks.rows
      }
      let transaction = try engine.beginTransaction()
      do throws(StoreError) {
        for group in groups {
          try table.lend(chunks, group, write)
          chunks.finish(group.chunks)
        }
      } catch {
        try? engine.end(transaction, commit: false)
        throw error
      }
      try engine.end(transaction, commit: true)
      return chunks.rows
    }
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
