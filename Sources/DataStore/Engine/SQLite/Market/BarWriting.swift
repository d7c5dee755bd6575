// SPDX-License-Identifier: MIT

extension StoreConnection {
  func upsertFeatures(_ batch: BorrowedBatch, _ change: FeatureChange) throws(StoreError) {
    expectRows(batch.count)
    try source.provide(batch) { () throws(StoreError) in
      let series = batch.series
      guard try bringUpToDate(batch, series, .features, change) else { return }
      let statement = try statement(
        UpsertSQL.variant(.features, replace: change != .merge) | UpsertSQL.onlyFeatures
          | (change == .replaceWhereGiven ? UpsertSQL.whereGiven : 0)
      ) {
        UpsertSQL.bars(.features, rows: .batch, replace: false, features: change)
      }
      // An upsert that may not insert: one pass finds the bar and writes it.
      try source.refusingNewRows(self) { () throws(StoreError) in try statement.run() }
    }
  }

  func upsert(
    _ batch: BorrowedBatch, _ replace: Bool
  ) throws(StoreError) {
    guard batch.count > 0 else { return }
    expectRows(batch.count)
    let columns = replace ? BarColumns.everything : batch.carried
    try source.provide(batch) { () throws(StoreError) in
      let series = batch.series
      guard try bringUpToDate(batch, series, columns, replace ? .replace : .merge) else { return }
      let statement = try upsertStatement(batch, ofOneSeries: series != nil, replace)
      if let series {
        statement.bind(1, series.symbol)
        statement.bind(2, series.timeframe)
      }
      try statement.run()
    }
  }

  /// Writes bars of several series by a statement that is its own transaction, where no rows in other forms are about: of the
  /// pages that it changes, SQLite keeps no copies to undo it alone. nil if nothing was written.
  func upsertAtOnce(_ batch: BorrowedBatch, _ replace: Bool) throws(StoreError) -> Void? {
    guard batch.count > 0, foreignForms.mayAllBePlain else { return nil }
    expectRows(batch.count)
    let statement = try upsertStatement(batch, ofOneSeries: false, replace)
    commitsOnlyWherePlain = true
    defer { commitsOnlyWherePlain = false }
    do throws(StoreError) {
      try source.provide(batch) { () throws(StoreError) in try statement.run() }
      return ()
    } catch {
      guard error.isOtherForm else { throw error }
      return nil
    }
  }

  private func upsertStatement(
    _ batch: BorrowedBatch, ofOneSeries: Bool, _ replace: Bool
  ) throws(StoreError) -> Statement {
    try statement(
      UpsertSQL.variant(batch.carried, replace: replace) | (ofOneSeries ? UpsertSQL.oneSeries : 0)
    ) {
      UpsertSQL.bars(batch.carried, rows: ofOneSeries ? .batchOfOneSeries : .batch, replace: replace)
    }
  }

  /// Updates the rows that are stored already: in other forms (see `ForeignForms.fix`), and in ours if the batch is one
  /// that a walk over the index can meet. Returns whether rows are left for the upsert.
  private func bringUpToDate(
    _ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes)?, _ columns: BarColumns,
    _ change: FeatureChange
  ) throws(StoreError) -> Bool {
    guard let series, let update = try overlapUpdate(batch, series, columns) else {
      try foreignForms.fix(batch, self)
      return true
    }
    // A walk over many rows sees those in other forms by itself, but for those that stand outside of it.
    var isSearched = isShort(batch)
    if !isSearched { isSearched = try standsOutside(batch, series) }
    if isSearched { try foreignForms.fix(batch, self) }
    let outcome = try overlap.bringUpToDate(
      columns, change, refusesOtherForms: !isSearched, update)
    if outcome == .givenUp, !isSearched { try foreignForms.fix(batch, self) }
    return outcome != .all
  }

  /// Sees to all rows, where all are stored already, by a statement that is its own transaction. nil if nothing was
  /// written.
  func bringAllUpToDate(
    _ batch: BorrowedBatch, _ columns: BarColumns, _ change: FeatureChange
  ) throws(StoreError) -> Void? {
    guard let series = batch.series, let update = try overlapUpdate(batch, series, columns) else {
      return nil
    }
    expectRows(batch.count)
    var isDone = false
    try source.provide(batch) { () throws(StoreError) in
      isDone = try overlap.bringAllUpToDate(columns, change, update) {
        () throws(StoreError) in try !self.standsOutside(batch, series)
      }
    }
    return isDone ? () : nil
  }

  /// Whether an ascending batch is of few rows within a day, whose surroundings are known from one call to the next.
  private func isShort(_ batch: BorrowedBatch) -> Bool {
    let last = batch.timestamps[batch.count - 1]
    let (length, overflow) = last.subtractingReportingOverflow(batch.timestamps[0])
    return batch.count < Self.fewestAtOnce && !overflow
      && length <= Timestamp.secondsPerDay * Timestamp.perSecond
  }

  /// Whether rows in other forms may belong to an ascending batch without standing between its first row and its last.
  private func standsOutside(
    _ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes)
  ) throws(StoreError) -> Bool {
    let range = batch.timestamps[0]...batch.timestamps[batch.count - 1]
    if isShort(batch) {
      return try foreignForms.mean(range, series.symbol, series.timeframe, self)
    }
    return try foreignForms.hide(
      series.symbol, series.timeframe, from: range.lowerBound, to: range.upperBound, self)
  }

  /// Whether the first and the last row of a batch of one series are stored, and so maybe all.
  func holdsEnds(of batch: BorrowedBatch) throws(StoreError) -> Bool {
    guard let series = batch.series else { return false }
    let ends = try statement(UpsertSQL.ends) {
      let bar = "SELECT 1 FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp ="
      return "SELECT EXISTS (\(bar) ?3) AND EXISTS (\(bar) ?4)"
    }
    defer { ends.reset() }
    Self.bind(batch, series, ends)
    return try ends.step() && ends.int64(0) == 1
  }

  /// The statement that walks over the bars of a batch; nil if the batch is none that a walk can meet.
  private func overlapUpdate(
    _ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes), _ columns: BarColumns
  ) throws(StoreError) -> Statement? {
    guard batch.count > 1, !columns.isEmpty, batch.isAscending else { return nil }
    let update = try statement(UpsertSQL.overlap | UInt64(columns.rawValue)) {
      UpsertSQL.update(columns)
    }
    Self.bind(batch, series, update)
    return update
  }

  /// Binds a series, and the time from the first to the last row.
  private static func bind(
    _ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes), _ statement: Statement
  ) {
    statement.bind(1, series.symbol)
    statement.bind(2, series.timeframe)
    statement.bind(3, time: batch.timestamps[0])
    statement.bind(4, time: batch.timestamps[batch.count - 1])
  }

  /// Fewer rows change few pages, of which copies cost little.
  static let fewestAtOnce = 100
}
