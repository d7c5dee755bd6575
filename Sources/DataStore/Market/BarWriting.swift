// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Writes the bars of a batch: an upsert on (symbol, timeframe, timestamp), as if row after row were written.
  ///
  /// Columns that are not carried keep what is stored; features merge by key. With `replace` each row becomes
  /// what was passed and nothing else. Returns the rows given.
  @discardableResult
  package func write(_ batch: BorrowedBatch, replace: Bool) throws(StoreError) -> Int {
    try batch.check()
    if batch.count == 1 {
      try writeOnlyRow(of: batch, replace: replace)
      return 1
    }
    let atOnce = { (writer: Connection) throws(StoreError) -> Int? in
      guard try holdsEnds(of: batch, writer) else { return nil }
      let columns = replace ? BarColumns.everything : batch.carried
      return try bringAllUpToDate(batch, columns, replace ? .replace : .merge, writer)
    }
    return try store.write(atOnce: batch.count < Self.fewestAtOnce ? nil : atOnce) {
      writer throws(StoreError) in try upsert(batch, replace, writer)
    }
  }

  private func upsert(
    _ batch: BorrowedBatch, _ replace: Bool, _ writer: Connection
  ) throws(StoreError) -> Int {
    guard batch.count > 0 else { return 0 }
    let columns = replace ? BarColumns.everything : batch.carried
    try writer.source.provide(batch) { () throws(StoreError) in
      let series = batch.series
      guard try bringUpToDate(batch, series, columns, replace ? .replace : .merge, writer) else { return }
      let statement = try writer.statement(
        UpsertSQL.variant(batch.carried, replace: replace) | (series == nil ? 0 : UpsertSQL.oneSeries)
      ) {
        UpsertSQL.bars(batch.carried, rows: series == nil ? .batch : .batchOfOneSeries, replace: replace)
      }
      if let series {
        statement.bind(1, series.symbol)
        statement.bind(2, series.timeframe)
      }
      try statement.run()
    }
    return batch.count
  }

  /// Writes the features of bars that are stored already; `.missingBar` where one is not. Returns the rows given.
  ///
  /// With `replace` a bar has what it was given and nothing else; a row without a text leaves it alone all the same.
  @discardableResult
  package func writeFeatures(_ batch: BorrowedBatch, replace: Bool) throws(StoreError) -> Int {
    try batch.check()
    let others = batch.carried.subtracting(.features)
    if let column = others.indices.first {
      throw .invalid(
        "column '\(BarColumns.names[column])' came with a write of features alone; write bars with write()",
        key: "\(BarColumns.names[column])")
    }
    // A row of columns has the features that it has, if any; a row without a text says nothing of them.
    let change: FeatureChange = !replace ? .merge : batch.features.json == nil ? .replace : .replaceWhereGiven
    let atOnce = { (writer: Connection) throws(StoreError) -> Int? in
      try bringAllUpToDate(batch, .features, change, writer)
    }
    return try store.write(atOnce: batch.count < Self.fewestAtOnce ? nil : atOnce) {
      writer throws(StoreError) in
      guard batch.count > 0 else { return 0 }
      try writer.source.provide(batch) { () throws(StoreError) in
        let series = batch.series
        guard try bringUpToDate(batch, series, .features, change, writer) else { return }
        let statement = try writer.statement(
          UpsertSQL.variant(.features, replace: replace) | UpsertSQL.onlyFeatures
            | (change == .replaceWhereGiven ? UpsertSQL.whereGiven : 0)
        ) {
          UpsertSQL.bars(.features, rows: .batch, replace: false, features: change)
        }
        // An upsert that may not insert: one pass finds the bar and writes it.
        try writer.source.refusingNewRows(writer) { () throws(StoreError) in try statement.run() }
      }
      return batch.count
    }
  }

  /// Sees to the rows that are stored already: in other forms (see `ForeignForms.mend`), and in ours where the batch is one
  /// that a walk over the index can meet. Returns whether rows are left to do.
  private func bringUpToDate(
    _ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes)?, _ columns: BarColumns,
    _ change: FeatureChange, _ writer: Connection
  ) throws(StoreError) -> Bool {
    guard let series, let update = try overlapUpdate(batch, series, columns, writer) else {
      try writer.foreignForms.mend(batch, writer)
      return true
    }
    // A walk over many rows sees those in other forms by itself, but for those that stand outside of it.
    var isSearched = isShort(batch)
    if !isSearched { isSearched = try standsOutside(batch, series, writer) }
    if isSearched { try writer.foreignForms.mend(batch, writer) }
    let outcome = try writer.overlap.bringUpToDate(
      columns, change, refusesOtherForms: !isSearched, update)
    if outcome == .givenUp, !isSearched { try writer.foreignForms.mend(batch, writer) }
    return outcome != .all
  }

  /// Sees to all rows, where all are stored already, by a statement that is its own transaction. Returns their count, or
  /// nil where nothing was written.
  private func bringAllUpToDate(
    _ batch: BorrowedBatch, _ columns: BarColumns, _ change: FeatureChange, _ writer: Connection
  ) throws(StoreError) -> Int? {
    guard let series = batch.series, let update = try overlapUpdate(batch, series, columns, writer) else {
      return nil
    }
    var isDone = false
    try writer.source.provide(batch) { () throws(StoreError) in
      isDone = try writer.overlap.bringAllUpToDate(columns, change, update) {
        () throws(StoreError) in try !standsOutside(batch, series, writer)
      }
    }
    return isDone ? batch.count : nil
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
    _ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes), _ writer: Connection
  ) throws(StoreError) -> Bool {
    let range = batch.timestamps[0]...batch.timestamps[batch.count - 1]
    if isShort(batch) {
      return try writer.foreignForms.mean(range, series.symbol, series.timeframe, writer)
    }
    return try writer.foreignForms.hide(
      series.symbol, series.timeframe, from: range.lowerBound, to: range.upperBound, writer)
  }

  /// Fewer rows change few pages, of which copies cost little.
  private static let fewestAtOnce = 100

  /// Whether the first and the last row of a batch of one series are stored, and so maybe all.
  private func holdsEnds(of batch: BorrowedBatch, _ writer: Connection) throws(StoreError) -> Bool {
    guard let series = batch.series else { return false }
    let ends = try writer.statement(UpsertSQL.ends) {
      let bar = "SELECT 1 FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp ="
      return "SELECT EXISTS (\(bar) ?3) AND EXISTS (\(bar) ?4)"
    }
    defer { ends.reset() }
    Self.bind(batch, series, ends)
    return try ends.step() && ends.int64(0) == 1
  }

  /// The statement that walks over the bars of a batch; nil where the batch is none that a walk can meet.
  private func overlapUpdate(
    _ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes), _ columns: BarColumns,
    _ writer: Connection
  ) throws(StoreError) -> Statement? {
    guard batch.count > 1, !columns.isEmpty, batch.isAscending else { return nil }
    let update = try writer.statement(UpsertSQL.overlap | UInt64(columns.rawValue)) {
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
    statement.bind(3, copying: Timestamp.text(batch.timestamps[0]))
    statement.bind(4, copying: Timestamp.text(batch.timestamps[batch.count - 1]))
  }
}

