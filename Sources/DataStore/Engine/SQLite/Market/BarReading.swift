// SPDX-License-Identifier: MIT

extension StoreConnection {
  /// Collects the rows of each series in turn, at most `limit` in all. To be called within a snapshot. `notices` counts what
  /// was noticed of the file so far; nil if nothing notices.
  func collect(
    _ reads: [SeriesRead], _ shape: ReadShape, limit: Int?, notices: Int?
  ) throws(StoreError) -> BarAccumulator {
    collector.begin(shape)
    defer { collector.abandon() }
    let hasPages = try beginPages(notices: notices)
    defer { if hasPages { seriesPages?.end() } }
    var left = limit
    for read in reads {
      var read = read
      if let left { read.limit = min(left, read.limit ?? Int.max) }
      let rows = try collect(read, shape, hasPages: hasPages)
      left = left.map { $0 - rows }
    }
    return collector.end()
  }

  /// How many rows a read may give: its limits, or else what the index says. To be called within its snapshot.
  func expectedRows(_ reads: [SeriesRead], limit: Int?, notices: Int?) throws(StoreError) -> Int {
    if let limit, reads.count == 1 { return min(limit, reads[0].limit ?? limit) }
    if let limit, reads.allSatisfy({ $0.limit == nil }) { return limit }
    var rows = 0
    for read in reads {
      let count =
        if let most = read.limit { most } else { try countBars(read.key, read.range, notices: notices) }
      rows = rows.addingReportingOverflow(count).overflow ? Int.max : rows + count
    }
    return min(rows, limit ?? Int.max)
  }
}

extension StoreConnection {
  /// Collects the rows of one series; returns how many.
  func collect(
    _ read: SeriesRead, _ shape: ReadShape, hasPages: Bool
  ) throws(StoreError) -> Int {
    let before = collector.count
    collector.beginSymbol(read.key, read.range, skip: read.skip)
    defer { collector.endSymbol(skip: read.skip, limit: read.limit, fromEnd: read.isFromEnd) }
    guard read.limit != 0, read.range.start ?? .min <= read.range.end ?? .max else { return 0 }
    if !(try collectByText(read, shape, hasPages: hasPages)) {
      try collectByInstant(read, shape, from: before)
    }
    return min(max(collector.count - before - read.skip, 0), read.limit ?? Int.max)
  }

  /// Collects the rows that stand between the texts of the bounds; false if other tools' forms make them the wrong ones.
  private func collectByText(
    _ read: SeriesRead, _ shape: ReadShape, hasPages: Bool
  ) throws(StoreError) -> Bool {
    let before = collector.count
    // A limited read ends (or begins) at a row that the index alone can tell.
    let wanted = read.limit.map { $0 + read.skip }
    var range = read.range
    var expected = 0
    if hasPages, let taken = try collectFromPages(read, limit: wanted) {
      if let wanted, taken == wanted {
        expected = wanted
        guard let edge = collector.instant(read.isFromEnd ? before : collector.count - 1) else {
          return false
        }
        if read.isFromEnd { range.start = edge } else { range.end = edge }
      }
    } else {
      collector.restartSymbol(range)
      if let wanted, let edge = try edge(read, wanted) {
        guard let instant = edge.withBytes({ TimestampParser.stored($0) }) else { return false }
        expected = wanted
        if read.isFromEnd { range.start = instant } else { range.end = instant }
      }
      try run(read.key, Bounds(range), shape)
    }
    // Where forms mix, the first rows by text need not be the first in time, nor within the range.
    if wanted != nil, collector.metForeignForm || collector.count - before < expected { return false }
    return
      !(try read.key.withBytes { symbol, timeframe throws(StoreError) in
        guard range != .all else { return false }
        return try foreignForms.hide(symbol, timeframe, from: range.start, to: range.end, self)
      })
  }

  private struct Bounds {
    let low: TimeText?
    let high: TimeText?

    init(_ range: TimeRange) {
      low = range.start.map { TimeText(stored: $0) }
      high = range.end.map { TimeText(stored: $0) }
    }
  }

  /// The text of the `count`-th row from the beginning (or end) of the range; nil if there are fewer.
  private func edge(_ read: SeriesRead, _ count: Int) throws(StoreError) -> String? {
    let order = read.isFromEnd ? "DESC" : "ASC"
    let bounds = Bounds(read.range)
    let statement = try statement(variant(bounds, read.isFromEnd ? .lastBounded : .firstBounded)) {
      """
      SELECT timestamp FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2\(bounds.low == nil ? "" : " AND timestamp >= ?3")\
      \(bounds.high == nil ? "" : " AND timestamp <= ?4") ORDER BY timestamp \(order) LIMIT 1 OFFSET ?5
      """
    }
    bind(read.key, bounds, to: statement)
    statement.bind(5, Int64(count - 1))
    defer { statement.reset() }
    return try statement.step() ? statement.text(0) : nil
  }

