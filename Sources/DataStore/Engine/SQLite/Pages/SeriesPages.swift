// SPDX-License-Identifier: MIT

/// What rows from pages go to.
protocol RecordSink: AnyObject {
  /// Rows that it has taken.
  var count: Int { get }
  /// Says how many rows are to come, about.
  func expect(rows: Int)
  /// Takes a row of which the time and the record are known; false if something about it is not as it should be.
  /// `block` is what the record lies in, where it may be held.
  func append(timestamp: Bytes, _ record: Bytes, in block: ByteBlock.Reference?) -> Bool
  /// Takes rows whose times are known already, and in the stored form, likewise. It may change what stands in `rows`.
  func append(_ rows: UnsafeMutableBufferPointer<FoundRow>, in block: ByteBlock.Reference?) -> Bool
}

/// What entries of the index go to.
protocol EntrySink: AnyObject {
  /// Takes the entries of a page from cell `first` on, before `end`, all of which are to be of this series; false if something
  /// about them is not as it should be.
  func take(_ page: BTreePage, _ first: Int, _ end: Int, of series: SeriesNames) -> Bool
}

/// The names of a series, borrowed.
struct SeriesNames {
  let symbol: Bytes
  let timeframe: Bytes

  @inline(__always)
  func isOf(_ entry: IndexEntry) -> Bool {
    entry.symbol.equalsWord(symbol) && entry.timeframe.equalsWord(timeframe)
  }
}

/// A row that was found, before it is taken.
struct FoundRow {
  var instant: Int64
  var record: UnsafePointer<UInt8>
  /// A record that is on one page is shorter than that.
  var bytes: Int32
  /// For the sink, to note something.
  var layout: Int32 = 0
}

/// Room for rows of one page, until they are taken.
struct FoundRows: ~Copyable {
  static let most = 128
  let start: UnsafeMutablePointer<FoundRow>

  init() { start = .allocate(capacity: Self.most) }

  deinit { start.deallocate() }
}

/// Reads bars of a series straight from the pages of the file, as of the snapshot of a read transaction.
///
/// SQLite takes a few hundred instructions for each value that it hands over, and some ten thousand for each series; the
/// bytes themselves take about ten. What is not plain here (another schema, damage, a value of another type) is left to
/// SQLite, which reports what is wrong.
struct SeriesPages: ~Copyable {
  private var source: PageSource
  private var trees: Trees?
  private let interruption: Interruption

  /// The index and the table, by the schema of this cookie.
  fileprivate struct Trees: ~Copyable {
    let cookie: Int64
    let pageSizes: (whole: Int, usable: Int)
    var index: IndexCursor
    var table: TableLookup
    /// Where the place lies that is sought.
    var key = ByteBuffer()
    /// Where it ends.
    var endKey = ByteBuffer()
    var memo = EntryMemo()
    var seconds = StoredSeconds()
    let room = FoundRows()
  }

  /// Of a read that is this short it is not worth while to count the rows before.
  fileprivate static let fewRows = 1024

  /// nil if the connection has no WAL open, or is not to.
  init?(_ connection: Connection) {
    guard connection.fastPaths.contains(.pages), let source = PageSource(connection) else { return nil }
    self.source = source
    interruption = connection.interruption
  }

  /// That of the WAL's index, as of the read transaction that has begun.
  var header: WALIndex.Header? { source.header }

  /// Begins the read transaction; false if its pages cannot be read, or hold other tables than ours. `notices`: see
  /// `PageSource`.
  mutating func begin(_ connection: Connection, notices: Int?) throws(StoreError) -> Bool {
    var cookie: Int64 = 0
    let isClear = try source.begin(connection, notices: notices) { () throws(StoreError) in
      cookie = try connection.schemaCookie()
    }
    guard isClear else { return false }
    if let cookieBefore = trees?.cookie, cookieBefore == cookie, let sizes = trees?.pageSizes,
      sizes == (source.pageSize, source.usableSize)
    {
      return true
    }
    trees = nil
    guard let roots = try connection.roots(of: .bars) else { return false }
    let runs = PageRuns()
    trees = Trees(
      cookie: cookie, pageSizes: (source.pageSize, source.usableSize),
      index: IndexCursor(root: roots.index, pageSize: source.pageSize, runs),
      table: TableLookup(root: roots.table, pageSize: source.pageSize, runs))
    return true
  }

  /// Lets go of what only the current read transaction needs.
  mutating func end() {
    trees?.index.end()
    trees?.table.end()
  }

  /// Hands the rows of a series between two texts of time, both included, to a sink: the first `limit`, or the last. Returns
  /// how many they were; nil if it stopped midway: SQLite has to read them all.
  mutating func collect(
    _ symbol: Bytes, _ timeframe: Bytes, from low: Bytes, to high: Bytes?, limit: Int?, isFromEnd: Bool,
    _ sink: some RecordSink
  ) -> Int? {
    trees?.collect(
      Part(symbol: symbol, timeframe: timeframe, low: low, high: high), limit: limit, isFromEnd: isFromEnd,
      sink,
      &source, interruption) ?? nil
  }

