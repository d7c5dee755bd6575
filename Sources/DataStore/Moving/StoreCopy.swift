// SPDX-License-Identifier: MIT

/// Copies a store into another one, whatever their engines are.
///
/// Rows that the target has already are read and compared, and not written again. So a copy that was stopped goes on where
/// it was, and one that is repeated writes what has changed.
struct StoreCopy {
  private let source: any Engine
  private let target: any Engine
  private let chunk: Int
  private let call: LongCall
  /// Who is told how far it has come; nil: nobody.
  private let reporter: ProgressReporter?
  private var result = CopyResult()

  /// How often a series is copied again because something else has written to one of the stores meanwhile.
  private static let rounds = 3
  /// Requests, and state values, of one transaction.
  private static let together = 500
  private static let bytesTogether = 4 << 20

  init(
    from source: any Engine, to target: any Engine, chunk: Int, _ call: LongCall,
    _ reporter: ProgressReporter? = nil
  ) {
    self.source = source
    self.target = target
    self.chunk = chunk
    self.call = call
    self.reporter = reporter
  }

  mutating func run() throws(StoreError) -> CopyResult {
    for entry in try MarketRepo(engine: source).series(counts: false) {
      try copy(try SeriesKey(entry.symbol, entry.timeframe))
    }
    try copyRequests()
    try copyState()
    return result
  }

  private func unsettled(_ difference: String) -> StoreError {
    StoreError(
      .busy,
      "\(target.path) is not yet equal to \(source.path): \(difference). Something else writes to one of the two"
        + " stores; what was copied so far is stored. Copy again, which goes on from here, while nothing writes, or"
        + " copy a backup")
  }

  // MARK: Bars

  private mutating func copy(_ key: SeriesKey) throws(StoreError) {
    result.series += 1
    var difference: StoreDifference?
    var bars = 0
    for _ in 0..<Self.rounds {
      let pass = try copyOnce(key)
      bars = pass.hash.bars
      result.barsWritten += pass.written
      // Each row was compared with what is stored.
      if pass.written == 0 { difference = nil } else { difference = try verify(key, pass.hash) }
      if difference == nil { break }
    }
    result.bars += bars
    if let difference { throw unsettled("\(difference)") }
  }

  /// Reads back what was written; returns the first bar that is not as it was read from the source.
  private func verify(_ key: SeriesKey, _ hash: SeriesHash) throws(StoreError) -> StoreDifference? {
    if try MarketRepo(engine: target).hash(key, .all, chunk: chunk, call) == hash { return nil }
    // The target may have other bars, too.
    var findings = Findings(limit: 1)
    var comparison = SeriesComparison(key, source, target, chunk: chunk, call, ignoresOthers: true)
    try comparison.run(&findings)
    return findings.list.first
  }

  /// Copies the rows that the target has not. The hash is of all rows of the source.
  private func copyOnce(_ key: SeriesKey) throws(StoreError) -> (hash: SeriesHash, written: Int) {
    var rows = SeriesRows(source, key, chunk: chunk)
    var bytes = RowBytes()
    var hasher = SeriesHasher()
    var stored = RowCursor(SeriesRows(target, key, chunk: chunk))
    try stored.advance()
    var written = 0
    while let part = try rows.next() {
      try call.check()
      var changed: ClosedRange<Int>?
      for row in 0..<part.count where part.isLastOfInstant(row) {
        let mine = try bytes.row(part, row, of: key)
        hasher.append(row: mine)
        while let time = stored.time, time < part.times[row] { try stored.advance() }
        if stored.time == part.times[row], try stored.rowBytes().equals(mine) { continue }
        changed = (changed?.lowerBound ?? row)...row
        written += 1
      }
      if let changed { try write(part, changed, key) }
      reporter?.go(on: result.bars + hasher.bars)
      withExtendedLifetime(part.bars) {}
    }
    return (hasher.result, written)
  }

  /// Writes some rows as one transaction; each becomes what it is in the source.
  private func write(_ part: RowChunk, _ rows: ClosedRange<Int>, _ key: SeriesKey) throws(StoreError) {
    try part.lend(rows, key) { batch throws(StoreError) in
      try MarketRepo(engine: target).write(batch, replace: true)
    }
  }

  // MARK: Requests, state

  private mutating func copyRequests() throws(StoreError) {
    let mine = try RequestTable(source)
    let missing = mine.missing(in: try RequestTable(target))
    result.requests = mine.byKey.count
    let market = MarketRepo(engine: target)
    var next = 0
    while next < missing.count {
      try call.check()
      let end = min(next + Self.together, missing.count)
      try together { () throws(StoreError) in
        for request in missing[next..<end] { try market.record(request) }
      }
      next = end
    }
    result.requestsWritten = missing.count
    guard !missing.isEmpty, let other = mine.missing(in: try RequestTable(target)).first else { return }
    throw unsettled("the request for \(other.symbol) \(other.timeframe) is not there as it was read")
  }

  private func together(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    let transaction = try target.beginTransaction()
    do throws(StoreError) { try body() } catch {
      try? target.end(transaction, commit: false)
      throw error
    }
    try target.end(transaction, commit: true)
  }

  private mutating func copyState() throws(StoreError) {
    let (mine, stored) = (StateRepo(engine: source), StateRepo(engine: target))
    var records: [StateRecord] = []
    var bytes = 0
    for key in try mine.sortedKeys() {
      try call.check()
      guard let record = try mine.record(key.text, call) else { continue }
      result.stateValues += 1
      if let known = try stored.record(key.text, call), known.equals(record) { continue }
      records.append(record)
      bytes += record.json.utf8.count
      guard records.count >= Self.together || bytes >= Self.bytesTogether else { continue }
      try restore(records, stored)
      records = []
      bytes = 0
    }
    try restore(records, stored)
  }

  /// Stores values as one transaction, and reads them back.
  private mutating func restore(_ records: [StateRecord], _ stored: StateRepo) throws(StoreError) {
    guard !records.isEmpty else { return }
    try stored.restore(records)
    for record in records {
      guard let known = try stored.record(record.key, call), known.equals(record) else {
        throw unsettled("state key \(StoreError.quoted(record.key)) is not there as it was read")
      }
    }
    result.stateValuesWritten += records.count
  }
}
