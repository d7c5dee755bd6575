// SPDX-License-Identifier: MIT

/// A connection to a store's file, with what its bars and requests take.
final class StoreConnection: Connection {
  /// What the rows of the bulk paths come from and go to.
  let source: BarSource
  let collector = BarCollector()
  let merger = FeatureMerging()
  let overlap: BarOverlap
  let barTime: BarTime
  @exclusivity(unchecked) var foreignForms = ForeignForms(.bars)
  var foreignRequests = ForeignForms(.requests)
  /// For reads that take rows from pages; nil before the first one.
  @exclusivity(unchecked) var seriesPages: SeriesPages?
  /// For the latest bar, which is fetched from pages; nil before the first one.
  private var latestPages: LatestPages?
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

  override func takeFailure() -> StoreError? {
    for failure in [source.takeFailure(), collector.takeFailure(), merger.takeFailure()] {
      if let failure { return failure }
    }
    return nil
  }

  override func mayCommitStatement() -> Bool { overlap.mayCommit() }

  /// Begins the read transaction of a read that may take rows from pages; false if SQLite has to find them all.
  func beginPages(notices: Int?) throws(StoreError) -> Bool {
    if seriesPages == nil { seriesPages = SeriesPages(self) }
    return try seriesPages?.begin(self, notices: notices) ?? false
  }

  /// The record of a series' latest bar, valid until the next one; nil if SQLite has to find it.
  func latestRecord(
    _ symbol: Bytes, _ timeframe: Bytes, notices: Int?
  ) throws(StoreError) -> (instant: Int64, record: RecordRow)? {
    guard fastPaths.contains(.latestPages) else { return nil }
    if latestPages == nil { latestPages = try LatestPages(self) }
    guard let row = try latestPages?.row(symbol, timeframe, self, notices: notices),
      latestFields.read(row.record)
    else { return nil }
    return (row.instant, latestFields.row)
  }
}
