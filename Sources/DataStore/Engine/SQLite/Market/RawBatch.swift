// SPDX-License-Identifier: MIT
import CSQLite

/// The rows of the current batch, for SQLite's callbacks, which run a dozen times a row: no counted references in it.
struct RawBatch {
  var count = 0
  /// The row that SQLite is working on.
  var row = 0
  var timestamps: UnsafePointer<Int64>?
  var symbol = TextColumn.empty
  var timeframe = TextColumn.empty
  var columns = BorrowedColumns()
  /// A copy, beside the columns that it tells about.
  private let kinds: PerColumn<BarColumn.Kind>
  /// By row: whether the file held the bar, so that the overlap pass has brought it up to date. nil: none of them.
  var isStored: UnsafeMutablePointer<Bool>?
  /// The first row that turned out to be new while new ones were refused; -1: none.
  var newRow = -1
  /// Where the row's timestamp is printed, and the day that stands there.
  private let time: UnsafeMutablePointer<UInt8>
  private var day = Int64.min

  init() {
    time = .allocate(capacity: Timestamp.maximumBytes)
    kinds = PerColumn { BarColumn.table[$0].kind }
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
    switch kinds[column] {
    case .number: if let values = columns.numbers[column] { sqlite3_result_double(context, values[row]) }
    case .text: Self.give(columns.texts[column]?.text(row), context)
    case .flag: sqlite3_result_int(context, Int32(columns.flags[column].map { $0[row] } ?? 0))
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

  /// True where SQLite holds the same value as the batch. Features are not compared here.
  @inline(__always)
  func holds(_ column: Int, _ row: Int, _ stored: OpaquePointer?) -> Bool {
    switch kinds[column] {
    case .number: Self.equals(columns.numbers[column].map { $0[row] } ?? .nan, stored)
    case .text: Self.equals(columns.texts[column]?.text(row), stored)
    case .flag:
      sqlite3_value_type(stored) == SQLITE_INTEGER
        && sqlite3_value_int64(stored) == Int64(columns.flags[column].map { $0[row] } ?? 0)
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