  /// Hands the entries of a series between two texts of time to a sink, those of a leaf together. Without `high` there is no
  /// end; with `endsBefore` it is not included. False if it stopped midway: SQLite has to find them all.
  mutating func forEachRun(
    _ symbol: Bytes, _ timeframe: Bytes, from low: Bytes, to high: Bytes?, endsBefore: Bool,
    _ sink: some EntrySink
  ) -> Bool {
    trees?.forEachRun(
      Part(symbol: symbol, timeframe: timeframe, low: low, high: high), endsBefore: endsBefore, sink,
      &source, interruption) ?? false
  }

  /// Part of a series.
  fileprivate struct Part {
    let symbol: Bytes
    let timeframe: Bytes
    let low: Bytes
    let high: Bytes?

    @inline(__always)
    func isOfSeries(_ entry: IndexEntry) -> Bool {
      entry.symbol.equalsWord(symbol) && entry.timeframe.equalsWord(timeframe)
    }

    @inline(__always)
    func isPast(timestamp: Bytes) -> Bool { high.map { timestamp.order($0) > 0 } ?? false }

    func isPast(_ entry: IndexEntry) -> Bool {
      if isOfSeries(entry) { return isPast(timestamp: entry.timestamp) }
      let order = entry.symbol.order(symbol)
      return order > 0 || order == 0 && entry.timeframe.order(timeframe) > 0
    }
  }
}

extension SeriesPages.Trees {
  fileprivate mutating func collect(
    _ part: SeriesPages.Part, limit: Int?, isFromEnd: Bool, _ sink: some RecordSink,
    _ source: inout PageSource,
    _ interruption: Interruption
  ) -> Int? {
    let shouldStop = { interruption.shouldStop() }
    if isFromEnd, let limit {
      guard let end = place(part.high == nil ? .behindSeries : .behind, part, part.high) else { return nil }
      // Midway it stands anywhere.
      if case .unclear = index.seek(end, &source) { return nil }
      let first = index.back(
        limit, while: { part.isOfSeries($0) && $0.timestamp.order(part.low) >= 0 }, unless: shouldStop,
        &source)
      if first != nil {
        if sink.count == 0, limit > SeriesPages.fewRows { sink.expect(rows: limit) }
        let taken = take(part, limit: limit, sink, &source, interruption)
        return taken == limit ? taken : nil
      }
      // There are fewer, or the pages are not clear: the way forward tells.
    }
    guard let begin = place(.before, part, part.low) else { return nil }
    // Midway it stands anywhere, and without memory for the root nowhere.
    if case .unclear = index.seek(begin, &source) { return nil }
    if sink.count == 0, limit ?? Int.max > SeriesPages.fewRows, !index.endsSoon(part.isPast) {
      guard let expected = index.estimate(until: part.isPast, unless: shouldStop, &source) else { return nil }
      sink.expect(rows: min(expected, limit ?? Int.max))
      if case .unclear = index.seek(begin, &source) { return nil }
    }
    guard isFromEnd, let limit else {
      return take(part, limit: limit ?? Int.max, sink, &source, interruption)
    }
    // One more would be of those that are not asked for: the first instead of the last.
    let taken = take(part, limit: limit + 1, sink, &source, interruption)
    return taken.flatMap { $0 > limit ? nil : $0 }
  }

  fileprivate mutating func forEachRun(
    _ part: SeriesPages.Part, endsBefore: Bool, _ sink: some EntrySink, _ source: inout PageSource,
    _ interruption: Interruption
  ) -> Bool {
    guard
      let end = Self.place(
        part.high == nil ? .behindSeries : endsBefore ? .before : .behind, part, part.high, in: &endKey),
      let begin = place(.before, part, part.low)
    else { return false }
    // Midway it stands anywhere.
    if case .unclear = index.seek(begin, &source) { return false }
    let series = SeriesNames(symbol: part.symbol, timeframe: part.timeframe)
    let take = { (page: BTreePage, first: Int, stop: Int) in
      first == stop || sink.take(page, first, stop, of: series)
    }
    return index.forEachRun(upTo: end, unless: { interruption.shouldStop() }, &source, take: take)
  }

  /// A place in the index, until the next one; nil if there is no memory.
  private mutating func place(_ side: IndexPlace.Side, _ part: SeriesPages.Part, _ timestamp: Bytes?)
    -> IndexPlace?
  {
    Self.place(side, part, timestamp, in: &key)
  }

  private static func place(
    _ side: IndexPlace.Side, _ part: SeriesPages.Part, _ timestamp: Bytes?, in key: inout ByteBuffer
  ) -> IndexPlace? {
    key.removeAll()
    key.append(part.symbol)
    key.append(part.timeframe)
    if let timestamp { key.append(timestamp) }
    guard !key.isIncomplete else { return nil }
    return IndexPlace(
      side, key.bytes, symbolBytes: part.symbol.count, timeframeBytes: part.timeframe.count)
  }

