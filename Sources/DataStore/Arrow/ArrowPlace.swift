// SPDX-License-Identifier: MIT

/// Where in a table something is wrong, as a message begins with it.
struct ArrowPlace {
  /// Symbol and timeframe.
  let series: String
  let column: String
  /// Whether the column is a feature.
  let isFeature: Bool
  /// The first row of the current chunks in the stream.
  var firstRow = 0

  /// A value that is not taken. `row` is counted from `firstRow`.
  func refusal(_ reason: String, _ remedy: String, row: Int? = nil) -> StoreError {
    let row = row.map { $0 + firstRow }
    let atRow = row.map { ", row \($0)" } ?? ""
    let what = isFeature ? "feature" : "column"
    return StoreError(
      isFeature ? .invalidFeature : .invalid,
      "\(series): \(what) \(StoreError.quoted(column))\(atRow): \(reason); \(remedy)", row: row, key: column,
      reason: isFeature ? reason : nil)
  }

  /// An array that breaks the rules of the C data interface.
  func broken(_ what: String, row: Int? = nil) -> StoreError {
    let row = row.map { $0 + firstRow }
    let atRow = row.map { ", row \($0)" } ?? ""
    return StoreError(
      .invalid,
      "\(series): column \(StoreError.quoted(column))\(atRow): the array breaks the Arrow C data interface: \(what)",
      row: row, key: column)
  }
}
