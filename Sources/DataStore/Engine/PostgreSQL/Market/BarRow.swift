// SPDX-License-Identifier: MIT

/// A row that a server sent, in binary: the two columns of its time, then bar columns in the schema's order.
///
/// The server has checked types and texts when they were written: what can be wrong is a time that a store does not keep,
/// and features that are JSON but not features.
enum BarRow {
  /// Where the bar's columns begin.
  static let firstColumn = 2

  /// The types by their numbers in pg_type, which never change.
  private static func type(_ column: Int) -> UInt32 {
    switch BarColumn.table[column].kind {
    case .number: 701
    case .text: 25
    case .flag: 16
    case .features: 114
    }
  }

  /// Refuses rows of other types than ours: another program has changed the table since it was opened.
  static func check(_ answer: borrowing Answer, _ columns: BarColumns) throws(StoreError) {
    var isSound = answer.type(0) == 1184 && answer.type(1) == 21
    for (place, column) in columns.indices.enumerated() {
      isSound = isSound && answer.type(place + firstColumn) == type(column)
    }
    guard !isSound else { return }
    throw StoreError(
      .schema,
      "market_data has columns of other types than this library makes: another program changed it. See check()"
    )
  }

  /// A time that cannot be read as one of a store's; `series` names the bar's.
  static func corruptTime(_ answer: borrowing Answer, row: Int, _ series: String) -> StoreError {
    corruptTime(answer.integer(0, row: row), answer.int16(1, row: row), series)
  }

  static func corruptTime(_ microseconds: Int64, _ nanoseconds: Int16, _ series: String) -> StoreError {
    let shown =
      switch microseconds {
      case .max: "infinity"
      case .min: "-infinity"
      default: "to_timestamp(\(microseconds / 1_000_000 + 946_684_800)), \(nanoseconds)"
      }
    return .corrupt(
      "\(series): the stored timestamp \(shown) lies outside 1677-09-21 to 2262-04-11, which int64 nanoseconds can hold."
        + " Delete or fix the row with an SQL tool; check() lists such rows")
  }

  /// Features that are not; `place` names the bar.
  static func corruptFeatures(_ fault: FeatureFault, _ place: String) -> StoreError {
    let key = fault.key.map { ", key \(StoreError.quoted($0))" } ?? ""
    return .corrupt(
      "\(place): its stored features are damaged\(key): \(fault.reason). Write them again with replace, or fix them with"
        + " an SQL tool")
  }
}
