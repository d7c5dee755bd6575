// SPDX-License-Identifier: MIT

/// The bars of some rows that are stored already, held against other writers until the transaction ends, and what they have
/// of features.
struct HeldBars: ~Copyable {
  private let answer: Answer?
  /// By key, in the order in which they were asked for: the answer's row; -1 where there is no such bar.
  private let rows: ColumnBuffer<Int32>
  let count: Int

  /// None.
  init() {
    answer = nil
    rows = ColumnBuffer()
    count = 0
  }

  /// Asks for `keys`; with `features` for those, too.
  init(_ keys: borrowing BarKeys, features: Bool, in table: String, _ session: Session) throws(StoreError) {
    let found = try keys.hold(features: features, in: table, session)
    var rows = ColumnBuffer<Int32>()
    var count = 0
    rows.pad(to: keys.count, with: -1)
    for row in 0..<found.rows {
      let place = Int(found.integer(0, row: row)) - 1
      guard place >= 0, place < rows.count, rows[place] < 0 else { continue }
      rows[place] = Int32(truncatingIfNeeded: row)
      count += 1
    }
    if MemoryShortage.isNoted { throw .noMemory() }
    answer = consume found
    self.rows = consume rows
    self.count = count
  }

  func holds(_ key: Int) -> Bool { key < rows.count && rows[key] >= 0 }

  /// What a bar has, if it is there and has any.
  func features(_ key: Int) -> Bytes? {
    guard holds(key) else { return nil }
    return answer?.optionalBytes(1, row: Int(rows[key]))
  }
}

/// Keys of bars as arrays, the parameters of one statement.
struct BarKeys: ~Copyable {
  private let batch: BorrowedBatch
  private let series: (symbol: Bytes, timeframe: Bytes)?
  private(set) var count = 0
  private var symbols = ArrayParameter.texts
  private var timeframes = ArrayParameter.texts
  private var times = ArrayParameter(of: 1184)
  private var remainders = ArrayParameter(of: 21)

  /// Of rows of `batch`, which is of `series` where that is not nil.
  init(_ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes)?) {
    self.batch = batch
    self.series = series
  }

  mutating func removeAll() {
    count = 0
    symbols.removeAll()
    timeframes.removeAll()
    times.removeAll()
    remainders.removeAll()
  }

  mutating func append(_ row: Int) {
    if series == nil {
      symbols.append(batch.symbol.text(row))
      timeframes.append(batch.timeframe.text(row))
    }
    let time = ServerTime(batch.timestamps[row])
    times.append(time.microseconds)
    remainders.append(time.nanoseconds)
    count += 1
  }

  fileprivate func hold(features: Bool, in table: String, _ session: Session) throws(StoreError) -> Answer {
    let parameters = session.parameters
    if let series {
      parameters.add(series.symbol)
      parameters.add(series.timeframe)
    } else {
      parameters.add(symbols.ended)
      parameters.add(timeframes.ended)
    }
    parameters.add(times.ended)
    parameters.add(remainders.ended)
    let hasNames = series == nil
    let name = StatementName(.readStored, variant: (features ? 1 : 0) | (hasNames ? 2 : 0))
    return try session.execute(name) {
      BarSQL.holdBars(table, hasNames: hasNames, features: features)
    }
  }

  /// Whether any bar is stored between one of these and its partner among `last`, of the same series.
  func findAny(to last: borrowing BarKeys, in table: String, _ session: Session) throws(StoreError) -> Bool {
    let parameters = session.parameters
    parameters.add(symbols.ended)
    parameters.add(timeframes.ended)
    parameters.add(times.ended)
    parameters.add(last.times.ended)
    return try session.execute(StatementName(.findAny)) { BarSQL.findAny(table) }.rows > 0
  }
}
