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
}

/// Reads bars of a series straight from the pages of the file, as of the snapshot of a read transaction.
///
/// SQLite takes a few hundred instructions for each value that it hands over; the bytes themselves take about ten. What is
/// not plain here (another schema, damage, a value of another type) is left to SQLite, which reports what is wrong.
struct SeriesPages: ~Copyable {
  private var source: PageSource
  private var index: IndexCursor
  private var table: TableLookup
  private let interruption: Interruption

  /// Begins the read transaction; nil if its pages cannot be read, or hold other tables than ours.
  init?(_ connection: Connection) throws(StoreError) {
    guard connection.fastPaths.contains(.pages) else { return nil }
    var roots: (table: UInt32, index: UInt32)?
    let source = try PageSource(connection) { () throws(StoreError) in roots = try connection.roots() }
    guard let source, let roots else { return nil }
    self.source = source
    index = IndexCursor(root: roots.index)
    table = TableLookup(root: roots.table)
    interruption = connection.interruption
  }

  /// Hands the rows of a series between two texts of time, both included, to a sink. False if it stopped
  /// midway: SQLite has to read them all.
  mutating func collect(
    _ symbol: Bytes, _ timeframe: Bytes, from low: Bytes, to high: Bytes?, _ sink: some RecordSink
  ) -> Bool {
    let place = IndexPlace(symbol: symbol, timeframe: timeframe, timestamp: low)
    func isOfSeries(_ entry: IndexEntry) -> Bool {
      entry.symbol.equalsWord(symbol) && entry.timeframe.equalsWord(timeframe)
    }
    func isPast(_ timestamp: Bytes) -> Bool { high.map { timestamp.order($0) > 0 } ?? false }
    func isPast(_ entry: IndexEntry) -> Bool {
      if isOfSeries(entry) { return isPast(entry.timestamp) }
      let order = entry.symbol.order(symbol)
      return order > 0 || order == 0 && entry.timeframe.order(timeframe) > 0
    }
    if sink.count == 0 {
      let interruption = interruption
      let expected = index.count(
        from: place, until: isPast, unless: { interruption.shouldStop() }, &source)
      guard let expected else { return false }
      sink.expect(rows: expected)
    }
    var step = index.seek(place, &source)
    var rows = 0
    while true {
      switch step {
      case .unclear: return false
      case .end: return true
      case .entry(let entry):
        // One that comes before those that were seen: the index is damaged, and SQLite's to go through.
        guard isOfSeries(entry) else { return isPast(entry) }
        if isPast(entry.timestamp) { return true }
        guard let record = table.record(entry.rowid, &source),
          sink.append(timestamp: entry.timestamp, record, in: table.block)
        else { return false }
        rows += 1
        if rows & 255 == 0, interruption.shouldStop() { return false }
      }
      step = index.next(&source)
    }
  }
}

extension Connection {
  /// The pages where the table and the index of its key begin; nil if the table is not the specification's to the
  /// letter. Starts a read transaction.
  func roots() throws(StoreError) -> (table: UInt32, index: UInt32)? {
    let statement = try statement(
      """
      SELECT rootpage, sql FROM main.sqlite_schema WHERE tbl_name = 'market_data'
      AND (type = 'table' OR (type = 'index' AND sql IS NULL)) ORDER BY type DESC
      """)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    let table = statement.int64(0)
    guard specifiedTable.isWritten(in: statement.bytes(1), as: Schema.marketData.ddl), try statement.step()
    else { return nil }
    let index = statement.int64(0)
    guard !(try statement.step()), let table = UInt32(exactly: table), let index = UInt32(exactly: index),
      table > 1, index > 1
    else { return nil }
    return (table, index)
  }
}
