// SPDX-License-Identifier: MIT

/// What a bar holds in one of its columns, in the member of the column's kind.
package struct BarField {
  /// NaN is NULL.
  package var number = Double.nan
  /// nil is NULL; the features' nil says nothing of them.
  package var text: UnsafeBufferPointer<UInt8>?
  /// 0 or 1.
  package var flag: UInt8 = 0

  init() {}
}

/// One bar, borrowed: what a live feed hands over, and what the latest bar is handed out as. The features are among its
/// fields, as JSON.
package struct BorrowedBar {
  package var timestamp: Int64
  /// The columns that are meant; what the others hold is of no account.
  package var carried: BarColumns
  /// By the columns' numbers. A pointer, as Swift would copy an array in the bar to look at one of its elements.
  package let fields: UnsafeMutablePointer<BarField>

  /// Lends a bar of empty fields to `body`.
  static func with<Result>(
    _ timestamp: Int64, _ carried: BarColumns, _ body: (inout BorrowedBar) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    var fields = PerColumn<BarField>(repeating: BarField())
    return try withUnsafeMutablePointer(to: &fields) { fields throws(StoreError) in
      var bar = BorrowedBar(
        timestamp: timestamp, carried: carried,
        fields: UnsafeMutableRawPointer(fields).assumingMemoryBound(to: BarField.self))
      return try body(&bar)
    }
  }

  /// The same for the shim, in which it would not be specialised.
  package static func lend(
    _ timestamp: Int64, _ carried: BarColumns, _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError) {
    try with(timestamp, carried) { bar throws(StoreError) in try body(bar) }
  }

  var features: Bytes? { fields[BarColumns.features.number].text }
}

/// One bar of a series, on its way into the store.
package struct BorrowedRow {
  package let symbol, timeframe: UnsafeBufferPointer<UInt8>
  package var bar: BorrowedBar

  package init(
    _ bar: BorrowedBar, symbol: UnsafeBufferPointer<UInt8>, timeframe: UnsafeBufferPointer<UInt8>
  ) {
    self.bar = bar
    self.symbol = symbol
    self.timeframe = timeframe
  }

  /// Lends the only row of a batch that keeps the rules. Its features are left to the batch's packer.
  static func only(
    of batch: BorrowedBatch, _ body: (BorrowedRow) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard let symbol = batch.symbol.text(0), let timeframe = batch.timeframe.text(0) else { return }
    try BorrowedBar.with(batch.timestamps[0], batch.carried) { bar throws(StoreError) in
      for column in BarColumn.table.indices {
        if let numbers = batch.columns.numbers[column] { bar.fields[column].number = numbers[0] }
        if let texts = batch.columns.texts[column] { bar.fields[column].text = texts.text(0) }
        if let flags = batch.columns.flags[column] { bar.fields[column].flag = flags[0] }
      }
      try body(BorrowedRow(bar, symbol: symbol, timeframe: timeframe))
    }
  }

  /// Whether it keeps the rules of `BorrowedBatch.check()`; that tells which one it breaks.
  var keepsRules: Bool {
    guard bar.timestamp != Timestamp.none, Self.isName(symbol), Self.isName(timeframe) else { return false }
    // Any number will do, and features are checked where they are packed: most live bars have nothing else.
    var rest = bar.carried.rawValue & Self.ruled.rawValue
    while rest != 0 {
      let column = rest.trailingZeroBitCount
      rest &= rest &- 1
      guard bar.fields[column].flag <= 1 else { return false }
      guard let text = bar.fields[column].text else { continue }
      guard text.count <= Limits.textBytes, text.isValidUTF8 else { return false }
    }
    return true
  }

  /// The columns of texts and flags.
  private static let ruled = BarColumn.table.indices.reduce(into: BarColumns()) { ruled, column in
    let kind = BarColumn.table[column].kind
    if kind == .text || kind == .flag { ruled.insert(BarColumns(column: column)) }
  }

  static func isName(_ text: Bytes) -> Bool {
    text.count > 0 && text.count <= Limits.nameBytes && text.isValidUTF8
  }

  /// The bar, as a message names it.
  var place: String { BorrowedBatch.place(symbol, timeframe, bar.timestamp, row: 0) }

  /// The features that `pack` gives; its fault becomes an error that names the bar.
  @inline(__always)
  func packed(_ pack: () throws(FeaturePackFault) -> Bytes?) throws(StoreError) -> Bytes? {
    do throws(FeaturePackFault) { return try pack() } catch { throw error.error { _ in place } }
  }

  /// Throws what a batch of this row would be refused for.
  func check() throws(StoreError) {
    let columns = bar.carried.subtracting(.features).indices
    let texts = [symbol, timeframe] + columns.map { bar.fields[$0].text ?? Bytes(start: nil, count: 0) }
    let flags = columns.map { bar.fields[$0].flag }
    try Self.with([bar.timestamp], texts, flags) { timestamps, texts, flags throws(StoreError) in
      var batch = BorrowedBatch(
        count: 1, timestamps: timestamps, symbol: Self.one(texts), timeframe: Self.one(texts + 1))
      for (place, column) in columns.enumerated() {
        if bar.fields[column].text != nil { batch.columns.texts[column] = Self.one(texts + 2 + place) }
        if BarColumn.table[column].kind == .flag { batch.columns.flags[column] = flags + place }
      }
      try batch.check()
    }
  }

  private static func one(_ text: UnsafePointer<Bytes>) -> TextColumn {
    TextColumn(codes: nil, values: UnsafeBufferPointer(start: text, count: 1))
  }

  private static func with(
    _ timestamps: [Int64], _ texts: [Bytes], _ flags: [UInt8],
    _ body: (UnsafePointer<Int64>, UnsafePointer<Bytes>, UnsafePointer<UInt8>) throws(StoreError) -> Void
  ) throws(StoreError) {
    try timestamps.withUnsafeBufferPointer { timestamps throws(StoreError) in
      try texts.withUnsafeBufferPointer { texts throws(StoreError) in
        try flags.withUnsafeBufferPointer { flags throws(StoreError) in
          guard let timestamps = timestamps.baseAddress, let texts = texts.baseAddress else { return }
          // A bar of no columns has no flags.
          let none: UInt8 = 0
          try withUnsafePointer(to: none) { none throws(StoreError) in
            try body(timestamps, texts, flags.baseAddress ?? none)
          }
        }
      }
    }
  }
}
