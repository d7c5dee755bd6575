// SPDX-License-Identifier: MIT

extension SeriesKey {
  /// As parameters 1 and 2.
  func bind(to statement: Statement) {
    statement.bind(1, copying: symbol)
    statement.bind(2, copying: timeframe)
  }
}
