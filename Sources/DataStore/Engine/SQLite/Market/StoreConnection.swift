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
  /// For the latest bar, which is fetched from pages; nil before the first one.
  private var latestPages: LatestPages?
  private var latestFields = RecordFields(count: 13)
  /// The date of the bar that was read last by itself: the latest bars of all series are mostly of one day.
  var latestDate = TimestampParser.DateMemo()
  /// Checks features that are handed out as text against the rules.
  var featureCheck = FeatureParser()

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

  /// Hands the latest bar of a series to `body`, which takes the fields of its record; nil if SQLite has to find it.
  func withLatestRecord<Result>(
    _ symbol: Bytes, _ timeframe: Bytes, notices: Int?,
    _ body: (_ instant: Int64, _ fields: borrowing RecordFields) throws(StoreError) -> Result?
  ) throws(StoreError) -> Result? {
    guard fastPaths.contains(.latestPages) else { return nil }
    if latestPages == nil { latestPages = try LatestPages(self) }
    guard let row = try latestPages?.row(symbol, timeframe, self, notices: notices),
      latestFields.read(row.record)
    else { return nil }
    return try body(row.instant, latestFields)
  }
}
