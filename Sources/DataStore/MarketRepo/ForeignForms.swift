// SPDX-License-Identifier: MIT

/// Keeps reads right where other tools wrote timestamps in other forms.
///
/// Bounds are compared as text, which is right for the stored form only: `2026-03-01T16:00:00+01:00` is 15:00 UTC
/// and sorts as if it were 16:00. Such a row can be missing from a range only if it sorts near one of the
/// bounds. So the index is searched there; what was searched is remembered until another connection commits.
struct ForeignForms {
  /// A stretch of texts: `low <= text < high`.
  struct Window {
    var low: String
    var high: String
  }

  private var searched: [SeriesKey: (version: UInt32, windows: [Window])] = [:]
  /// The last answers about latest bars, which a live system asks for over and over: each series has its place.
  private var latest: [LatestAnswer] = []
  private static let keptSeries = 4096
  private static let keptWindows = 4
  static let keptLatest = 256

  /// That no other form hides a bar later than `instant`, as of `version`.
  private struct LatestAnswer {
    var series: [UInt8] = []
    var instant: Int64 = 0
    var version: UInt32 = 0

    @inline(__always)
    func holds(_ symbol: Bytes, _ timeframe: Bytes, _ instant: Int64, _ version: UInt32) -> Bool {
      guard self.instant == instant, self.version == version,
        series.count == symbol.count + timeframe.count + 1
      else { return false }
      return series.withUnsafeBufferPointer { series in
        Bytes(rebasing: series[..<symbol.count]).equals(symbol)
          && Bytes(rebasing: series[(symbol.count + 1)...]).equals(timeframe)
      }
    }
  }

  /// True where a row in another form may belong to the rows between the bounds without sorting there. To be asked
  /// within the read's snapshot, after its first statement.
  mutating func hide(
    _ key: SeriesKey, from low: Int64?, to high: Int64?, _ connection: Connection
  ) throws(StoreError) -> Bool {
    if let low, try finds(key, Self.below(low), connection) { return true }
    guard let high else { return false }
    if try finds(key, Self.above(high), connection) { return true }
    for window in Self.basicFormsOfYears(near: high) where try isAny(key, window, connection) { return true }
    return false
  }

  /// `hide` for the latest bar of a series, at `instant` by its text.
  mutating func hideLatest(
    _ symbol: Bytes, _ timeframe: Bytes, _ instant: Int64, _ connection: Connection
  ) throws(StoreError) -> Bool {
    let version = connection.dataVersion
    if latest.isEmpty { latest = Array(repeating: LatestAnswer(), count: Self.keptLatest) }
    let place = Self.place(symbol, timeframe)
    if latest[place].holds(symbol, timeframe, instant, version) { return false }
    if try hide(try SeriesKey(symbol.text, timeframe.text), from: instant, to: nil, connection) {
      return true
    }
    latest[place] = LatestAnswer(
      series: Array(symbol) + [0] + Array(timeframe), instant: instant, version: version)
    return false
  }

  static func place(_ symbol: Bytes, _ timeframe: Bytes) -> Int {
    // FNV-1a
    var hash: UInt32 = 2_166_136_261
    for byte in symbol { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    for byte in timeframe { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int(truncatingIfNeeded: (hash ^ hash >> 16) & UInt32(keptLatest - 1))
  }

  // MARK: Where they could be

  private static let reach = Int64(TimestampParser.maximumOffsetSeconds) * Timestamp.perSecond

  /// No text before this one means `instant` or later.
  static func earliestText(near instant: Int64) -> String { below(instant).low }

  /// Texts before `instant`'s own that may mean it or later: west of Greenwich, or with a space for the T.
  private static func below(_ instant: Int64) -> Window {
    let earliest = instant.subtractingReportingOverflow(reach)
    return Window(
      low: Timestamp.dateText(earliest.overflow ? Int64.min + 1 : earliest.partialValue),
      high: Timestamp.text(instant))
  }

  /// Texts after `instant`'s own that may mean it or earlier: east of Greenwich, or written `…t15` or `…T15Z`.
  private static func above(_ instant: Int64) -> Window {
    let latest = instant.addingReportingOverflow(reach)
    return Window(
      low: Timestamp.text(instant),
      high: Timestamp.dateText(latest.overflow ? Int64.max : latest.partialValue) + "~")
  }

  /// `20260301T15…` sorts after all of `2026-…`.
  private static func basicFormsOfYears(near instant: Int64) -> [Window] {
    let latest = instant.addingReportingOverflow(reach)
    let years = Set([
      Timestamp.dateText(instant).prefix(4),
      Timestamp.dateText(latest.overflow ? Int64.max : latest.partialValue).prefix(4),
    ])
    return years.map { Window(low: $0 + "0", high: $0 + ":") }
  }

  // MARK: The search

  private mutating func finds(
    _ key: SeriesKey, _ window: Window, _ connection: Connection
  ) throws(StoreError) -> Bool {
    let version = connection.dataVersion
    var known = searched[key] ?? (version, [])
    if known.version != version { known = (version, []) }
    if known.windows.contains(where: { $0.low <= window.low && window.high <= $0.high }) { return false }
    if try isAny(key, window, connection) { return true }
    if known.windows.count >= Self.keptWindows { known.windows.removeFirst() }
    known.windows.append(window)
    if searched.count >= Self.keptSeries { searched = [:] }
    searched[key] = known
    return false
  }

  private func isAny(
    _ key: SeriesKey, _ window: Window, _ connection: Connection
  ) throws(StoreError) -> Bool {
    let statement = try connection.statement(
      """
      SELECT 1 FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp >= ?3 AND timestamp < ?4
      AND ds_is_foreign(timestamp) LIMIT 1
      """)
    key.bind(to: statement)
    statement.bind(3, copying: window.low)
    statement.bind(4, copying: window.high)
    defer { statement.reset() }
    return try statement.step()
  }
}
