// SPDX-License-Identifier: MIT

/// Something that a range of time can begin or end with: a text, an ``Instant``, nanoseconds, and with the module
/// DataStoreFoundation a `Date`.
public protocol TimeBound {
  /// The bound in nanoseconds since 1970-01-01T00:00:00Z; where it stands for a stretch of time, as a day does, its last
  /// nanosecond if `isEnd`, else its first. Beyond what the store keeps: `Int64.max`, or `Int64.min + 1`.
  ///
  /// - Throws: `.invalid` if it is not a time.
  func timeBound(isEnd: Bool) throws(StoreError) -> Int64
}

extension Int64: TimeBound {
  /// The number itself.
  public func timeBound(isEnd: Bool) -> Int64 { self }
}

extension Instant: TimeBound {
  /// The instant itself.
  public func timeBound(isEnd: Bool) -> Int64 { nanoseconds }
}

extension String: TimeBound {
  /// An ISO 8601 text; without an offset it is in UTC, and a bare date is the whole day.
  ///
  /// - Throws: `.invalid` if the text is not a time.
  public func timeBound(isEnd: Bool) throws(StoreError) -> Int64 {
    try withBytes { bytes in
      Result { () throws(StoreError) in try TimeRange.bound(bytes, isEnd: isEnd) }
    }.get()
  }
}

/// Ranges of time for the calls that take one: `market.read(["EURUSD"], "1h", .times(from: "2026-03-01"))`.
///
/// Both bounds are inclusive. A range that ends before it begins holds nothing: calls find no rows.
extension ClosedRange where Bound == Int64 {
  /// From one bound to the other, such as `.times(from: "2026-03-01", to: "2026-03-01")`, which is the whole day.
  ///
  /// - Throws: `.invalid` if a bound is not a time.
  public static func times(from start: some TimeBound, to end: some TimeBound) throws(StoreError) -> Self {
    inOrder(try start.timeBound(isEnd: false), try end.timeBound(isEnd: true))
  }

  /// From a bound on.
  ///
  /// - Throws: `.invalid` if the bound is not a time.
  public static func times(from start: some TimeBound) throws(StoreError) -> Self {
    inOrder(try start.timeBound(isEnd: false), .max)
  }

  /// Up to and including a bound.
  ///
  /// - Throws: `.invalid` if the bound is not a time.
  public static func times(to end: some TimeBound) throws(StoreError) -> Self {
    inOrder(.min + 1, try end.timeBound(isEnd: true))
  }

  /// As a range of bounds has it, such as `.times(first...last)`.
  ///
  /// - Throws: `.invalid` if a bound is not a time.
  public static func times<End: TimeBound>(_ range: ClosedRange<End>) throws(StoreError) -> Self {
    try times(from: range.lowerBound, to: range.upperBound)
  }

  /// Up to but excluding the upper bound, such as `.times("2026-03-01"..<"2026-03-02")`.
  ///
  /// - Throws: `.invalid` if a bound is not a time.
  public static func times<End: TimeBound>(_ range: Range<End>) throws(StoreError) -> Self {
    let end = try range.upperBound.timeBound(isEnd: false)
    return inOrder(try range.lowerBound.timeBound(isEnd: false), end > .min ? end - 1 : end)
  }

  /// From a bound on, such as `.times("2026-03-01"...)`.
  ///
  /// - Throws: `.invalid` if the bound is not a time.
  public static func times<End: TimeBound>(_ range: PartialRangeFrom<End>) throws(StoreError) -> Self {
    try times(from: range.lowerBound)
  }

  /// Up to and including a bound, such as `.times(..."2026-03-01")`.
  ///
  /// - Throws: `.invalid` if the bound is not a time.
  public static func times<End: TimeBound>(_ range: PartialRangeThrough<End>) throws(StoreError) -> Self {
    try times(to: range.upperBound)
  }

  /// A closed range cannot be empty; `Int64.min` is "no time", and holds none.
  private static func inOrder(_ start: Int64, _ end: Int64) -> Self {
    start <= end ? start...end : Int64.min...Int64.min
  }
}

extension TimeRange {
  /// The range that a Swift caller gave; nil: all.
  init(_ range: ClosedRange<Int64>?) {
    guard let range else {
      self.init()
      return
    }
    let (start, end) = (range.lowerBound, range.upperBound)
    if end == Timestamp.none {
      // It holds no instant that can be stored.
      self.init(start: 0, end: -1)
    } else {
      self.init(start: start > .min + 1 ? start : nil, end: end < .max ? end : nil)
    }
  }
}
