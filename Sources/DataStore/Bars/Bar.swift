// SPDX-License-Identifier: MIT

/// One bar. In a write ``carried`` says which fields are meant; the others keep what is stored.
public struct Bar: Sendable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var timestamp: Int64
  /// The fields that were set: setting one adds it here. A field may be taken out again.
  public var carried: BarColumns = []
  /// Opening price. NaN is NULL, here and in the other numbers.
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
  /// The features as JSON text, `{"name@version":{"value":1.5,"quality":"ready"}}`. In a write they merge with those
  /// that are stored, by key; nil leaves them as they are. From a read: nil if there are none.
  public var featuresJSON: String? { didSet { carried.insert(.features) } }

  /// A bar that carries nothing yet. `timestamp` is in nanoseconds since 1970-01-01T00:00:00Z.
  public init(timestamp: Int64) { self.timestamp = timestamp }
}
