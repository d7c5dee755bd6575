// SPDX-License-Identifier: MIT

extension PostgreSQLEngine {
  func writeBars(_ batch: BorrowedBatch, replace: Bool) throws(StoreError) {
    // What is merged is read first.
    let form: WriteForm = batch.carriesFeatures && !replace ? .severalMessages : .oneMessage
    try write(form) { session throws(StoreError) in
      try session.upsert(batch, replace: replace, into: tables.bars)
    }
  }

  func writeFeatures(_ batch: BorrowedBatch, _ change: FeatureChange) throws(StoreError) {
    try write(.severalMessages) { session throws(StoreError) in
      try session.writeFeatures(batch, change, into: tables.bars)
    }
  }

  func writeBar(_ row: BorrowedRow, replace: Bool) throws(StoreError) {
    var packer = FeatureTextPacker()
    var features: Bytes?
    if row.bar.carried.contains(.features), let text = row.bar.features {
      features = try row.packed { () throws(FeaturePackFault) in try packer.pack(text, row: 0) }
    }
    try write(.oneMessage) { session throws(StoreError) in
      try session.upsert(row, features, replace: replace, into: tables.bars)
    }
    // The features are its memory.
    withExtendedLifetime(packer) {}
  }

  func readBars(_ reads: [SeriesRead], _ shape: ReadShape, limit: Int?) throws(StoreError) -> BarAccumulator {
    try read(snapshot: reads.count > 1) { session throws(StoreError) in
      try session.readBars(reads, shape, limit: limit, from: tables.bars)
    }
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
    var isFirst = true
    try read(snapshot: false) { session throws(StoreError) in
      if !isFirst { taker.restart() }
      isFirst = false
      try session.barTimes(key, range, in: tables.bars, taker)
    }
  }

  func featureKeys(_ reads: [SeriesRead], limit: Int?) throws(StoreError) -> [String] {
    try read(snapshot: true) { session throws(StoreError) in
      try session.featureKeys(reads, limit: limit, in: tables.bars)
    }
  }

  func deleteBars(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int {
    guard range.start ?? .min <= range.end ?? .max else {
      return try write(.oneMessage) { _ throws(StoreError) in 0 }
    }
    return try write(.oneMessage) { session throws(StoreError) in
      try session.deleteBars(key, range, in: tables.bars)
    }
  }

  func series(counts: Bool) throws(StoreError) -> [SeriesEntry] {
    try read(snapshot: false) { session throws(StoreError) in
      try session.series(counts: counts, in: tables.bars)
    }
  }

  func record(_ request: BorrowedRequest) throws(StoreError) -> Int64 {
    try write(.oneMessage) { session throws(StoreError) in try session.record(request, in: tables.requests) }
  }

  func requests(
    symbol: String?, timeframe: String?, _ range: TimeRange
  ) throws(StoreError) -> [MarketRequest] {
    try read(snapshot: false) { session throws(StoreError) in
      try session.requests(symbol: symbol, timeframe: timeframe, range, in: tables.requests)
    }
  }
}
