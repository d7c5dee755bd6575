// SPDX-License-Identifier: MIT

/// One bar's fields by the numbers of their columns, borrowed: what a live feed hands over, and what the latest bar is
/// handed out as. Not copied, as it is not small, and Swift would copy an array of it to look at one of its elements.
package struct BorrowedBar: ~Copyable {
  package var timestamp: Int64
  /// The columns that are meant; what the others hold is of no account.
  package var carried: BarColumns
  /// NaN is NULL.
  package var numbers = PerColumn<Double>(repeating: .nan)
  /// nil is NULL. The features are among them, as JSON; nil says nothing of them.
  package var texts = PerColumn<UnsafeBufferPointer<UInt8>?>(repeating: nil)
  /// 0 or 1.
  package var flags = PerColumn<UInt8>(repeating: 0)

  package init(timestamp: Int64, carried: BarColumns) {
    self.timestamp = timestamp
    self.carried = carried
  }

  var features: Bytes? { texts[BarColumns.features.number] }
}

/// One bar of a series, on its way into the store.
package struct BorrowedRow: ~Copyable {
  package let symbol, timeframe: UnsafeBufferPointer<UInt8>
  package var bar: BorrowedBar

  package init(
    _ bar: consuming BorrowedBar, symbol: UnsafeBufferPointer<UInt8>, timeframe: UnsafeBufferPointer<UInt8>
  ) {
    self.bar = bar
    self.symbol = symbol
    self.timeframe = timeframe
  }

  /// The only row of a batch that keeps the rules. Its features are left to the batch's packer.
  init?(_ batch: BorrowedBatch) {
    guard let symbol = batch.symbol.text(0), let timeframe = batch.timeframe.text(0) else { return nil }
    self.init(
      BorrowedBar(timestamp: batch.timestamps[0], carried: batch.carried), symbol: symbol, timeframe: timeframe)
    for column in bar.numbers.indices {
      if let numbers = batch.columns.numbers[column] { bar.numbers[column] = numbers[0] }
      if let texts = batch.columns.texts[column] { bar.texts[column] = texts.text(0) }
      if let flags = batch.columns.flags[column] { bar.flags[column] = flags[0] }
    }
  }

  /// Whether it keeps the rules of `BorrowedBatch.check()`; that tells which one it breaks.
  var keepsRules: Bool {
    guard bar.timestamp != Timestamp.none, Self.isName(symbol), Self.isName(timeframe) else { return false }
    for column in bar.texts.indices where bar.carried.contains(column: column) {
      guard bar.flags[column] <= 1 else { return false }
      guard let text = bar.texts[column], column != BarColumns.features.number else { continue }
      guard text.count <= Limits.textBytes, text.isValidUTF8 else { return false }
    }
    return true
  }

  private static func isName(_ text: Bytes) -> Bool {
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
    let texts = [symbol, timeframe] + columns.map { bar.texts[$0] ?? Bytes(start: nil, count: 0) }
    let flags = columns.map { bar.flags[$0] }
    try Self.with([bar.timestamp], texts, flags) { timestamps, texts, flags throws(StoreError) in
      var batch = BorrowedBatch(
        count: 1, timestamps: timestamps, symbol: Self.one(texts), timeframe: Self.one(texts + 1))
      for (place, column) in columns.enumerated() {
        if bar.texts[column] != nil { batch.columns.texts[column] = Self.one(texts + 2 + place) }
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
