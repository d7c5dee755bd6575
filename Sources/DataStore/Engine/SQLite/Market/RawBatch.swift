// SPDX-License-Identifier: MIT
import CSQLite

/// The rows of the current batch, for SQLite's callbacks, which run a dozen times per row: no counted references in it.
struct RawBatch {
  /// One column: its numbers, its flags, or the codes and the values of its texts.
  private struct Column {
    var kind = BarColumn.Kind.number
    /// nil where it is not carried, or where each of its texts is the first value.
    var rows: UnsafeRawPointer?
    /// Points into memory that the batch keeps alive; nil where no texts are carried.
    var values: UnsafePointer<Bytes>?

    @inline(__always)
    func number(_ row: Int) -> Double? { rows?.load(fromByteOffset: row &* 8, as: Double.self) }

    @inline(__always)
    func flag(_ row: Int) -> Int32 { rows.map { Int32($0.load(fromByteOffset: row, as: UInt8.self)) } ?? 0 }

    /// The text of a row; nil for NULL. The codes have been checked.
    @inline(__always)
    func text(_ row: Int) -> Bytes? {
      guard let values else { return nil }
      let code = rows.map { Int($0.load(fromByteOffset: row &* 4, as: Int32.self)) } ?? 0
      return code >= 0 ? values[code] : nil
    }
  }

  var count = 0
  /// The row that SQLite is working on.
  var row = 0
  var timestamps: UnsafePointer<Int64>?
  var symbol = TextColumn.empty
  var timeframe = TextColumn.empty
  private var columns = PerColumn<Column>(repeating: Column())
  /// By row: whether the file held the bar, so that the overlap pass has brought it up to date. nil: none of them.
  var isStored: UnsafeMutablePointer<Bool>?
  /// The first row that turned out to be new while new ones were refused; -1: none.
  var newRow = -1
  /// Where the row's timestamp is printed, and the day that stands there.
  private let time: UnsafeMutablePointer<UInt8>
  private var day = Int64.min

  init() {
    time = .allocate(capacity: Timestamp.maximumBytes)
    for column in columns.indices { columns[column].kind = BarColumn.table[column].kind }
  }

  /// Takes the rows of a batch, from the first.
  mutating func take(_ batch: BorrowedBatch) {
    count = batch.count
    row = 0
    timestamps = batch.timestamps
    symbol = batch.symbol
    timeframe = batch.timeframe
    for column in columns.indices {
      let texts = batch.columns.texts[column]
      columns[column].values = texts?.values.baseAddress
      columns[column].rows =
        UnsafeRawPointer(batch.columns.numbers[column]) ?? UnsafeRawPointer(batch.columns.flags[column])
        ?? UnsafeRawPointer(texts?.codes)
    }
  }

  func deallocate() { time.deallocate() }

  /// The first row from `row` on that the overlap pass has left to do.
  @inline(__always)
  func nextNew(from row: Int) -> Int {
    guard let isStored else { return row }
    var row = row
    while row < count, isStored[row] { row += 1 }
    return row
  }

  /// Hands a row's value of a column to SQLite; the schema's default where the column is not carried. A NaN becomes NULL by SQLite's
  /// own rule. Features are not among them.
  @inline(__always)
  func give(_ column: Int, _ row: Int, _ context: OpaquePointer?) {
    let values = columns[unchecked: column]
    switch values.kind {
    case .number: if let number = values.number(row) { sqlite3_result_double(context, number) }
    case .text: Self.give(values.text(row), context)
    case .flag: sqlite3_result_int(context, values.flag(row))
    case .features: break
    }
  }

  mutating func giveTimestamp(_ row: Int, _ context: OpaquePointer?) {
    guard let timestamps else { return }
    Self.give(text(of: timestamps[row]), context)
  }

  /// A timestamp in its stored form, valid until the next one.
  @inline(__always)
  mutating func text(of timestamp: Int64) -> Bytes {
    Bytes(start: time, count: Timestamp.write(timestamp, to: time, writtenDay: &day))
  }

  /// Hands over text that stays in place until the next row; nil is NULL.
  @inline(__always)
  static func give(_ text: Bytes?, _ context: OpaquePointer?) {
    guard let text else { return sqlite3_result_null(context) }
    guard let start = text.baseAddress else { return sqlite3_result_text(context, "", 0, nil) }
    sqlite3_result_text64(
      context, UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self), UInt64(text.count), nil,
      UInt8(SQLITE_UTF8))
  }

  /// True if SQLite holds the same value as the batch. Features are not compared here.
  @inline(__always)
  func holds(_ column: Int, _ row: Int, _ stored: OpaquePointer?) -> Bool {
    let values = columns[unchecked: column]
    return switch values.kind {
    case .number: Self.equals(values.number(row) ?? .nan, stored)
    case .text: Self.equals(values.text(row), stored)
    case .flag:
      sqlite3_value_type(stored) == SQLITE_INTEGER && sqlite3_value_int64(stored) == Int64(values.flag(row))
    case .features: true
    }
  }

  @inline(__always)
  private static func equals(_ number: Double, _ stored: OpaquePointer?) -> Bool {
    switch sqlite3_value_type(stored) {
    case SQLITE_FLOAT: sqlite3_value_double(stored) == number
    case SQLITE_NULL: number.isNaN
    default: false
    }
  }

  @inline(__always)
  static func equals(_ text: Bytes?, _ stored: OpaquePointer?) -> Bool {
    guard let text else { return sqlite3_value_type(stored) == SQLITE_NULL }
    return sqlite3_value_type(stored) == SQLITE_TEXT && SQLFunctions.bytes(stored).equals(text)
  }
}
