// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func writeBars(_ batch: BorrowedBatch, replace: Bool) throws(StoreError) {
    let reporter = ProgressReporter.current
    if batch.count == 1, reporter == nil { return try writeOnlyRow(of: batch, replace: replace) }
    let isOfOneSeries = batch.series != nil
    let atOnce = { (writer: StoreConnection) throws(StoreError) -> Void? in
      try writer.interruption.reporting(to: reporter, by: writer.source) { () throws(StoreError) -> Void? in
        guard isOfOneSeries else { return try writer.upsertAtOnce(batch, replace) }
        guard try writer.holdsEnds(of: batch) else { return nil }
        let columns = replace ? BarColumns.everything : batch.carried
        return try writer.bringAllUpToDate(batch, columns, replace ? .replace : .merge)
      }
    }
    try ProgressReporter.call(reporter, .rows, of: batch.count) { () throws(StoreError) in
      try write(atOnce: isOfOneSeries && batch.count < StoreConnection.fewestAtOnce ? nil : atOnce) {
        writer throws(StoreError) in
        try writer.interruption.reporting(to: reporter, by: writer.source) { () throws(StoreError) in
          try writer.upsert(batch, replace)
        }
        try reporter?.finish()
      }
    }
  }

  func writeFeatures(_ batch: BorrowedBatch, _ change: FeatureChange) throws(StoreError) {
    let reporter = ProgressReporter.current
    if batch.count == 1, change == .merge, reporter == nil { return try mergeFeaturesOfOnlyRow(of: batch) }
    let atOnce = { (writer: StoreConnection) throws(StoreError) -> Void? in
      try writer.interruption.reporting(to: reporter, by: writer.source) { () throws(StoreError) -> Void? in
        try writer.bringAllUpToDate(batch, .features, change)
      }
    }
    try ProgressReporter.call(reporter, .rows, of: batch.count) { () throws(StoreError) in
      try write(atOnce: batch.count < StoreConnection.fewestAtOnce ? nil : atOnce) {
        writer throws(StoreError) in
        if batch.count > 0 {
          try writer.interruption.reporting(to: reporter, by: writer.source) { () throws(StoreError) in
            try writer.upsertFeatures(batch, change)
          }
        }
        try reporter?.finish()
      }
    }
  }

  func writeBar(_ row: BorrowedRow, replace: Bool) throws(StoreError) {
    try writeOneRow { writer throws(StoreError) in
      var features: Bytes?
      if row.bar.carried.contains(.features), let text = row.bar.features {
        features = try row.packed { () throws(FeaturePackFault) in try writer.featureTexts.pack(text, row: 0)
        }
      }
      try writer.upsert(row, features, replace: replace)
    }
  }

  private func writeOnlyRow(of batch: BorrowedBatch, replace: Bool) throws(StoreError) {
    try BorrowedRow.only(of: batch) { row throws(StoreError) in
      try writeOneRow { writer throws(StoreError) in
        guard batch.carriesFeatures else { return try writer.upsert(row, nil, replace: replace) }
        try withFeatures(of: row, batch, writer) { features throws(StoreError) in
          try writer.upsert(row, features, replace: replace)
        }
      }
    }
  }

  private func mergeFeaturesOfOnlyRow(of batch: BorrowedBatch) throws(StoreError) {
    try BorrowedRow.only(of: batch) { row throws(StoreError) in
      try writeOneRow { writer throws(StoreError) in
        try withFeatures(of: row, batch, writer) { features throws(StoreError) in
          try writer.mergeFeatures(row, features)
        }
      }
    }
  }

  /// Lends the only row's features, packed, to `body`; nil if it says nothing of them.
  private func withFeatures(
    of row: BorrowedRow, _ batch: BorrowedBatch, _ writer: StoreConnection,
    _ body: (Bytes?) throws(StoreError) -> Void
  ) throws(StoreError) {
    if let json = batch.features.json, batch.features.columns.isEmpty {
      guard let text = json[0] else { return try body(nil) }
      return try body(
        try row.packed { () throws(FeaturePackFault) in
          try writer.featureTexts.pack(Bytes(cString: text), row: 0)
        })
    }
    var packer = try batch.featurePacker(writer.source.featureKeys)
    try body(try row.packed { () throws(FeaturePackFault) in try packer.pack(0) })
    // The features are its memory.
    withExtendedLifetime(packer) {}
  }

  /// Runs `body`, one statement over one row, as its own transaction; once more, in one of several statements, where it
  /// comes upon a row in another form.
  private func writeOneRow<Result>(
    _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    do throws(StoreError) {
      return try writeOne(body)
    } catch {
      guard error.isOtherForm else { throw error }
    }
    return try write(body)
  }

  func readBars(_ reads: [SeriesRead], _ shape: ReadShape, limit: Int?) throws(StoreError) -> BarAccumulator {
    let reporter = ProgressReporter.current
    var rows: BarAccumulator?
    try ProgressReporter.call(reporter, .rows, of: nil) { () throws(StoreError) in
      try read(snapshot: true) { reader throws(StoreError) in
        let notices = watch.noticesSoFar
        guard let reporter else {
          rows = try reader.collect(reads, shape, limit: limit, notices: notices)
          return
        }
        reporter.expect(try reader.expectedRows(reads, limit: limit, notices: notices))
        rows = try reader.interruption.reporting(to: reporter, by: reader.collector) {
          () throws(StoreError) in
          try reader.collect(reads, shape, limit: limit, notices: notices)
        }
        try reporter.finish(rows?.count ?? 0)
      }
    }
    guard let rows else { throw StoreError(.internalError, "nothing was read. Please report this message") }
    return rows
  }

  func latestBar(
    _ symbol: Bytes, _ timeframe: Bytes, _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError) {
    try read(snapshot: false, isOfOneRow: true) { reader throws(StoreError) in
      try reader.latestBar(symbol, timeframe, notices: watch.noticesSoFar, body)
    }
  }

  func hasBars(_ key: SeriesKey) throws(StoreError) -> Bool {
    try read(snapshot: false, isOfOneRow: true) { reader throws(StoreError) in try reader.hasBars(key) }
  }

  func countBars(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int {
    try read(snapshot: true) { reader throws(StoreError) in
      try reader.countBars(key, range, notices: watch.noticesSoFar)
    }
  }

  func barTimes(_ key: SeriesKey, _ range: TimeRange, _ taker: any TimesTaker) throws(StoreError) {
    try read(snapshot: true) { reader throws(StoreError) in
      try reader.barTimes(key, range, notices: watch.noticesSoFar, taker)
    }
  }

  func featureKeys(_ reads: [SeriesRead], limit: Int?) throws(StoreError) -> [String] {
    try read(snapshot: true) { reader throws(StoreError) in
      try reader.featureKeys(reads, limit: limit, notices: watch.noticesSoFar)
    }
  }

  func deleteBars(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int {
    try write { writer throws(StoreError) in try writer.delete(key, range) }
  }

  func series(counts: Bool) throws(StoreError) -> [SeriesEntry] {
    try read(snapshot: true) { reader throws(StoreError) in
      counts ? try reader.countedSeries() : try reader.uncountedSeries()
    }
  }

  func record(_ request: BorrowedRequest) throws(StoreError) -> Int64 {
    // By its place: each of the closures around the statement would copy the whole of it.
    try withUnsafePointer(to: request) { request throws(StoreError) in
      try writeOneRow { writer throws(StoreError) in
        if writer.isInTransaction { return try writer.record(request) }
        defer { writer.followCommit(nil) }
        return try writer.recordAtOnce(request)
      }
    }
  }

  func requests(
    symbol: String?, timeframe: String?, _ range: TimeRange
  ) throws(StoreError) -> [MarketRequest] {
    try read(snapshot: false) { reader throws(StoreError) in
      try reader.requests(symbol: symbol, timeframe: timeframe, range)
    }
  }
}
