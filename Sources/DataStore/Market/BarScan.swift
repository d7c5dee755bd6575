// SPDX-License-Identifier: MIT

/// A read in chunks. Each chunk is a snapshot of its own and holds rows of one symbol.
///
/// Nothing is held open between chunks, so a scan never keeps the WAL from being copied into the database. For one thread
/// at a time.
public final class BarScan {
  private let market: MarketRepo
  private let keys: [SeriesKey]
  private let timeframe: String
  private let shape: ReadShape
  private let chunk: Int
  private let range: TimeRange

  private var symbolIndex = 0
  private var rowsLeft: Int?
  private var place = ChunkPlace()

  /// What is told how far the scan has come, until it has come to its end; nil: nothing is.
  private var reporter: ProgressReporter?
  private var rowsGiven = 0
  private var isCounted = false

  package init(
    _ market: MarketRepo, _ symbols: [String], _ timeframe: String, _ range: TimeRange, _ shape: ReadShape,
    chunk: Int
  ) throws(StoreError) {
    guard chunk > 0 else { throw .invalid("chunk is \(chunk); it must be 1 or more", key: "chunk") }
    keys = try market.seriesKeys(symbols, timeframe, shape)
    self.market = market
    self.timeframe = timeframe
    self.range = range
    self.shape = shape
    self.chunk = min(chunk, Limits.rows)
    rowsLeft = shape.limit
    reporter = ProgressReporter.current?.copy()
    // A closed store should say so here, not at the first chunk.
    try market.engine.checkOpen()
  }

  /// The next rows, at least one; nil at the end. The chunk owns its memory.
  ///
  /// - Throws: As a read, see ``StoreError``. The same chunk may be asked for again.
  public func next() throws(StoreError) -> Bars? {
    guard let reporter else { return try take() }
    if !isCounted {
      reporter.begin(.rows, of: try rowsExpected())
      isCounted = true
    }
    return try ProgressReporter.during(reporter) { () throws(StoreError) in
      reporter.go(on: rowsGiven)
      guard reporter.mayGoOn(at: Deadline.now) else { throw .isInterrupted }
      guard let bars = try take() else {
        try reporter.finish(rowsGiven)
        self.reporter = nil
        return nil
      }
      rowsGiven += bars.count
      return bars
    }
  }

  /// How many rows it may give; others may write meanwhile.
  private func rowsExpected() throws(StoreError) -> Int {
    if let limit = shape.limit { return limit }
    var rows = 0
    for key in keys { rows += try market.engine.countBars(key, range) }
    return rows
  }

  private func take() throws(StoreError) -> Bars? {
    while symbolIndex < keys.count, rowsLeft != 0 {
      let key = keys[symbolIndex]
      let limit = min(chunk, rowsLeft ?? chunk)
      let read = place.part(of: SeriesRead(key: key, range: range), limit: limit)
      let rows = try market.engine.readBars([read], shape, limit: nil)
      let bars = Bars(rows, symbols: [key.symbol], timeframe: timeframe)
      guard bars.count > 0 else {
        symbolIndex += 1
        place = ChunkPlace()
        continue
      }
      rowsLeft = rowsLeft.map { $0 - bars.count }
      place.advance(over: bars.timestampColumn)
      return bars
    }
    return nil
  }
}

extension MarketRepo {
  /// Reads a range in chunks of at most `chunk` rows.
  package func scan(
    _ symbols: [String], _ timeframe: String, _ range: TimeRange, _ shape: ReadShape, chunk: Int
  ) throws(StoreError) -> BarScan {
    try BarScan(self, symbols, timeframe, range, shape, chunk: chunk)
  }
}
