// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// The latest bar with all its columns and its features as JSON; nil where there is none. The texts that `body`
  /// sees live until it returns.
  package func withLatestBar<Result>(
    _ symbol: UnsafePointer<CChar>, _ timeframe: UnsafePointer<CChar>,
    _ body: (BorrowedBar?) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let symbol = Bytes(cString: symbol)
    let timeframe = Bytes(cString: timeframe)
    guard symbol.count > 0, timeframe.count > 0, symbol.isValidUTF8, timeframe.isValidUTF8 else {
      // Says which, and why.
      _ = try SeriesKey(symbol.text, timeframe.text)
      throw .invalid("the symbol or the timeframe is not valid UTF-8")
    }
    return try store.read(snapshot: false) { reader throws(StoreError) in
      let notices = store.watch.noticesSoFar
      let found = try reader.withLatestRecord(symbol, timeframe, notices: notices) { instant, record in
        BorrowedBar(record, instant, reader)
      }
      if let found { return try body(found) }
      let statement = try reader.statement(Self.latestBarVariant) {
        """
        SELECT timestamp, \(BarColumn.nameList)
        FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 ORDER BY timestamp DESC LIMIT 1
        """
      }
      statement.bind(1, symbol)
      statement.bind(2, timeframe)
      defer { statement.reset() }
      guard try statement.step() else { return try body(nil) }
      if statement.kind(0) == .text,
        let instant = TimestampParser.stored(statement.bytes(0), &reader.latestDate),
        !(try reader.foreignForms.hideLatest(symbol, timeframe, instant, reader))
      {
        return try body(try BorrowedBar(statement, instant, symbol, timeframe, reader))
      }
      // `statement` keeps the snapshot open meanwhile.
      return try latestInAnyForm(symbol, timeframe, reader, body)
    }
  }

  private static let latestBarVariant: UInt64 = 5 << 40

  /// Other tools' forms are about: the latest by instant, not by text.
  private func latestInAnyForm<Result>(
    _ symbol: Bytes, _ timeframe: Bytes, _ reader: Connection,
    _ body: (BorrowedBar?) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    var latest = reader.foreignForms.latestText(symbol, timeframe, reader)
    if latest == nil {
      latest = try reader.extreme(try SeriesKey(symbol.text, timeframe.text), isFromEnd: true)
      if let latest {
        reader.foreignForms.keepLatest(latest.instant, latest.text, symbol, timeframe, reader)
      }
    }
    guard let latest else { return try body(nil) }
    let statement = try reader.statement(
      """
      SELECT timestamp, \(BarColumn.nameList)
      FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp = ?3
      """)
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    latest.text.withUnsafeBufferPointer { statement.bindCopy(3, text: $0) }
    defer { statement.reset() }
    guard try statement.step() else { return try body(nil) }
    return try body(try BorrowedBar(statement, latest.instant, symbol, timeframe, reader))
  }
}

extension BorrowedBar {
  /// From a record; nil where something is not as it should be, of which SQLite's row tells more.
  fileprivate init?(_ record: RecordRow, _ timestamp: Int64, _ reader: Connection) {
    do throws(StoredBarFault) { self = try record.bar(at: timestamp) } catch { return nil }
    if let features {
      do throws(FeatureFault) { try reader.featureTexts.check(features) } catch { return nil }
    }
  }

  /// From a row of all columns behind the timestamp.
  fileprivate init(
    _ row: Statement, _ timestamp: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ reader: Connection
  ) throws(StoreError) {
    func place() -> String { "\(symbol.text) \(timeframe.text) \(row.text(0))" }
    do throws(StoredBarFault) {
      self = try StatementRow(statement: row).bar(at: timestamp)
    } catch {
      guard case .column(let column, let what) = error else { throw .corrupt("\(place()): the row is damaged") }
      throw StoredBarFault.error(column, what, holding: row.text(Int32(column) + 1), in: place())
    }
    guard let features else { return }
    do throws(FeatureFault) {
      try reader.featureTexts.check(features)
    } catch {
      throw .corrupt(
        "\(place()): its stored features are damaged: \(error.reason). Write them again"
          + " with replace, or fix them with an SQLite tool")
    }
  }
}
