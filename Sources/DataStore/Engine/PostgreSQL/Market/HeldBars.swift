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

/// Keys of bars as arrays in binary, the parameters of one statement.
struct BarKeys: ~Copyable {
  private let batch: BorrowedBatch
  private let series: (symbol: Bytes, timeframe: Bytes)?
  private(set) var count = 0
  private var symbols = ByteBuffer()
  private var timeframes = ByteBuffer()
  private var times = ByteBuffer()
  private var remainders = ByteBuffer()

  /// Of rows of `batch`, which is of `series` where that is not nil.
  init(_ batch: BorrowedBatch, _ series: (symbol: Bytes, timeframe: Bytes)?) {
    self.batch = batch
    self.series = series
    removeAll()
  }

  mutating func removeAll() {
    count = 0
    Self.begin(&symbols, of: 25)
    Self.begin(&timeframes, of: 25)
    Self.begin(&times, of: 1184)
    Self.begin(&remainders, of: 21)
  }

  mutating func append(_ row: Int) {
    if series == nil {
      Self.append(batch.symbol.text(row), to: &symbols)
      Self.append(batch.timeframe.text(row), to: &timeframes)
    }
    let time = ServerTime(batch.timestamps[row])
    Self.append(Int32(8), to: &times)
    Self.append(time.microseconds, to: &times)
    Self.append(Int32(2), to: &remainders)
    Self.append(time.nanoseconds, to: &remainders)
    count += 1
  }

  fileprivate func hold(features: Bool, in table: String, _ session: Session) throws(StoreError) -> Answer {
    let parameters = session.parameters
    if let series {
      parameters.add(series.symbol)
      parameters.add(series.timeframe)
    } else {
      parameters.add(ended(symbols))
      parameters.add(ended(timeframes))
    }
    parameters.add(ended(times))
    parameters.add(ended(remainders))
    let hasNames = series == nil
    let name = StatementName(.readStored, variant: (features ? 1 : 0) | (hasNames ? 2 : 0))
    return try session.execute(name) {
      BarSQL.holdBars(table, hasNames: hasNames, features: features)
    }
  }

  /// Whether any bar is stored between one of these and its partner among `last`, of the same series.
  func findAny(to last: borrowing BarKeys, in table: String, _ session: Session) throws(StoreError) -> Bool {
    let parameters = session.parameters
    parameters.add(ended(symbols))
    parameters.add(ended(timeframes))
    parameters.add(ended(times))
    parameters.add(last.ended(last.times))
    return try session.execute(StatementName(.findAny)) { BarSQL.findAny(table) }.rows > 0
  }

  // An array has its number of dimensions, whether it has NULLs, its elements' type by its number in pg_type, and its
  // length and first index by dimension (array_send in the server's arrayfuncs.c).

  private static let lengthPlace = 12

  private static func begin(_ array: inout ByteBuffer, of type: Int32) {
    array.removeAll()
    for word in [1, 0, type, 0, 1] { append(word, to: &array) }
  }

  /// The array with its length, which was not known before.
  private func ended(_ array: borrowing ByteBuffer) -> Bytes {
    UnsafeMutableRawPointer(array.base + Self.lengthPlace)
      .storeBytes(of: Int32(truncatingIfNeeded: count).bigEndian, as: Int32.self)
    return array.bytes
  }

  private static func append<Value: FixedWidthInteger>(_ value: Value, to array: inout ByteBuffer) {
    UnsafeMutableRawPointer(array.reserve(MemoryLayout<Value>.size))
      .storeBytes(of: value.bigEndian, as: Value.self)
    array.advance(by: MemoryLayout<Value>.size)
  }

  private static func append(_ text: Bytes?, to array: inout ByteBuffer) {
    let text = text ?? Bytes(start: nil, count: 0)
    append(Int32(truncatingIfNeeded: text.count), to: &array)
    array.append(text)
  }
}
