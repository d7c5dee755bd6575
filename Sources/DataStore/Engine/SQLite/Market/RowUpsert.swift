// SPDX-License-Identifier: MIT

extension StoreConnection {
  /// Writes one bar by a statement of its own, whose parameters are the bar's fields: to open a table over one row, and to
  /// be asked for each of its values, is a tenth of the call's instructions. `features` are packed; nil says nothing of
  /// them.
  ///
  /// Outside of a transaction it is its own, and fails with `.otherForm` where rows in other forms are to be rewritten
  /// first.
  func upsert(_ row: BorrowedRow, _ features: Bytes?, replace: Bool) throws(StoreError) {
    expectRows(1)
    let carried = row.bar.carried
    let statement = try statement(UpsertSQL.variant(carried, replace: replace) | UpsertSQL.oneBar) {
      UpsertSQL.bars(carried, rows: .parameters, replace: replace)
    }
    if isInTransaction {
      let instant = row.bar.timestamp
      try foreignForms.fix(instant...instant, row.symbol, row.timeframe, self)
      try run(statement, row, features, lookingForOtherForms: false)
    } else {
      try writingAtOnce { () throws(StoreError) in
        try run(statement, row, features, lookingForOtherForms: true)
      }
      followCommit(row, features, replace: replace)
    }
  }

  /// Merges features, which are packed, into one bar that is stored: `.missingBar` where it is not. Where they are nil the row
  /// says nothing of features. Otherwise as `upsert`.
  func mergeFeatures(_ row: BorrowedRow, _ features: Bytes?) throws(StoreError) {
    expectRows(1)
    let statement = try statement(UpsertSQL.mergeOne) {
      """
      UPDATE main.market_data SET features = ds_merge_features(features, ?4)
      WHERE symbol = ?1 AND timeframe = ?2 AND timestamp = ds_bar_time(?3)
      """
    }
    var row = row
    row.bar.carried = .features
    if isInTransaction {
      let instant = row.bar.timestamp
      try foreignForms.fix(instant...instant, row.symbol, row.timeframe, self)
      try run(statement, row, features, lookingForOtherForms: false)
    } else {
      try writingAtOnce { () throws(StoreError) in
        try run(statement, row, features, lookingForOtherForms: true)
      }
      followCommit(row, isWhole: false)
    }
    guard changes > 0 else { throw .missingBar(row.place, row: 0) }
  }

  /// The parameters are the key and then the columns that the bar carries, in the schema's order.
  private func run(
    _ statement: Statement, _ row: BorrowedRow, _ features: Bytes?, lookingForOtherForms: Bool
  ) throws(StoreError) {
    statement.bind(1, row.symbol)
    statement.bind(2, row.timeframe)
    statement.bind(3, row.bar.timestamp)
    var parameter: Int32 = 3
    for column in BarColumn.table.indices where row.bar.carried.contains(column: column) {
      parameter += 1
      switch BarColumn.table[column].kind {
      case .number: statement.bind(parameter, row.bar.fields[column].number)
      case .text: statement.bind(parameter, row.bar.fields[column].text)
      case .flag: statement.bind(parameter, Int64(row.bar.fields[column].flag))
      case .features: statement.bind(parameter, features)
      }
    }
    try barTime.giving(row, lookingForOtherForms: lookingForOtherForms) { () throws(StoreError) in
      try statement.runWhollyBound()
    }
  }
}