  /// Takes rows from the current entry on.
  private mutating func take(
    _ part: SeriesPages.Part, limit: Int, _ sink: some RecordSink, _ source: inout PageSource,
    _ interruption: Interruption
  ) -> Int? {
    let last = part.high.map { TimestampParser.stored($0) } ?? Int64.max
    if !memo.isOf(part.symbol, part.timeframe) { memo.forget() }
    var rows = 0
    var asked = 0
    while true {
      if memo.isKnown, let last {
        guard let taken = takeAlike(upTo: last, limit: limit - rows, sink, &source) else { return nil }
        rows += taken
        if rows == limit { return rows }
      }
      switch index.current() {
      case .unclear: return nil
      case .end: return rows
      case .entry(let entry):
        // One that comes before those that were seen: the index is damaged, and SQLite's to go through.
        guard part.isOfSeries(entry) else { return part.isPast(entry) ? rows : nil }
        if part.isPast(timestamp: entry.timestamp) { return rows }
        guard let record = table.record(entry.rowid, &source),
          sink.append(timestamp: entry.timestamp, record, in: table.block)
        else { return nil }
        rows += 1
        if rows == limit { return rows }
        if rows - asked >= 256 {
          asked = rows
          if interruption.shouldStop() { return nil }
        }
        if let (page, cell) = index.leaf { memo.learn(entry, cell, of: page) }
      }
      guard index.advance(&source) else { return nil }
    }
  }

  /// Takes the rows of the current leaf of the index, from the current entry on, up to the first that is not like the one
  /// that was learnt from, or not whole on its page. nil if something about them is not as it should be.
  @inline(__always)
  private mutating func takeAlike(
    upTo last: Int64, limit: Int, _ sink: some RecordSink, _ source: inout PageSource
  ) -> Int? {
    guard let (page, first) = index.leaf else { return 0 }
    // In variables of its own: it is gone through once per row.
    let (pattern, found) = (memo.pattern, room.start)
    var (seconds, leaf) = (seconds, table.leaf)
    var cell = first
    let end = first + min(page.cellCount - first, limit)
    var count = 0
    while cell < end {
      guard let (time, rowid) = pattern.match(cell, of: page) else { break }
      let instant =
        pattern.timeBytes == StoredSeconds.bytes
        ? seconds.instant(time) : TimestampParser.stored(Bytes(start: time, count: pattern.timeBytes))
      guard let instant, instant <= last else { break }
      var record = leaf?.record(rowid)
      if record == nil {
        // Those that were found lie on another leaf.
        guard pass(count, to: sink) else { return nil }
        count = 0
        leaf = table.enterLeaf(of: rowid, &source) ? table.leaf : nil
        record = leaf?.record(rowid)
      }
      guard let record, let start = record.baseAddress else { break }
      found[count] = FoundRow(instant: instant, record: start, bytes: Int32(truncatingIfNeeded: record.count))
      count &+= 1
      cell &+= 1
      if count == FoundRows.most {
        guard pass(count, to: sink) else { return nil }
        count = 0
      }
    }
    guard pass(count, to: sink) else { return nil }
    self.seconds = seconds
    table.leaf = leaf
    index.move(to: cell)
    return cell - first
  }

  @inline(__always)
  private func pass(_ count: Int, to sink: some RecordSink) -> Bool {
    count == 0
      || sink.append(UnsafeMutableBufferPointer(start: room.start, count: count), in: table.leafBlock)
  }
}

extension Connection {
  /// Changes with the schema. Starts a read transaction.
  fileprivate func schemaCookie() throws(StoreError) -> Int64 {
    let statement = try statement(Self.schemaCookieVariant) { "PRAGMA main.schema_version" }
    defer { statement.reset() }
    return try statement.step() ? statement.int64(0) : 0
  }

  private static let schemaCookieVariant = StatementFamily.schemaCookie.first

  /// The pages where the table and the index of its key begin; nil if the table is not the specification's to the
  /// letter. Starts a read transaction.
  func roots(of paged: PagedTable) throws(StoreError) -> (table: UInt32, index: UInt32)? {
    let specified = paged.specified
    let statement = try statement(
      """
      SELECT rootpage, sql FROM main.sqlite_schema WHERE tbl_name = '\(specified.name)'
      AND (type = 'table' OR (type = 'index' AND sql IS NULL)) ORDER BY type DESC
      """)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    let table = statement.int64(0)
    guard isSpecified(paged, statement.bytes(1), as: specified.ddl), try statement.step() else { return nil }
    let index = statement.int64(0)
    guard !(try statement.step()), let table = UInt32(exactly: table), let index = UInt32(exactly: index),
      table > 1, index > 1
    else { return nil }
    return (table, index)
  }
}
