// SPDX-License-Identifier: MIT

/// A connection to a store's file, with what its bars and requests take.
final class StoreConnection: Connection {
  /// What the rows of the bulk paths come from and go to.
  let source: BarSource
  let collector = BarCollector()
  let merger = FeatureMerging()
  let overlap: BarOverlap
  let barTime: BarTime
  /// For what is asked of times alone; nil before the first such call.
  @exclusivity(unchecked) private var keptTimes: TimeCollector?
  /// For reads that take rows from pages; nil before the first one.
  @exclusivity(unchecked) var seriesPages: SeriesPages?
  /// This connection's own, or those of all connections of the store. See `join(_:writes:)`.
  @exclusivity(unchecked) private(set) var foreignForms = ForeignForms(.bars)
  @exclusivity(unchecked) private(set) var foreignRequests = ForeignForms(.requests)
  @exclusivity(unchecked) private var known: StoreKnowledge?
  /// Set where the forms are shared.
  @exclusivity(unchecked) private var changedPages: ChangedPages?
  /// Whether it is the one whose lock on writing the ledger is told of.
  private(set) var isWriter = false
  @exclusivity(unchecked) private var mark: CommitLedger.Mark?
  @exclusivity(unchecked) private var confirmed: CommitLedger.Knowable?
  /// Pages that stay from call to call; nil before the first call that uses them.
  private var keptTrees: KeptTrees?
  /// What was noticed of the file before the current read; nil if nothing notices.
  @exclusivity(unchecked) private var notices: Int?
  /// What was noticed of the file by now, for the writer.
  var noticesSoFar: (() -> Int?)?
  /// The latest bars of series that have rows in other forms.
  @exclusivity(unchecked) var latestTexts = LatestTexts()
  /// For the latest bar, which is fetched from pages; nil before the first one.
  private var latestPages: LatestPages?
  /// For state values, which are fetched from pages; nil before the first one.
  private var statePages: StatePages?
  @exclusivity(unchecked) private var barRecord = BarRecord()
  private var latestFields = RecordFields(count: BarSource.keyColumns + BarColumns.names.count)
  /// The date of the bar that was read last by itself: the latest bars of all series are mostly of one day.
  var latestDate = TimestampParser.DateMemo()
  /// Checks features that are handed out as text against the rules.
  var featureTexts = FeatureTextPacker()

  init(
    _ path: String, _ access: Access, _ settings: Settings, usesShim: Bool = false
  ) throws(StoreError) {
    let interruption = Interruption()
    source = BarSource(interruption)
    overlap = BarOverlap(source, merger)
    barTime = BarTime(source)
    try super.init(path, access, settings, usesShim: usesShim, interruption)
  }

  override func registerFunctions() throws(StoreError) {
    try collector.register(on: self)
    try merger.register(on: self)
    try overlap.register(on: self)
    try barTime.register(on: self)
  }

  override var writesLater: Bool { true }
  private(set) var isReadyToWrite = false

  /// To be called before the first write: a program that opens a store to read a value is spared it, a twelfth of what
  /// that takes.
  func getReadyToWrite() throws(StoreError) {
    try execute(pragmasOfWriting)
    try source.register(on: self)
    try SQLFunctions.registerClock(on: self)
    try prepareRollback()
    isReadyToWrite = true
  }

  override func takeFailure() -> StoreError? {
    for failure in [source.takeFailure(), collector.takeFailure(), merger.takeFailure()] {
      if let failure { return failure }
    }
    return keptTimes?.takeFailure()
  }

  /// Made at its first use: few connections need it.
  func times() throws(StoreError) -> TimeCollector {
    if let keptTimes { return keptTimes }
    let times = TimeCollector()
    try times.register(on: self)
    keptTimes = times
    return times
  }

  /// A statement that is its own transaction is taken back, with `.otherForm`, if rows in other forms may be about. By the time
  /// of its commit it has the lock on writing.
  var commitsOnlyWherePlain = false

  override func mayCommitStatement() -> Bool {
    if commitsOnlyWherePlain, !foreignForms.areAllPlain(self) {
      source.failure = .otherForm
      return false
    }
    return overlap.mayCommit()
  }

  /// Begins the read transaction of a read that may take rows from pages; false if SQLite has to find them all.
  func beginPages(notices: Int?) throws(StoreError) -> Bool {
    self.notices = notices
    if seriesPages == nil { seriesPages = SeriesPages(self) }
    return try seriesPages?.begin(self, notices: notices) ?? false
  }

