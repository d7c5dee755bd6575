// SPDX-License-Identifier: MIT

/// One bar as borrowed fields: what a live feed writes, without columns.
package struct BorrowedBar {
  package var timestamp: Int64
  package var carried: BarColumns
  package var open, high, low, close, volume, latencySec: Double
  package var isGap: UInt8
  package var source: UnsafePointer<CChar>?
  package var quality: UnsafePointer<CChar>?
  package var featuresJSON: UnsafePointer<CChar>?

  package init(timestamp: Int64, carried: BarColumns) {
    self.timestamp = timestamp
    self.carried = carried
    (open, high, low, close, volume, latencySec) = (.nan, .nan, .nan, .nan, .nan, .nan)
    isGap = 0
  }
}

extension MarketRepo {
  /// Writes one bar, as `write(_:replace:)` would a batch of one row.
  ///
  /// A bar without features goes in by a statement of its own, whose parameters are its fields: to open a table over one
  /// row, and to be asked for each of its values, is a tenth of the call's instructions.
  package func write(
    _ bar: BorrowedBar, symbol: UnsafePointer<CChar>, timeframe: UnsafePointer<CChar>, replace: Bool
  ) throws(StoreError) {
    guard let plain = PlainBar(bar, symbol, timeframe) else {
      return try writeAsBatch(bar, symbol, timeframe, replace)
    }
    try store.writeOneBar { writer throws(StoreError) in
      let statement = try writer.statement(
        UpsertSQL.variant(bar.carried, replace: replace) | UpsertSQL.oneBar
      ) {
        UpsertSQL.bars(bar.carried, rows: .parameters, replace: replace)
      }
      if writer.isInTransaction {
        try plain.fix(writer)
        try plain.run(statement)
      } else {
        try writer.writingAtOnce { () throws(StoreError) in try plain.run(statement, writer.barTime) }
      }
    }
  }

  /// The path of all that `PlainBar` does not take, and of what must be refused: the batch says why.
  private func writeAsBatch(
    _ bar: BorrowedBar, _ symbol: UnsafePointer<CChar>, _ timeframe: UnsafePointer<CChar>, _ replace: Bool
  ) throws(StoreError) {
    var bar = bar
    // Columns one row long, over the fields themselves.
    try withUnsafePointer(to: &bar) { fields throws(StoreError) in
      guard let timestamp = fields.pointer(to: \.timestamp) else { return }
      let carried = fields.pointee.carried
      var batch = BorrowedBatch(
        count: 1, timestamps: timestamp, symbol: TextColumn(codes: nil, values: [Bytes(cString: symbol)]),
        timeframe: TextColumn(codes: nil, values: [Bytes(cString: timeframe)]))
      if carried.contains(.open) { batch.open = fields.pointer(to: \.open) }
      if carried.contains(.high) { batch.high = fields.pointer(to: \.high) }
      if carried.contains(.low) { batch.low = fields.pointer(to: \.low) }
      if carried.contains(.close) { batch.close = fields.pointer(to: \.close) }
      if carried.contains(.volume) { batch.volume = fields.pointer(to: \.volume) }
      if carried.contains(.latencySec) { batch.latencySec = fields.pointer(to: \.latencySec) }
      if carried.contains(.isGap) { batch.isGap = fields.pointer(to: \.isGap) }
      if carried.contains(.features) { batch.featuresJSON = fields.pointer(to: \.featuresJSON) }
      if carried.contains(.source) { batch.source = Self.one(fields.pointee.source) }
      if carried.contains(.quality) { batch.quality = Self.one(fields.pointee.quality) }
      try write(batch, replace: replace)
    }
  }

  /// A text column of one row, which may be NULL.
  private static func one(_ text: UnsafePointer<CChar>?) -> TextColumn {
    guard let text else { return TextColumn(codes: codeOfNull, values: []) }
    return TextColumn(codes: nil, values: [Bytes(cString: text)])
  }
}

extension Store {
  /// Runs `body`, one statement over one bar, as its own transaction; once more, in one of several statements, where it
  /// comes upon a row in another form.
  func writeOneBar<Result>(
    _ body: (Connection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    do throws(StoreError) {
      return try writeOne(body)
    } catch {
      guard error.isOtherForm else { throw error }
    }
    return try write(body)
  }
}

/// A bar without features that keeps the rules of `BorrowedBatch.check()`.
private struct PlainBar {
  private let bar: BorrowedBar
  private let symbol, timeframe: Bytes
  private let source, quality: Bytes?

  /// nil for any other bar.
  init?(_ bar: BorrowedBar, _ symbol: UnsafePointer<CChar>, _ timeframe: UnsafePointer<CChar>) {
    guard !bar.carried.contains(.features), bar.timestamp != Timestamp.none, bar.isGap <= 1 else {
      return nil
    }
    self.bar = bar
    self.symbol = Bytes(cString: symbol)
    self.timeframe = Bytes(cString: timeframe)
    source = bar.source.map { Bytes(cString: $0) }
    quality = bar.quality.map { Bytes(cString: $0) }
    guard Self.isName(self.symbol), Self.isName(self.timeframe), Self.isText(source), Self.isText(quality)
    else {
      return nil
    }
  }

  private static func isName(_ text: Bytes) -> Bool {
    text.count > 0 && text.count <= Limits.nameBytes && text.isValidUTF8
  }

  private static func isText(_ text: Bytes?) -> Bool {
    guard let text else { return true }
    return text.count <= Limits.textBytes && text.isValidUTF8
  }

  /// Lets the bar be found whose row is in another form. To be called within a transaction.
  func fix(_ writer: Connection) throws(StoreError) {
    try writer.foreignForms.fix(bar.timestamp...bar.timestamp, symbol, timeframe, writer)
  }

  /// Runs an upsert whose parameters are the key and then the columns that the bar carries, in the schema's order. With
  /// `time` it is its own transaction, and fails with `.otherForm` where rows in other forms are to be rewritten first.
  func run(_ statement: Statement, _ time: BarTime? = nil) throws(StoreError) {
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

/// The code of NULL, somewhere in memory that stays.
private nonisolated(unsafe) let codeOfNull: UnsafePointer<Int32> = {  // never changed
  let code = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  code.initialize(to: -1)
  return UnsafePointer(code)
}()
