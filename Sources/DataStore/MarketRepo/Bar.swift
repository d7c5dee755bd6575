// SPDX-License-Identifier: MIT

/// One bar. In a write `carried` tells which fields are meant; the others are left as they are stored.
public struct Bar: Sendable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var timestamp: Int64
  /// The fields that were set.
  public var carried: BarColumns = []
  /// NaN is NULL, here and in all numbers below.
  public var open = Double.nan { didSet { carried.insert(.open) } }
  /// Highest price.
  public var high = Double.nan { didSet { carried.insert(.high) } }
  /// Lowest price.
  public var low = Double.nan { didSet { carried.insert(.low) } }
  /// Closing price.
  public var close = Double.nan { didSet { carried.insert(.close) } }
  /// Volume.
  public var volume = Double.nan { didSet { carried.insert(.volume) } }
  /// Where the bar came from; nil is NULL.
  public var source: String? { didSet { carried.insert(.source) } }
  /// How good it is, in its producer's words; nil is NULL.
  public var quality: String? { didSet { carried.insert(.quality) } }
  /// Whether it fills a gap.
  public var isGap = false { didSet { carried.insert(.isGap) } }
  /// Seconds from the bar's end to its arrival.
  public var latencySec = Double.nan { didSet { carried.insert(.latencySec) } }
  /// The features as JSON text; nil says nothing of them.
  public var featuresJSON: String? { didSet { carried.insert(.features) } }

  /// A bar that carries nothing yet.
  public init(timestamp: Int64) { self.timestamp = timestamp }
}

/// One bar as borrowed fields: what a live feed hands over, without a column in sight.
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
  package func write(
    _ bar: BorrowedBar, symbol: UnsafePointer<CChar>, timeframe: UnsafePointer<CChar>, replace: Bool
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

/// The code of NULL, somewhere in memory that stays.
private nonisolated(unsafe) let codeOfNull: UnsafePointer<Int32> = {  // never changed
  let code = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  code.initialize(to: -1)
  return UnsafePointer(code)
}()
