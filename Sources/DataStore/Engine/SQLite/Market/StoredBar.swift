// SPDX-License-Identifier: MIT
import CSQLite

/// A stored row, whose values are asked for by the numbers of the bar's columns. `place` is where the value stands among
/// those that were selected.
protocol StoredBar {
  /// NaN for NULL; nil where the value is not a number.
  func storedNumber(_ column: Int, _ place: Int) -> Double?
  /// nil within for NULL; nil where the value is not text.
  func storedText(_ column: Int, _ place: Int) -> Bytes??
}

/// What is wrong with a stored row.
enum StoredBarFault: Error {
  /// `column` holds something else than it should: that is `what`.
  case column(Int, what: StaticString)
  case timeBeyondRange
  case noTime
  case features(FeatureAccumulator.RowFault)

  static func notText(_ column: Int) -> StoredBarFault {
    .column(column, what: "not valid UTF-8 without NUL")
  }

  /// The error of a column that holds `shown`; `bar` names the row.
  static func error(_ column: Int, _ what: StaticString, holding shown: String, in bar: String) -> StoreError
  {
    .corrupt(
      "\(bar): column '\(BarColumn.table[column].name)' holds \(StoreError.quoted(shown)), which is \(what). Fix the"
        + " row with an SQLite tool; check() lists such rows")
  }
}

extension StoredBar {
  @inline(__always)
  func number(_ column: Int, _ place: Int) throws(StoredBarFault) -> Double {
    guard let number = storedNumber(column, place) else { throw .column(column, what: "no number") }
    return number
  }

  /// NULL is 0, and any other number than 0 is 1.
  @inline(__always)
  func flag(_ column: Int, _ place: Int) throws(StoredBarFault) -> UInt8 {
    let flag = try number(column, place)
    return flag.isNaN || flag == 0 ? 0 : 1
  }

  /// A text of any bytes: to hold it against the rules may be spared where it is known.
  @inline(__always)
  func text(_ column: Int, _ place: Int) throws(StoredBarFault) -> Bytes? {
    guard let text = storedText(column, place) else { throw .column(column, what: "no text") }
    return text
  }

  /// Fills a bar with all columns, where all were selected in the order of the schema. The features are not parsed.
  func fill(_ bar: inout BorrowedBar) throws(StoredBarFault) {
    for column in BarColumn.table.indices {
      let field = bar.fields + column
      switch BarColumn.table[column].kind {
      case .number: field.pointee.number = try number(column, column)
      case .flag: field.pointee.flag = try flag(column, column)
      case .features: field.pointee.text = try text(column, column)
      case .text:
        let text = try text(column, column)
        if let text, !text.isValidUTF8 || text.contains(0) { throw .notText(column) }
        field.pointee.text = text
      }
    }
    bar.carried = bar.features == nil ? .all : .everything
  }
}

/// The record, of which the bar's columns are behind those of the key.
extension RecordRow: StoredBar {
  @inline(__always)
  func storedNumber(_ column: Int, _ place: Int) -> Double? { number(BarSource.keyColumns + column) }
  @inline(__always)
  func storedText(_ column: Int, _ place: Int) -> Bytes?? { text(BarSource.keyColumns + column) }
}

/// A statement's current row, of which the columns that were selected are behind the timestamp.
struct StatementRow: StoredBar {
  let statement: Statement

  func storedNumber(_ column: Int, _ place: Int) -> Double? {
    let place = Int32(place) + 1
    switch statement.kind(place) {
    case .integer, .real: return statement.double(place)
    case .null: return .nan
    default: return nil
    }
  }

  func storedText(_ column: Int, _ place: Int) -> Bytes?? {
    let place = Int32(place) + 1
    switch statement.kind(place) {
    case .text: return statement.bytes(place)
    case .null: return .some(nil)
    default: return nil
    }
  }
}

/// The arguments of a function, of which the columns that were selected are behind the timestamp.
struct ArgumentRow: StoredBar {
  let values: UnsafeMutablePointer<OpaquePointer?>

  @inline(__always)
  func storedNumber(_ column: Int, _ place: Int) -> Double? {
    let value = values[place + 1]
    switch sqlite3_value_type(value) {
    case SQLITE_FLOAT: return sqlite3_value_double(value)
    case SQLITE_INTEGER: return Double(sqlite3_value_int64(value))
    case SQLITE_NULL: return .nan
    default: return nil
    }
  }

  @inline(__always)
  func storedText(_ column: Int, _ place: Int) -> Bytes?? {
    let value = values[place + 1]
    switch sqlite3_value_type(value) {
    case SQLITE_TEXT: return SQLFunctions.bytes(value)
    case SQLITE_NULL: return .some(nil)
    default: return nil
    }
  }
}
