// SPDX-License-Identifier: MIT

extension StoreConnection {
  /// Lends the latest bar of a series to `body`, if there is one. `notices` counts what was noticed of the file so far; nil
  /// if nothing notices.
  func latestBar(
    _ symbol: Bytes, _ timeframe: Bytes, notices: Int?, _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError) {
    if let found = try latestRecord(symbol, timeframe, notices: notices) {
      let isWhole = try BorrowedBar.with(found.instant, []) { bar throws(StoreError) in
        guard fill(&bar, found.record) else { return false }
        try body(bar)
        return true
      }
      if isWhole { return }
    }
    beginSnapshot()
    defer { endSnapshot() }
    let statement = try statement(Self.latestBarVariant) {
      """
      SELECT timestamp, \(BarColumn.nameList)
      FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 ORDER BY timestamp DESC LIMIT 1
      """
    }
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    defer { statement.reset() }
    guard try statement.step() else { return }
    if statement.kind(0) == .text,
      let instant = TimestampParser.stored(statement.bytes(0), &latestDate),
      !(try foreignForms.hideLatest(symbol, timeframe, instant, self))
    {
      return try BorrowedBar.with(instant, []) { bar throws(StoreError) in
        try fill(&bar, statement, symbol, timeframe)
        try body(bar)
      }
    }
    // `statement` keeps the snapshot open meanwhile.
    return try latestInAnyForm(symbol, timeframe, body)
  }

  private static let latestBarVariant = StatementFamily.latestBar.first

  /// Other tools' forms are about: the latest by instant, not by text.
  private func latestInAnyForm(
    _ symbol: Bytes, _ timeframe: Bytes, _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError) {
    var latest = latestTexts.find(symbol, timeframe, self)
    if latest == nil {
      latest = try extreme(try SeriesKey(symbol.text, timeframe.text), isFromEnd: true)
      if let latest {
        latestTexts.keep(latest.instant, latest.text, symbol, timeframe, self)
      }
    }
    guard let latest else { return }
    let statement = try statement(
      """
      SELECT timestamp, \(BarColumn.nameList)
      FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp = ?3
      """)
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    latest.text.withUnsafeBufferPointer { statement.bindCopy(3, text: $0) }
    defer { statement.reset() }
    guard try statement.step() else { return }
    return try BorrowedBar.with(latest.instant, []) { bar throws(StoreError) in
      try fill(&bar, statement, symbol, timeframe)
      try body(bar)
    }
  }
}

extension StoreConnection {
  /// Fills a bar from a record; false if something is not as it should be, of which SQLite's row tells more.
  fileprivate func fill(_ bar: inout BorrowedBar, _ record: RecordRow) -> Bool {
    do throws(StoredBarFault) { try record.fill(&bar) } catch { return false }
    guard let features = bar.features else { return true }
    do throws(FeatureFault) { try featureTexts.check(features) } catch { return false }
    return true
  }

  /// Fills a bar from a row that has all columns behind the timestamp.
  fileprivate func fill(
    _ bar: inout BorrowedBar, _ row: Statement, _ symbol: Bytes, _ timeframe: Bytes
  ) throws(StoreError) {
    func place() -> String { "\(symbol.text) \(timeframe.text) \(row.text(0))" }
    do throws(StoredBarFault) { try StatementRow(statement: row).fill(&bar) } catch {
      guard case .column(let column, let what) = error else {
        throw .corrupt("\(place()): the row is damaged")
      }
      throw StoredBarFault.error(column, what, holding: row.text(Int32(column) + 1), in: place())
    }
    guard let features = bar.features else { return }
    do throws(FeatureFault) { try featureTexts.check(features) } catch {
      throw .corrupt(
        "\(place()): its stored features are damaged: \(error.reason). Write them again"
          + " with replace, or fix them with an SQLite tool")
    }
  }
}
