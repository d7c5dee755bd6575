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
    let answer = try executeAlone(name) { BarSQL.upsertBar(table, carried, replace: replace) }
    if answer.rows > 0 { noteHorizon(answer, 0) }
  }

  private func noteHorizon(_ answer: borrowing Answer, _ column: Int) {
    horizon.oldest = UInt64(bitPattern: answer.integer(column))
    let own = UInt64(bitPattern: answer.integer(column + 1))
    if own > 0 { horizon.own = own }
  }

  /// What is to be seen of a write of this bar whose answer was lost, after a session with this horizon had sent it.
  func find(
    _ row: BorrowedRow, _ features: Bytes?, replace: Bool, behind horizon: Horizon, in table: String
  ) throws(StoreError) -> Finding {
    var row = row
    row.bar.carried.remove(.features)
    add(row, nil)
    let answer = try run(BarSQL.lookAtBar(table, row.bar.carried, replace: replace), inBinary: true)
    guard answer.rows > 0 else { return .absent }
    if answer.bool(0), Self.holds(answer.optionalBytes(1), features, replace: replace) { return .stored }
    return horizon.isBehind(UInt32(truncatingIfNeeded: answer.integer(2))) ? .older : .other
  }

  /// Whether to write the features again would leave those that are stored as they are.
  private static func holds(_ stored: Bytes?, _ features: Bytes?, replace: Bool) -> Bool {
    guard let features else { return !replace || stored == nil }
    guard let stored else { return false }
    if replace { return stored.equals(features) }
    var merger = FeatureMerger()
    guard let merged = try? merger.merge(stored: stored, new: features) else { return false }
    return merged.equals(stored)
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
      let answer = try executeAlone(name) {
        mustBeThere ? BarSQL.exchangeFeatures(table) : BarSQL.exchangeBar(table, carried)
      }
      guard answer.rows > 0 else { throw .missingBar(row.place, row: 0) }
      noteHorizon(answer, 2)
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