  /// The record of a series' latest bar, valid until the next one; nil if SQLite has to find it.
  func latestRecord(
    _ symbol: Bytes, _ timeframe: Bytes, notices: Int?
  ) throws(StoreError) -> (instant: Int64, record: RecordRow)? {
    guard fastPaths.contains(.latestPages),
      let row = try latest()?.row(symbol, timeframe, self, notices: notices),
      latestFields.read(row.record)
    else { return nil }
    return (row.instant, latestFields.row)
  }

  /// Where a state value is; nil if SQLite has to find it.
  func stateRow(_ key: Bytes, notices: Int?) throws(StoreError) -> StatePages.Found? {
    guard fastPaths.contains(.latestPages) else { return nil }
    if statePages == nil {
      guard let trees = try trees() else { return nil }
      statePages = StatePages(trees)
    }
    return try statePages?.find(key, self, notices: notices) ?? nil
  }

  // MARK: What all connections of the store know

  /// From now on this connection, whose WAL is open, knows what the store's others do. The writer has to be the first.
  func join(_ known: StoreKnowledge, writes: Bool) {
    self.known = known
    guard let pages = ChangedPages(self) else { return }
    if writes {
      known.ledger.watch(pages)
      known.isShared = observeWriteLock(known.ledger)
    }
    guard known.isShared else { return }
    isWriter = writes
    changedPages = pages
    foreignForms = known.bars
    foreignRequests = known.requests
  }

  /// To be called before a read begins that asks for what is known.
  func beginSnapshot() {
    confirmed = nil
    guard let changedPages, let known, !isWriter else { return }
    mark = known.ledger.mark(changedPages)
  }

  /// What counts in the transaction that has begun; nil if nothing is known.
  var knowable: CommitLedger.Knowable? {
    guard let known else { return nil }
    if isWriter { return known.ledger.knowableToWriter }
    if let confirmed { return confirmed }
    guard let mark, let changedPages else { return nil }
    self.mark = nil
    confirmed = known.ledger.knowable(since: mark, changedPages)
    return confirmed
  }

  /// Whether all rows of a series within windows of texts have times in the stored form, found out by way of the pages of
  /// the file; nil if that is SQLite's to find out. `knowable` counts in this transaction, which may have written rows in the
  /// stored form since: they are not seen here, and do not matter.
  func arePlain(
    _ table: PagedTable, _ symbol: Bytes, _ timeframe: Bytes, _ windows: [TimeForms.Window],
    _ knowable: CommitLedger.Knowable
  ) throws(StoreError) -> Bool? {
    try search(table, knowable) { trees, root, snapshot in
      for window in windows {
        let found = trees.plainTimes(
          symbol, timeframe, window, root, snapshot, unless: { interruption.shouldStop() })
        if found == nil { return nil }
      }
      return true
    }
  }

  /// Likewise by the times that are written, from which on they were found to be so; nil if they are not, or that is SQLite's
  /// to find out.
  func plainTimes(
    _ table: PagedTable, _ symbol: Bytes, _ timeframe: Bytes, _ span: TimeForms.Written,
    _ knowable: CommitLedger.Knowable
  ) throws(StoreError) -> TimeForms.Written? {
    try search(table, knowable) { trees, root, snapshot in
      let found = trees.plainTimes(
        symbol, timeframe, span, root, snapshot, unless: { interruption.shouldStop() })
      return found.map { span.reaching(toTheEnd: $0.isToTheEnd) }
    }
  }

  /// Looks at the next series of all: see `IndexSurvey`. To be called within a read transaction.
  func survey(
    _ forms: ForeignForms, leaves: Int, notices: Int?, shouldStop: () -> Bool
  ) throws(StoreError) -> SurveyOutcome {
    self.notices = notices
    _ = try integer("PRAGMA main.schema_version")
    guard let knowable, let edition = knowable.edition else { throw Self.unclear }
    let known = forms.surveyed(knowable)
    if known.isWhole { return .end }
    let reached = try known.key.withUnsafeBufferPointer { key throws(StoreError) -> SurveyedSeries? in
      let last =
        known.key.isEmpty
        ? nil
        : IndexPlace(.behind, key, symbolBytes: known.symbolBytes, timeframeBytes: known.timeframeBytes)
      return try search(forms.table.paged, knowable) { trees, root, snapshot in
        switch trees.plainReach(behind: last, leaves: leaves, root, snapshot, shouldStop: shouldStop) {
        case .entry(let entry): SurveyedSeries(edition, upTo: entry)
        case .end: SurveyedSeries(whole: edition)
        case nil: nil
        }
      }
    }
    guard let reached else { throw Self.unclear }
    forms.keepSurveyed(reached)
    return reached.isWhole ? .end : .more
  }

  private static var unclear: StoreError { StoreError(.internalError, "the survey came to nothing") }

