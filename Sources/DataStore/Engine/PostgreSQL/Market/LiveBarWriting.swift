// SPDX-License-Identifier: MIT

/// One bar, in one round trip: a prepared statement that is its own transaction where none is open.
extension Session {
  /// Upserts one bar. `features` are packed; nil says nothing of them.
  func upsert(
    _ row: BorrowedRow, _ features: Bytes?, replace: Bool, into table: String
  ) throws(StoreError) {
    try KeyLimit.check(row.symbol, row.timeframe, row: nil) { row.place }
    let carried = row.bar.carried
    if let features, !replace { return try exchange(row, features, in: table) }
    add(row, features)
    let name = StatementName(.writeBar, variant: UInt64(carried.rawValue) | (replace ? 1 << 32 : 0))
    _ = try execute(name) { BarSQL.upsertBar(table, carried, replace: replace) }
  }

  /// Merges features, which are packed, into one bar that is stored: `.missingBar` where it is not. nil says nothing of
  /// them.
  func mergeFeatures(_ row: BorrowedRow, _ features: Bytes?, in table: String) throws(StoreError) {
    try KeyLimit.check(row.symbol, row.timeframe, row: nil) { row.place }
    var row = row
    row.bar.carried = .features
    guard let features else {
      addKey(of: row)
      let found = try execute(StatementName(.updateOneRow, variant: 1)) { BarSQL.oneBarExists(table) }
      guard found.rows > 0 else { throw .missingBar(row.place, row: 0) }
      return
    }
    try exchange(row, features, in: table, mustBeThere: true)
  }

  /// Stores a bar with features as long as those that it has are those that were merged: first as if it had none, then with
  /// what it turned out to have. That is one round trip for a new bar and two for another one, and no lock is held meanwhile.
  /// Where it takes more, others have written the bar.
  private func exchange(
    _ row: BorrowedRow, _ new: Bytes, in table: String, mustBeThere: Bool = false
  ) throws(StoreError) {
    let carried = row.bar.carried
    let name = StatementName(mustBeThere ? .updateOneRow : .mergeOneRow, variant: UInt64(carried.rawValue))
    var merger = FeatureMerger()
    var expected = ByteBuffer()
    var hasExpected = false
    while true {
      let features =
        hasExpected ? try merged(expected.bytes, new, &merger) { row.place } : new
      add(row, features)
      parameters.add(hasExpected ? expected.bytes : nil)
      let answer = try execute(name) {
        mustBeThere ? BarSQL.exchangeFeatures(table) : BarSQL.exchangeBar(table, carried)
      }
      guard answer.rows > 0 else { throw .missingBar(row.place, row: 0) }
      if answer.bool(0) { return }
      if interruption.shouldStop() { throw .isInterrupted }
      let stored = answer.optionalBytes(1)
      hasExpected = stored != nil
      expected.removeAll()
      if let stored { expected.append(stored) }
      guard !expected.isIncomplete else { throw .noMemory(stored?.count) }
    }
  }

  private func merged(
    _ stored: Bytes, _ new: Bytes, _ merger: inout FeatureMerger, _ place: () -> String
  ) throws(StoreError) -> Bytes {
    do throws(FeatureMerger.Fault) { return try merger.merge(stored: stored, new: new) } catch {
      throw error.error(place())
    }
  }

  /// The parameters: the key, then the columns that the bar carries, in the schema's order.
  private func add(_ row: BorrowedRow, _ features: Bytes?) {
    addKey(of: row)
    for column in BarColumn.table.indices where row.bar.carried.contains(column: column) {
      switch BarColumn.table[column].kind {
      case .number: parameters.add(number: row.bar.fields[column].number)
      case .text: parameters.add(row.bar.fields[column].text)
      case .flag: parameters.add(row.bar.fields[column].flag != 0)
      case .features: parameters.add(features)
      }
    }
  }

  private func addKey(of row: BorrowedRow) {
    parameters.add(row.symbol)
    parameters.add(row.timeframe)
    parameters.add(time: row.bar.timestamp)
  }
}
