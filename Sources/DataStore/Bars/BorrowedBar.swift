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

/// A bar without features that keeps the rules of `BorrowedBatch.check()`.
struct PlainBar {
  let bar: BorrowedBar
  let symbol, timeframe: Bytes
  let source, quality: Bytes?

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
}
