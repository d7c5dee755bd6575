// SPDX-License-Identifier: MIT

extension StoreConnection {
  /// Collects the rows of each series in turn, at most `limit` in all. To be called within a snapshot.
  func collect(
    _ reads: [SeriesRead], _ shape: ReadShape, limit: Int?
  ) throws(StoreError) -> BarAccumulator {
    collector.begin(shape)
    defer { collector.abandon() }
    // To begin with pages costs as much as some dozen rows by way of SQLite.
    let mostRows = reads.reduce(0) { max($0, $1.limit ?? limit ?? Int.max) }
    var pages = mostRows > Self.fewRows ? try SeriesPages(self) : nil
    var left = limit
    for read in reads {
      var read = read
      if let left { read.limit = min(left, read.limit ?? Int.max) }
      let rows = try collect(read, shape, &pages)
      left = left.map { $0 - rows }
    }
    return collector.end()
  }

  private static let fewRows = 32
}

extension StoreConnection {
  /// Collects the rows of one series; returns how many. To be called within a snapshot.
  func collect(
    _ read: SeriesRead, _ shape: ReadShape, _ pages: inout SeriesPages?
  ) throws(StoreError) -> Int {
    let before = collector.count
    collector.beginSymbol(read.key.text, read.range, skip: read.skip)
    defer { collector.endSymbol(skip: read.skip, limit: read.limit, fromEnd: read.isFromEnd) }
    guard read.limit != 0, read.range.start ?? .min <= read.range.end ?? .max else { return 0 }

    // A limited read ends (or begins) at a row that the index alone can tell.
    var bounds = Bounds(low: read.range.start.map(Timestamp.text), high: read.range.end.map(Timestamp.text))
    var low = read.range.start
    var high = read.range.end
    var isPlain = true
    var expected = 0
    if let limit = read.limit, let edge = try edge(read, limit + read.skip, bounds) {
      if let instant = edge.withBytes({ TimestampParser.stored($0) }) {
        expected = limit + read.skip
        if read.isFromEnd {
          (low, bounds.low) = (instant, edge)
        } else {
          (high, bounds.high) = (instant, edge)
        }
      } else {
        isPlain = false
      }
    }
    if isPlain {
      if try !collect(from: &pages, read.key, bounds) {
        collector.restartSymbol(read.range)
        try run(read.key, bounds, shape)
      }
      // Where forms mix, the first rows by text need not be the first in time, nor within the range.
      isPlain = !(collector.metForeignForm && read.limit != nil) && collector.count - before >= expected
      if isPlain { isPlain = !(try foreignForms.hide(read.key, from: low, to: high, self)) }
    }
    if !isPlain { try collectByInstant(read, shape, from: before) }
    return min(max(collector.count - before - read.skip, 0), read.limit ?? Int.max)
  }

  private struct Bounds {
    var low: String?
    var high: String?
  }

  /// The text of the `count`-th row from the beginning (or end) of the range; nil if there are fewer.
  private func edge(_ read: SeriesRead, _ count: Int, _ bounds: Bounds) throws(StoreError) -> String? {
    let order = read.isFromEnd ? "DESC" : "ASC"
    let statement = try statement(variant(bounds, tag: read.isFromEnd ? 1 : 2)) {
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

  /// The rows between the bounds, from the pages of the file; false if SQLite has to read them.
  private func collect(
    from pages: inout SeriesPages?, _ key: SeriesKey, _ bounds: Bounds
  ) throws(StoreError) -> Bool {
    var high = bounds.high
    let isRead = key.symbol.withBytes { symbol in
      key.timeframe.withBytes { timeframe in
        (bounds.low ?? "").withBytes { low in
          guard high != nil else { return pages?.collect(symbol, timeframe, from: low, to: nil, collector) }
          return high?.withUTF8 { pages?.collect(symbol, timeframe, from: low, to: $0, collector) } ?? false
        }
      }
    }
    guard isRead ?? false else { return false }
    try collector.settle()
    return true
  }

  private func run(_ key: SeriesKey, _ bounds: Bounds, _ shape: ReadShape) throws(StoreError) {
    let statement = try statement(variant(bounds, tag: 3) | columnBits(shape)) {
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
      4 << 40 | (window.high == nil ? 0 : 1 << 37) | columnBits(shape)
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
    if let low = bounds.low { statement.bind(3, copying: low) }
    if let high = bounds.high { statement.bind(4, copying: high) }
  }

  private func variant(_ bounds: Bounds, tag: UInt64) -> UInt64 {
    tag << 40 | (bounds.low == nil ? 0 : 1 << 36) | (bounds.high == nil ? 0 : 1 << 37)
  }

  private func columnBits(_ shape: ReadShape) -> UInt64 {
    UInt64(shape.columns.rawValue) | (shape.features == .none ? 0 : 1 << 9)
  }

  private func columnList(_ shape: ReadShape) -> String {
    (["timestamp"] + shape.selected.indices.map { "\(BarColumns.names[$0])" }).joined(separator: ", ")
  }
}
