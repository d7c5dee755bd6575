// SPDX-License-Identifier: MIT

/// Bars in and out, as calls.
extension PostgreSQLEngine {
  func writeBars(_ batch: BorrowedBatch, replace: Bool) throws(StoreError) {
    let reporter = ProgressReporter.current
    if batch.count == 1, reporter == nil { return try writeOnlyRow(of: batch, replace: replace) }
    try ProgressReporter.call(reporter, .rows, of: batch.count) { () throws(StoreError) in
      try writeBatch(batch, replace: replace, reporter)
    }
  }

  private func writeBatch(
    _ batch: BorrowedBatch, replace: Bool, _ reporter: ProgressReporter?
  ) throws(StoreError) {
    let isMerged = batch.carriesFeatures && !replace
    let isDone = try write(.oneMessage) { session throws(StoreError) in
      try session.telling(reporter) { () throws(StoreError) in
        if try session.insertNew(batch, replace: replace, into: tables.bars) { return true }
        if !isMerged { try session.upsert(batch, replace: replace, into: tables.bars) }
        return !isMerged
      }
    }
    if isDone { return }
    try writeMerging(reporter) { session throws(StoreError) in
      try session.upsert(batch, replace: false, into: tables.bars)
    }
  }

  func writeFeatures(_ batch: BorrowedBatch, _ change: FeatureChange) throws(StoreError) {
    let reporter = ProgressReporter.current
    if batch.count == 1, change == .merge, reporter == nil { return try mergeFeaturesOfOnlyRow(of: batch) }
    try ProgressReporter.call(reporter, .rows, of: batch.count) { () throws(StoreError) in
      try writeMerging(reporter) { session throws(StoreError) in
        try session.writeFeatures(batch, change, into: tables.bars)
      }
    }
  }

  func writeBar(_ row: BorrowedRow, replace: Bool) throws(StoreError) {
    var texts = FeatureTextPacker()
    var features: Bytes?
    if row.bar.carried.contains(.features), let text = row.bar.features {
      features = try row.packed { () throws(FeaturePackFault) in try texts.pack(text, row: 0) }
    }
    try writeOneRow(row, features, replace: replace)
    withExtendedLifetime(texts) {}
  }

  private func writeOnlyRow(of batch: BorrowedBatch, replace: Bool) throws(StoreError) {
    try BorrowedRow.only(of: batch) { row throws(StoreError) in
      try withFeatures(of: row, batch) { features throws(StoreError) in
        try writeOneRow(row, features, replace: replace)
      }
    }
  }

  private func mergeFeaturesOfOnlyRow(of batch: BorrowedBatch) throws(StoreError) {
    try BorrowedRow.only(of: batch) { row throws(StoreError) in
      try withFeatures(of: row, batch) { features throws(StoreError) in
        try writeOneBar(row, features, mayInsert: false) { session throws(StoreError) in
          try session.mergeFeatures(row, features, in: tables.bars)
        }
      }
    }
  }

  private func writeOneRow(_ row: BorrowedRow, _ features: Bytes?, replace: Bool) throws(StoreError) {
    try writeOneBar(row, features, replace: replace) { session throws(StoreError) in
      try session.upsert(row, features, replace: replace, into: tables.bars)
    }
  }

  /// Runs `body`, which is one statement. Where its answer is lost, the bar tells whether it was run.
  private func writeOneBar(
    _ row: BorrowedRow, _ features: Bytes?, replace: Bool = false, mayInsert: Bool = true,
    _ body: (Session) throws(StoreError) -> Void
  ) throws(StoreError) {
    try write(
      .oneMessage,
      orFind: { lost, failure throws(StoreError) in
        var row = row
        if !mayInsert { row.bar.carried = .features }
        try findOut(lost, failure) { session throws(StoreError) in
          try session.find(row, features, replace: replace, behind: lost.horizon, in: tables.bars)
        }
      }, body)
  }

  /// Lends the only row's features, packed, to `body`; nil if it says nothing of them.
  private func withFeatures(
    of row: BorrowedRow, _ batch: BorrowedBatch, _ body: (Bytes?) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard batch.carriesFeatures else { return try body(nil) }
    var packer = try batch.featurePacker()
    try body(try row.packed { () throws(FeaturePackFault) in try packer.pack(0) })
    // The features are its memory.
    withExtendedLifetime(packer) {}
  }

  /// Runs `body`, which merges features with what is stored, until nobody has changed that meanwhile.
  private func writeMerging(
    _ reporter: ProgressReporter?, _ body: (Session) throws(StoreError) -> Void
  ) throws(StoreError) {
    let deadline = Deadline(secondsFromNow: options.timeout)
    while true {
      var wasOvertaken = false
      do throws(StoreError) {
        return try write(.severalMessages) { session throws(StoreError) in
          wasOvertaken = false
          do throws(StoreError) {
            try session.telling(reporter) { () throws(StoreError) in try body(session) }
          } catch {
            wasOvertaken = session.lastState == .divisionByZero
            throw error
          }
        }
      } catch {
        guard wasOvertaken else { throw error }
        guard !deadline.isPast else { throw .isOvertaken }
      }
    }
  }

  func readBars(_ reads: [SeriesRead], _ shape: ReadShape, limit: Int?) throws(StoreError) -> BarAccumulator {
    let reporter = ProgressReporter.current
    var rows: BarAccumulator?
    try ProgressReporter.call(reporter, .rows, of: nil) { () throws(StoreError) in
      // How many rows there will be is asked for in the same snapshot.
      let needsSnapshot = reads.count > 1 && !reads.areAlike || reporter != nil
      try read(snapshot: needsSnapshot) { session throws(StoreError) in
        reporter?.expect(try session.expectedRows(reads, limit: limit, in: tables.bars))
        rows = try session.telling(reporter) { () throws(StoreError) in
          try session.readBars(reads, shape, limit: limit, from: tables.bars)
        }
        try reporter?.finish(rows?.count ?? 0)
      }
    }
    guard let rows else { throw StoreError(.internalError, "nothing was read. Please report this message") }
    return rows
  }

  func latestBar(
    _ symbol: Bytes, _ timeframe: Bytes, _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError) {
    try read(snapshot: false) { session throws(StoreError) in
      try session.latestBar(symbol, timeframe, from: tables.bars, body)
    }
  }

  func hasBars(_ key: SeriesKey) throws(StoreError) -> Bool {
    try read(snapshot: false) { session throws(StoreError) in try session.hasBars(key, in: tables.bars) }
  }

  func countBars(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int {
    try read(snapshot: false) { session throws(StoreError) in
      try session.countBars(key, range, in: tables.bars)
    }
  }

  func barTimes(_ key: SeriesKey, _ range: TimeRange, _ taker: any TimesTaker) throws(StoreError) {
    try read(snapshot: false) { session throws(StoreError) in
      // What came before a connection was lost comes again.
      taker.restart()
      try session.barTimes(key, range, in: tables.bars, taker)
    }
  }

  func featureKeys(_ reads: [SeriesRead], limit: Int?) throws(StoreError) -> [String] {
    try read(snapshot: true) { session throws(StoreError) in
      try session.featureKeys(reads, limit: limit, in: tables.bars)
    }
  }
}

extension StoreError {
  /// Others have written the same bars again and again.
  fileprivate static var isOvertaken: StoreError {
    StoreError(
      .busy,
      "other writers changed the features of the same bars for longer than the timeout. Nothing was written: try again, or"
        + " raise the timeout")
  }
}