  /// The rows of the range, the first or the last of them, from the pages of the file; nil if SQLite has to read them.
  private func collectFromPages(_ read: SeriesRead, limit: Int?) throws(StoreError) -> Int? {
    if limit == 1, read.isFromEnd, read.range == .all, let row = try latestRow(read.key) {
      guard collector.append(row) else { return nil }
      try collector.settle()
      return 1
    }
    let bounds = Bounds(read.range)
    let taken = try read.key.withBytes { symbol, timeframe throws(StoreError) in
      (bounds.low ?? .empty).withBytes { low in
        guard let high = bounds.high else {
          return seriesPages?.collect(
            symbol, timeframe, from: low, to: nil, limit: limit, isFromEnd: read.isFromEnd, collector)
        }
        return high.withBytes { high in
          seriesPages?.collect(
            symbol, timeframe, from: low, to: high, limit: limit, isFromEnd: read.isFromEnd, collector)
        }
      }
    }
    guard let taken = taken ?? nil else { return nil }
    try collector.settle()
    return taken
  }

  private func latestRow(_ key: SeriesKey) throws(StoreError) -> LatestPages.Row? {
    try key.withBytes { symbol, timeframe throws(StoreError) in try latestRow(symbol, timeframe) }
  }

  private func run(_ key: SeriesKey, _ bounds: Bounds, _ shape: ReadShape) throws(StoreError) {
    let statement = try statement(variant(bounds, .collected) | columnBits(shape)) {
      """
      SELECT ds_collect(\(columnList(shape))) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2\
      \(bounds.low == nil ? "" : " AND timestamp >= ?3")\(bounds.high == nil ? "" : " AND timestamp <= ?4")
      """
    }
    bind(key, bounds, to: statement)
    try statement.run()
    try collector.settle()
  }

  /// The general path, right for any form: each row that may count by its instant. The collector leaves out what is outside
  /// the range.
  private func collectByInstant(_ read: SeriesRead, _ shape: ReadShape, from before: Int) throws(StoreError) {
    let wanted = read.limit.map { $0 + read.skip } ?? Int.max
    let collect = { (range: TimeRange) throws(StoreError) -> Int in
      self.collector.restartSymbol(range)
      for window in try self.windows(of: read.key, range) { try self.run(read.key, window, shape) }
      return self.collector.count - before
    }
    if read.limit == nil {
      _ = try collect(read.range)
    } else {
      try narrowing(read.range, to: wanted, isFromEnd: read.isFromEnd, of: read.key, collect)
      guard shape.takesAllKeys, collector.count - before > wanted else { return }
      // Once more without the rows that would be cut off: the result has no columns for keys of theirs.
      let times = collector.instants(from: before).sorted()
      var range = read.range
      if read.isFromEnd { range.start = times[times.count - wanted] } else { range.end = times[wanted - 1] }
      _ = try collect(range)
    }
  }

  private func run(_ key: SeriesKey, _ window: TimeForms.Window, _ shape: ReadShape) throws(StoreError) {
    let statement = try statement(
      StatementFamily.collectedInWindow.first | (window.high == nil ? 0 : 1 << 37) | columnBits(shape)
    ) {
      """
      SELECT ds_collect(\(columnList(shape))) FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2
      AND timestamp >= ?3 \(window.high == nil ? "" : "AND timestamp < ?4")
      """
    }
    key.bind(to: statement)
    statement.bind(window)
    try statement.run()
    try collector.settle()
  }

  private func bind(_ key: SeriesKey, _ bounds: Bounds, to statement: Statement) {
    key.bind(to: statement)
    bounds.low?.withBytes { statement.bindCopy(3, text: $0) }
    bounds.high?.withBytes { statement.bindCopy(4, text: $0) }
  }

  private func variant(_ bounds: Bounds, _ family: StatementFamily) -> UInt64 {
    family.first | (bounds.low == nil ? 0 : 1 << 36) | (bounds.high == nil ? 0 : 1 << 37)
  }

  private func columnBits(_ shape: ReadShape) -> UInt64 {
    UInt64(shape.columns.rawValue) | (shape.features == .none ? 0 : 1 << 9)
  }

  private func columnList(_ shape: ReadShape) -> String {
    (["timestamp"] + shape.selected.indices.map { "\(BarColumns.names[$0])" }).joined(separator: ", ")
  }
}
