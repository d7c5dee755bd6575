// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// The latest bar with all its columns and its features as JSON; nil where there is none. The texts that `body`
  /// sees live until it returns.
  package func withLatestBar<Result>(
    _ symbol: UnsafePointer<CChar>, _ timeframe: UnsafePointer<CChar>,
    _ body: (LatestBar?) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let symbol = Bytes(cString: symbol)
    let timeframe = Bytes(cString: timeframe)
    guard symbol.count > 0, timeframe.count > 0, symbol.count <= Limits.nameBytes,
      timeframe.count <= Limits.nameBytes, symbol.isValidUTF8, timeframe.isValidUTF8
    else {
      // Says which, and why.
      _ = try SeriesKey(symbol.text, timeframe.text)
      throw .invalid("the symbol or the timeframe is not valid UTF-8")
    }
    return try store.read(snapshot: false) { reader throws(StoreError) in
      let notices = store.watch.noticesSoFar
      let found = try reader.withLatestRecord(symbol, timeframe, notices: notices) { instant, fields in
        LatestBar(fields, instant, reader)
      }
      if let found { return try body(found) }
      let statement = try reader.statement(Self.latestBarVariant) {
        """
        SELECT timestamp, open, high, low, close, volume, source, quality, is_gap, latency_sec, features
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
        return try body(try LatestBar(statement, instant, symbol, timeframe, reader))
      }
      // `statement` keeps the snapshot open meanwhile.
      return try latestInAnyForm(symbol, timeframe, reader, body)
    }
  }

  private static let latestBarVariant: UInt64 = 5 << 40

  /// Other tools' forms are about: the latest by instant, not by text.
  private func latestInAnyForm<Result>(
    _ symbol: Bytes, _ timeframe: Bytes, _ reader: Connection,
    _ body: (LatestBar?) throws(StoreError) -> Result
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
      SELECT timestamp, open, high, low, close, volume, source, quality, is_gap, latency_sec, features
      FROM main.market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp = ?3
      """)
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    latest.text.withUnsafeBufferPointer { statement.bindCopy(3, text: $0) }
    defer { statement.reset() }
    guard try statement.step() else { return try body(nil) }
    return try body(try LatestBar(statement, latest.instant, symbol, timeframe, reader))
  }
}

/// The fields of the latest bar, borrowed from the row that SQLite is at.
package struct LatestBar {
  package let timestamp: Int64
  /// Open, high, low, close, volume, latency; NaN for NULL.
  package let doubles: (Double, Double, Double, Double, Double, Double)
  package let source: UnsafeBufferPointer<UInt8>?
  package let quality: UnsafeBufferPointer<UInt8>?
  package let isGap: Bool
  package let features: UnsafeBufferPointer<UInt8>?

  /// From the fields of a record; nil where one is not as it should be, of which SQLite's row tells more.
  fileprivate init?(_ fields: borrowing RecordFields, _ timestamp: Int64, _ reader: Connection) {
    guard let open = fields.number(3), let high = fields.number(4), let low = fields.number(5),
      let close = fields.number(6), let volume = fields.number(7), let latency = fields.number(11),
      let flag = fields.number(10),
      case .some(let source) = fields.text(8), case .some(let quality) = fields.text(9),
      case .some(let features) = fields.text(12)
    else { return nil }
    for text in [source, quality] {
      if let text, !text.isValidUTF8 || text.contains(0) { return nil }
    }
    if let features, (try? reader.featureCheck.parse(features)) == nil { return nil }
    self.timestamp = timestamp
    doubles = (open, high, low, close, volume, latency)
    self.source = source
    self.quality = quality
    isGap = !flag.isNaN && flag != 0
    self.features = features
  }

  fileprivate init(
    _ row: Statement, _ timestamp: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ reader: Connection
  ) throws(StoreError) {
    func place() -> String { "\(symbol.text) \(timeframe.text) \(row.text(0))" }
    func fault(_ column: Int, _ what: String) -> StoreError {
      .corrupt(
        "\(place()): column '\(BarColumns.names[column])' holds"
          + " \(StoreError.quoted(row.text(Int32(column) + 1))), which is \(what). Fix the row with an SQLite tool;"
          + " check() lists such rows")
    }
    func number(_ column: Int) throws(StoreError) -> Double {
      switch row.kind(Int32(column) + 1) {
      case .integer, .real: return row.double(Int32(column) + 1)
      case .null: return .nan
      default: throw fault(column, "no number")
      }
    }
    func text(_ column: Int) throws(StoreError) -> Bytes? {
      switch row.kind(Int32(column) + 1) {
      case .text:
        let text = row.bytes(Int32(column) + 1)
        guard text.isValidUTF8, !text.contains(0) else { throw fault(column, "not valid UTF-8 without NUL") }
        return text
      case .null: return nil
      default: throw fault(column, "no text")
      }
    }
    self.timestamp = timestamp
    doubles = (try number(0), try number(1), try number(2), try number(3), try number(4), try number(8))
    source = try text(5)
    quality = try text(6)
    let flag = try number(7)
    isGap = !flag.isNaN && flag != 0
    features = try text(9)
    if let features {
      do throws(FeatureFault) {
        try reader.featureCheck.parse(features)
      } catch {
        throw .corrupt(
          "\(place()): its stored features are damaged: \(error.reason). Write them again"
            + " with replace, or fix them with an SQLite tool")
      }
    }
  }
}