  /// Runs `body` over the pages of the table's index as of what the ledger knows.
  private func search<Found>(
    _ table: PagedTable, _ knowable: CommitLedger.Knowable,
    _ body: (KeptTrees, UInt32, KeptTrees.Snapshot) -> Found?
  ) throws(StoreError) -> Found? {
    guard fastPaths.contains(.pages), let known, let changedPages, let edition = knowable.edition,
      let trees = try trees(), let snapshot = trees.begin(notices: notices),
      known.ledger.header(of: edition, changedPages) == snapshot.header,
      let roots = try trees.roots(of: table, snapshot, self)
    else { return nil }
    let found = body(trees, roots.index, snapshot)
    return trees.isOfWAL(snapshot) ? found : nil
  }

  /// Keeps the records of the latest bars of series, in the order of the index: of so many more at each call.
  func readAhead(series: Int, notices: Int?, shouldStop: () -> Bool) throws(StoreError) -> SurveyOutcome {
    guard let latestPages = try latest() else { return .end }
    for _ in 0..<series where !shouldStop() {
      switch try latestPages.readAhead(self, notices: notices) {
      case .next: break
      case .end: return .end
      case .unclear: throw Self.unclear
      }
    }
    return .more
  }

  private func latest() throws(StoreError) -> LatestPages? {
    if let latestPages { return latestPages }
    guard let known, let trees = try trees(), let changed = ChangedPages(self) else { return nil }
    let latest = LatestPages(trees, changed, known.ledger, known.bars, known.latest)
    latestPages = latest
    return latest
  }

  private func trees() throws(StoreError) -> KeptTrees? {
    if keptTrees == nil { keptTrees = try KeptTrees(self) }
    return keptTrees
  }

  /// To be called by the writer behind a statement that was its own transaction, and has written one bar, or none. `features`
  /// are what was packed; nil says nothing of them. Without `isWhole` the bar is not what was given alone.
  func followCommit(
    _ row: BorrowedRow?, _ features: Bytes? = nil, replace: Bool = false, isWhole: Bool = true
  ) {
    guard isWriter, !isInTransaction, let known, let changedPages,
      let commit = known.ledger.takeCommit()
    else { return }
    let series = row.map { (symbol: $0.symbol, timeframe: $0.timeframe) }
    func record(_ last: KeptRecords.Record) -> (instant: Int64, bytes: Bytes)? {
      guard isWhole, let row else { return nil }
      return barRecord.make(of: row, features, replace: replace, last).map { (row.bar.timestamp, $0) }
    }
    known.latest.follow(commit, changedPages, notices: noticesSoFar, series, record)
  }

  /// The row of a series' latest bar within the read transaction that has begun with `beginPages`, likewise.
  func latestRow(_ symbol: Bytes, _ timeframe: Bytes) throws(StoreError) -> LatestPages.Row? {
    guard fastPaths.contains(.latestPages), let header = seriesPages?.header else { return nil }
    return try latest()?.row(symbol, timeframe, self, notices: notices, as: header)
  }

  func endSnapshot() {
    mark = nil
    confirmed = nil
  }
}

/// What the connections of a store have found out about rows in other forms.
final class StoreKnowledge {
  let ledger: CommitLedger
  let bars: ForeignForms
  let requests: ForeignForms
  let latest = LatestRecords()
  /// Whether all may rest on it: then the ledger knows of all that this store itself commits. Decided before any reads.
  @exclusivity(unchecked) fileprivate(set) var isShared: Bool

  init(isReadOnly: Bool) {
    ledger = CommitLedger()
    bars = ForeignForms(.bars, ledger)
    requests = ForeignForms(.requests, ledger)
    isShared = isReadOnly
  }
}

/// The latest bars of series with rows in other forms, whose texts do not tell which is the latest.
struct LatestTexts: ~Copyable {
  private var texts = SeriesTable(empty: Latest(version: 0, instant: 0, text: []))

  private struct Latest {
    var version: UInt32
    var instant: Int64
    var text: [UInt8]
  }

  /// Within a transaction, after its first statement.
  func find(
    _ symbol: Bytes, _ timeframe: Bytes, _ connection: Connection
  ) -> (instant: Int64, text: [UInt8])? {
    guard let place = texts.find(symbol, timeframe), texts[place].version == connection.dataVersion else {
      return nil
    }
    return (texts[place].instant, texts[place].text)
  }

  mutating func keep(
    _ instant: Int64, _ text: [UInt8], _ symbol: Bytes, _ timeframe: Bytes, _ connection: Connection
  ) {
    // Within a transaction the latest bar changes without a commit.
    guard !connection.isWriting else { return }
    texts.keep(
      Latest(version: connection.dataVersion, instant: instant, text: text), symbol, timeframe)
  }
}
