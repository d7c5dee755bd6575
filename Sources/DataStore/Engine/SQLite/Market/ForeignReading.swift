// SPDX-License-Identifier: MIT

/// Reads by instant, for series with rows in other forms: what is asked for decides what is read, not the series' length.
extension StoreConnection {
  /// Where all rows stand that mean an instant of the range, and maybe others.
  func windows(of key: SeriesKey, _ range: TimeRange) throws(StoreError) -> [TimeForms.Window] {
    try foreignForms.formsNear(key, from: range.start, to: range.end, self)
      .windows(from: range.start, to: range.end)
  }

  /// Calls `body` with ranges that have the first `count` rows of `range` (or with `isFromEnd` the last), until one has
  /// them all, or is `range` itself. `body` returns how many rows it found.
  func narrowing(
    _ range: TimeRange, to count: Int, isFromEnd: Bool, of key: SeriesKey,
    _ body: (TimeRange) throws(StoreError) -> Int
  ) throws(StoreError) {
    var reach = max(count, 1)
    while true {
      if let guess = try guess(range, reach, isFromEnd: isFromEnd, key),
        try body(guess) >= count || guess == range
      {
        return
      }
      reach = reach.multipliedReportingOverflow(by: 2).overflow ? Int.max : reach * 2
    }
  }

  /// A part of the range that begins, or ends, where it does. The texts' own order says how far it goes: where few rows
  /// are in other forms, or all are in one, it has about `count` rows. nil if no text met so far is of the range.
  private func guess(
    _ range: TimeRange, _ count: Int, isFromEnd: Bool, _ key: SeriesKey
  ) throws(StoreError) -> TimeRange? {
    if isFromEnd {
      // Behind what is written with hyphens stands what is written without them, of the same year.
      let ends = [nil, try edge(key, nil, 0, isFromEnd: true)?.withBytes(TimeForms.endOfHyphens)]
      var start: Int64?
      for end in ends where end != nil || start == nil {
        guard let instant = try instant(of: try edge(key, end, count - 1, isFromEnd: true)) else { continue }
        if range.contains(instant) { start = max(start ?? instant, instant) }
      }
      return TimeRange(start: start ?? range.start, end: range.end)
    }
    var begins = [range.start.map(Timestamp.text) ?? ""]
    if let start = range.start { begins.append(TimeForms.basicDate(start)) }
    var end: Int64?
    var isBefore = false
    for begin in begins {
      guard let instant = try instant(of: try edge(key, begin, count - 1, isFromEnd: false)) else { continue }
      if instant < range.start ?? Int64.min { isBefore = true }
      if range.contains(instant) { end = min(end ?? instant, instant) }
    }
    return end == nil && isBefore ? nil : TimeRange(start: range.start, end: end ?? range.end)
  }

  private func instant(of text: String?) throws(StoreError) -> Int64? {
    text?.withBytes { TimestampParser.layout($0)?.instant }
  }

  /// The text that is `skip` rows from `bound` on, or back from before it; nil if there is none.
  private func edge(
    _ key: SeriesKey, _ bound: String?, _ skip: Int, isFromEnd: Bool
  ) throws(StoreError) -> String? {
    let condition = bound == nil ? "" : isFromEnd ? "AND timestamp < ?3" : "AND timestamp >= ?3"
    let statement = try statement(
      """
      SELECT timestamp FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 \(condition)
      ORDER BY timestamp \(isFromEnd ? "DESC" : "ASC") LIMIT 1 OFFSET ?4
      """)
    key.bind(to: statement)
    if let bound { statement.bind(3, copying: bound) }
    statement.bind(4, Int64(skip))
    defer { statement.reset() }
    return try statement.step() ? statement.text(0) : nil
  }

  /// The first row of a series by time, or the last: of several of one instant the one that comes first, or last, as text.
  func extreme(
    _ key: SeriesKey, isFromEnd: Bool
  ) throws(StoreError) -> (instant: Int64, text: [UInt8])? {
    var found: (instant: Int64, text: [UInt8])?
    try narrowing(.all, to: 1, isFromEnd: isFromEnd, of: key) { range throws(StoreError) in
      found = nil
      for window in try windows(of: key, range) {
        let statement = try statement(
          """
          SELECT timestamp, ds_nanoseconds(symbol, timeframe, timestamp) FROM main.market_data
          WHERE symbol = ?1 AND timeframe = ?2 AND timestamp >= ?3 \(window.high == nil ? "" : "AND timestamp < ?4")
          """)
        key.bind(to: statement)
        statement.bind(window)
        defer { statement.reset() }
        while try statement.step() {
          let instant = statement.int64(1)
          guard range.contains(instant) else { continue }
          let isBetter = found.map { isFromEnd ? instant >= $0.instant : instant < $0.instant } ?? true
          if isBetter { found = (instant, Array(statement.bytes(0))) }
        }
      }
      return found == nil ? 0 : 1
    }
    return found
  }
}
