// SPDX-License-Identifier: MIT

extension StoreConnection {
  /// Upserts one bar by a statement whose parameters are its fields. Outside a transaction it is its own, and fails with
  /// `.otherForm` where rows in other forms are to be rewritten first.
  func write(_ bar: PlainBar, replace: Bool) throws(StoreError) {
    let statement = try statement(UpsertSQL.variant(bar.bar.carried, replace: replace) | UpsertSQL.oneBar) {
      UpsertSQL.bars(bar.bar.carried, rows: .parameters, replace: replace)
    }
    if isInTransaction {
      try bar.fix(self)
      try bar.run(statement)
    } else {
      try writingAtOnce { () throws(StoreError) in try bar.run(statement, barTime) }
    }
  }
}

extension PlainBar {
  /// Lets the bar be found whose row is in another form. To be called within a transaction.
  fileprivate func fix(_ writer: StoreConnection) throws(StoreError) {
    try writer.foreignForms.fix(bar.timestamp...bar.timestamp, symbol, timeframe, writer)
  }

  /// Runs an upsert whose parameters are the key and then the columns that the bar carries, in the schema's order. With
  /// `time` it is its own transaction, and fails with `.otherForm` where rows in other forms are to be rewritten first.
  fileprivate func run(_ statement: Statement, _ time: BarTime? = nil) throws(StoreError) {
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    statement.bind(3, bar.timestamp)
    var parameter: Int32 = 3
    /// The parameter of a column, where the bar carries it.
    func next(_ column: BarColumns) -> Int32? {
      guard bar.carried.contains(column) else { return nil }
      parameter += 1
      return parameter
    }
    if let place = next(.open) { statement.bind(place, bar.open) }
    if let place = next(.high) { statement.bind(place, bar.high) }
    if let place = next(.low) { statement.bind(place, bar.low) }
    if let place = next(.close) { statement.bind(place, bar.close) }
    if let place = next(.volume) { statement.bind(place, bar.volume) }
    if let place = next(.source) { statement.bind(place, source) }
    if let place = next(.quality) { statement.bind(place, quality) }
    if let place = next(.isGap) { statement.bind(place, Int64(bar.isGap)) }
    if let place = next(.latencySec) { statement.bind(place, bar.latencySec) }
    guard let time else { return try statement.run() }
    try time.lookingForOtherForms(symbol, timeframe) { () throws(StoreError) in try statement.run() }
  }
}
