// SPDX-License-Identifier: MIT

// What the columns are called in Swift: on a bar, on a batch that is written, and on bars that were read.

extension Bar {
  /// Opening price; NaN is NULL, here and in all numbers below.
  public var open: Double {
    get { self[number: .open] }
    set { self[number: .open] = newValue }
  }
  /// Highest price.
  public var high: Double {
    get { self[number: .high] }
    set { self[number: .high] = newValue }
  }
  /// Lowest price.
  public var low: Double {
    get { self[number: .low] }
    set { self[number: .low] = newValue }
  }
  /// Closing price.
  public var close: Double {
    get { self[number: .close] }
    set { self[number: .close] = newValue }
  }
  /// Volume.
  public var volume: Double {
    get { self[number: .volume] }
    set { self[number: .volume] = newValue }
  }
  /// Where the bar came from; nil is NULL.
  public var source: String? {
    get { self[text: .source] }
    set { self[text: .source] = newValue }
  }
  /// How good it is, in its producer's words; nil is NULL.
  public var quality: String? {
    get { self[text: .quality] }
    set { self[text: .quality] = newValue }
  }
  /// Whether it fills a gap.
  public var isGap: Bool {
    get { self[flag: .isGap] }
    set { self[flag: .isGap] = newValue }
  }
  /// Seconds from the bar's end to its arrival.
  public var latencySec: Double {
    get { self[number: .latencySec] }
    set { self[number: .latencySec] = newValue }
  }
  /// The features as JSON text; nil says nothing of them.
  public var featuresJSON: String? {
    get { self[text: .features] }
    set { self[text: .features] = newValue }
  }
}

extension BarBatch {
  /// Opening prices; NaN is NULL, here and in the numbers below.
  public var open: [Double]? {
    get { self[numbers: .open] }
    set { self[numbers: .open] = newValue }
  }
  /// Highest prices.
  public var high: [Double]? {
    get { self[numbers: .high] }
    set { self[numbers: .high] = newValue }
  }
  /// Lowest prices.
  public var low: [Double]? {
    get { self[numbers: .low] }
    set { self[numbers: .low] = newValue }
  }
  /// Closing prices.
  public var close: [Double]? {
    get { self[numbers: .close] }
    set { self[numbers: .close] = newValue }
  }
  /// Volumes.
  public var volume: [Double]? {
    get { self[numbers: .volume] }
    set { self[numbers: .volume] = newValue }
  }
  /// Where each bar came from; nil is NULL.
  public var source: [String?]? {
    get { self[texts: .source] }
    set { self[texts: .source] = newValue }
  }
  /// How good each bar is, in its producer's words; nil is NULL.
  public var quality: [String?]? {
    get { self[texts: .quality] }
    set { self[texts: .quality] = newValue }
  }
  /// Whether each bar fills a gap.
  public var isGap: [Bool]? {
    get { self[flags: .isGap] }
    set { self[flags: .isGap] = newValue }
  }
  /// Seconds from a bar's end to its arrival.
  public var latencySec: [Double]? {
    get { self[numbers: .latencySec] }
    set { self[numbers: .latencySec] = newValue }
  }
}

extension Bars {
  /// Opening prices.
  public var open: [Double] { self[numbers: .open] }
  /// Highest prices.
  public var high: [Double] { self[numbers: .high] }
  /// Lowest prices.
  public var low: [Double] { self[numbers: .low] }
  /// Closing prices.
  public var close: [Double] { self[numbers: .close] }
  /// Volumes.
  public var volume: [Double] { self[numbers: .volume] }
  /// Where each bar came from.
  public var source: [String?] { self[texts: .source] }
  /// How good each bar is.
  public var quality: [String?] { self[texts: .quality] }
  /// Whether each bar fills a gap; NULL is false.
  public var isGap: [Bool] { self[flags: .isGap] }
  /// Seconds from a bar's end to its arrival.
  public var latencySec: [Double] { self[numbers: .latencySec] }
}