/// What a write makes of the features that a bar has.
enum FeatureChange {
  /// They are merged by key.
  case merge
  /// They become what the row has; none, where it has none.
  case replace
  /// The same, but a row that says nothing of features leaves them alone.
  case replaceWhereGiven
}

/// The statements of writing bars, by the columns that are carried.
enum UpsertSQL {
  /// Where an upsert's rows come from.
  enum Rows {
    case batch
    /// The symbol and the timeframe are parameters 1 and 2: what is the same in each row need not be asked for in each.
    case batchOfOneSeries
    /// One row: the key is parameters 1 to 3, and then come the columns.
    case parameters
  }

  static let onlyFeatures: UInt64 = 1 << 33
  static let overlap: UInt64 = 1 << 34
  static let oneSeries: UInt64 = 1 << 35
  static let oneBar: UInt64 = 1 << 36
  static let ends: UInt64 = 1 << 37
  static let whereGiven: UInt64 = 1 << 38

  static func variant(_ carried: BarColumns, replace: Bool) -> UInt64 {
    UInt64(carried.rawValue) | (replace ? 1 << 32 : 0)
  }

  /// With `replace` the columns that are not carried fall back to the schema's defaults. The row is updated in place
  /// either way, which costs a half to a third of deleting and inserting it.
  static func bars(
    _ carried: BarColumns, rows: Rows, replace: Bool, features: FeatureChange? = nil
  ) -> String {
    let change = features ?? (replace ? .replace : .merge)
    let inserted = carried.indices.map { "\(BarColumns.names[$0])" }
    let columns = (["timestamp"] + inserted).joined(separator: ", ")
    var set: [String] = []
    var unchanged: [String] = []
    for index in BarColumn.table.indices {
      let column = BarColumn.table[index]
      let name = "\(column.name)"
      if !inserted.contains(name) {
        guard replace else { continue }
        let fallback = column.sqlDefault ?? "NULL"
        set.append("\(name) = \(fallback)")
        unchanged.append("\(name) IS NOT \(fallback)")
      } else if column.kind == .features, change == .merge {
        set.append("features = ds_merge_features(features, excluded.features)")
      } else if column.kind == .features, change == .replaceWhereGiven {
        set.append("features = excluded.features")
        unchanged.append("excluded.features IS NOT NULL AND features IS NOT excluded.features")
      } else {
        set.append("\(name) = excluded.\(name)")
        unchanged.append("\(name) IS NOT excluded.\(name)")
      }
    }
    let merges = carried.contains(.features) && change == .merge
    // A row whose values are those that are stored is left alone, and so are its pages.
    let update =
      set.isEmpty
      ? "NOTHING"
      : "UPDATE SET " + set.joined(separator: ", ")
        + (merges ? "" : " WHERE " + unchanged.joined(separator: " OR "))
    let given =
      switch rows {
      case .batch: "SELECT symbol, timeframe, \(columns) FROM temp.ds_bars WHERE true"
      case .batchOfOneSeries: "SELECT ?1, ?2, \(columns) FROM temp.ds_bars WHERE true"
      case .parameters:
        "VALUES (?1, ?2, ds_bar_time(?3)" + inserted.indices.map { ", ?\($0 + 4)" }.joined() + ")"
      }
    return """
      INSERT INTO main.market_data(symbol, timeframe, \(columns)) \(given)
      ON CONFLICT(symbol, timeframe, timestamp) DO \(update)
      """
  }

  /// Brings stored bars of one series up to date (see `BarOverlap`).
  static func update(_ columns: BarColumns) -> String {
    let names = columns.indices.map { "\(BarColumns.names[$0])" }
    let set = columns.indices.map { "\(BarColumns.names[$0]) = ds_new(\($0))" }
    return """
      UPDATE main.market_data SET \(set.joined(separator: ", "))
      WHERE symbol = ?1 AND timeframe = ?2 AND timestamp >= ?3 AND timestamp <= ?4
      AND ds_differs(timestamp, \(names.joined(separator: ", ")))
      """
  }
}
