// SPDX-License-Identifier: MIT
import CSQLite

/// A batch as bare pointers, for SQLite's callbacks, which run a dozen times per row. Its columns have the numbers of
/// `BarColumns`.
struct RawBatch {
  struct Text {
    var codes: UnsafePointer<Int32>?
    /// Points into an array that the batch keeps alive; NULL if the column is not carried.
    var values: UnsafePointer<Bytes>?

    /// The text of a row; nil for NULL.
    @inline(__always)
    subscript(_ row: Int) -> Bytes? {
      guard let values else { return nil }
      let code = codes.map { Int($0[row]) } ?? 0
      return code >= 0 ? values[code] : nil
    }
  }

  var count = 0
  /// The row that SQLite is working on.
  var row = 0
  var timestamps: UnsafePointer<Int64>?
  /// By column; nil if it holds no doubles, or is not carried.
  var doubles = InlineArray<9, UnsafePointer<Double>?>(repeating: nil)
  var isGap: UnsafePointer<UInt8>?
  var symbol = Text()
  var timeframe = Text()
  var source = Text()
  var quality = Text()
  /// By row: whether the file held the bar, so that the overlap pass has brought it up to date. nil: none of them.
  var isStored: UnsafeMutablePointer<Bool>?
  /// The first row that turned out to be new while new ones were refused; -1: none.
  var newRow = -1
  /// Where the row's timestamp is printed, and the day that stands there.
  private let time: UnsafeMutablePointer<UInt8>
  private var day = Int64.min

  init() { time = .allocate(capacity: Timestamp.maximumBytes) }

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
    switch column {
    case 5: Self.give(source[row], context)
    case 6: Self.give(quality[row], context)
    case 7: sqlite3_result_int(context, Int32(isGap.map { $0[row] } ?? 0))
    default: if let values = doubles[column] { sqlite3_result_double(context, values[row]) }
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
    switch column {
    case 5: Self.equals(source[row], stored)
    case 6: Self.equals(quality[row], stored)
    case 7:
      sqlite3_value_type(stored) == SQLITE_INTEGER
        && sqlite3_value_int64(stored) == Int64(isGap.map { $0[row] } ?? 0)
    default: Self.equals(doubles[column].map { $0[row] } ?? .nan, stored)
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
