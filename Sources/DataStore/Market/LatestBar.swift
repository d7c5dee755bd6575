// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// What `body` makes of the latest bar with all its columns and its features as JSON; nil where there is none. The
  /// texts that `body` sees live until it returns.
  package func withLatestBar<Result>(
    _ symbol: UnsafePointer<CChar>, _ timeframe: UnsafePointer<CChar>,
    _ body: (borrowing BorrowedBar) throws(StoreError) -> Result
  ) throws(StoreError) -> Result? {
    let symbol = Bytes(cString: symbol)
    let timeframe = Bytes(cString: timeframe)
    guard symbol.count > 0, timeframe.count > 0, symbol.isValidUTF8, timeframe.isValidUTF8 else {
      // Says which, and why.
      _ = try SeriesKey(symbol.text, timeframe.text)
      throw .invalid("the symbol or the timeframe is not valid UTF-8")
    }
    return try store.read(snapshot: false) { reader throws(StoreError) in
      let notices = store.watch.noticesSoFar
      if let found = try reader.latestRecord(symbol, timeframe, notices: notices),
        let bar = reader.bar(found.record, at: found.instant)
      {
        return try body(bar)
      }
      let statement = try reader.statement(Self.latestBarVariant) {
        """
        SELECT timestamp, \(BarColumn.nameList)
        FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 ORDER BY timestamp DESC LIMIT 1
        """
      }
      statement.bind(1, symbol)
      statement.bind(2, timeframe)
      defer { statement.reset() }
      guard try statement.step() else { return nil }
      if statement.kind(0) == .text,
        let instant = TimestampParser.stored(statement.bytes(0), &reader.latestDate),
        !(try reader.foreignForms.hideLatest(symbol, timeframe, instant, reader))
      {
        return try body(try reader.bar(statement, at: instant, symbol, timeframe))
      }
      // `statement` keeps the snapshot open meanwhile.
      return try latestInAnyForm(symbol, timeframe, reader, body)
    }
  }

  private static let latestBarVariant: UInt64 = 5 << 40

  /// Other tools' forms are about: the latest by instant, not by text.
  private func latestInAnyForm<Result>(
    _ symbol: Bytes, _ timeframe: Bytes, _ reader: Connection,
    _ body: (borrowing BorrowedBar) throws(StoreError) -> Result
  ) throws(StoreError) -> Result? {
    var latest = reader.foreignForms.latestText(symbol, timeframe, reader)
    if latest == nil {
      latest = try reader.extreme(try SeriesKey(symbol.text, timeframe.text), isFromEnd: true)
      if let latest {
        reader.foreignForms.keepLatest(latest.instant, latest.text, symbol, timeframe, reader)
      }
    }
    guard let latest else { return nil }
    let statement = try reader.statement(
      """
      SELECT timestamp, \(BarColumn.nameList)
      FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp = ?3
      """)
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    latest.text.withUnsafeBufferPointer { statement.bindCopy(3, text: $0) }
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    return try body(try reader.bar(statement, at: latest.instant, symbol, timeframe))
  }
}

extension Connection {
  /// The bar of a record; nil where something is not as it should be, of which SQLite's row tells more.
  fileprivate func bar(_ record: RecordRow, at timestamp: Int64) -> BorrowedBar? {
    do throws(StoredBarFault) {
      let bar = try record.bar(at: timestamp)
      guard let features = bar.features else { return bar }
      do throws(FeatureFault) { try featureTexts.check(features) } catch { return nil }
      return bar
    } catch {
      return nil
    }
  }

  /// The bar of a row that has all columns behind the timestamp.
  fileprivate func bar(
    _ row: Statement, at timestamp: Int64, _ symbol: Bytes, _ timeframe: Bytes
  ) throws(StoreError) -> BorrowedBar {
    func place() -> String { "\(symbol.text) \(timeframe.text) \(row.text(0))" }
    do throws(StoredBarFault) {
      let bar = try StatementRow(statement: row).bar(at: timestamp)
      guard let features = bar.features else { return bar }
      do throws(FeatureFault) {
        try featureTexts.check(features)
      } catch {
        throw .features(FeatureAccumulator.RowFault(row: 0, fault: error))
      }
      return bar
    } catch {
      switch error {
      case .column(let column, let what):
        throw StoredBarFault.error(column, what, holding: row.text(Int32(column) + 1), in: place())
      case .features(let damage):
        throw .corrupt(
          "\(place()): its stored features are damaged: \(damage.fault.reason). Write them again"
            + " with replace, or fix them with an SQLite tool")
      case .noTime, .timeBeyondRange: throw .corruptTime(nil, row.bytes(0), of: place())
      }
    }
  }
}
