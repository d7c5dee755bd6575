// SPDX-License-Identifier: MIT

/// Where texts that mean an instant can stand in the order of texts, whatever form of ISO 8601 they are in.
///
/// A text begins with its date, so that it stands within the day that it names: `2026-03-01T16:00:00+01:00` is 15:00 UTC
/// and sorts as if it were 16:00, `2026-03-01 16:00Z` before all that is written with a T that day. Without hyphens
/// (`20260301T15…`) it stands after all of its year that is written with them.
struct TimeForms {
  /// A stretch of texts: `low <= text < high`, without an end where `high` is nil.
  struct Window: Equatable {
    var low: TimeText
    var high: TimeText?
  }

  /// Nanoseconds by which a written time may be ahead of UTC, or behind it.
  var east: Int64
  var west: Int64
  /// What may stand between date and time beside the T of the stored form.
  var hasSpace: Bool
  var hasSmallT: Bool
  var hasBasic: Bool
  /// Whether there is any form but the stored one.
  var isAny: Bool

  /// Only the stored form.
  static let stored = TimeForms(
    east: 0, west: 0, hasSpace: false, hasSmallT: false, hasBasic: false, isAny: false)
  /// Any form that is read.
  static let any = TimeForms(
    east: reach, west: reach, hasSpace: true, hasSmallT: true, hasBasic: true, isAny: true)

  private static let reach = Int64(TimestampParser.maximumOffsetSeconds) * Timestamp.perSecond
  private static let day = Timestamp.secondsPerDay * Timestamp.perSecond

  /// With a text that was met; one that means no instant counts as any other form.
  mutating func take(_ layout: TimestampParser.Layout?) {
    isAny = true
    guard let layout else { return }
    east = max(east, layout.offset * Timestamp.perSecond)
    west = max(west, -layout.offset * Timestamp.perSecond)
    if layout.separator == UInt8(ascii: " ") { hasSpace = true }
    if layout.separator == UInt8(ascii: "t") { hasSmallT = true }
    if layout.isBasic { hasBasic = true }
  }

  func union(_ other: TimeForms) -> TimeForms {
    TimeForms(
      east: max(east, other.east), west: max(west, other.west), hasSpace: hasSpace || other.hasSpace,
      hasSmallT: hasSmallT || other.hasSmallT, hasBasic: hasBasic || other.hasBasic,
      isAny: isAny || other.isAny)
  }

  // MARK: Windows

  /// Where all texts stand that are in one of these forms and mean an instant between the bounds, in the order of
  /// texts and without overlap. Among them may be some that mean others.
  func windows(from low: Int64?, to high: Int64?) -> [Window] {
    let first = low.flatMap { Self.minus($0, west) }.map(Place.init)
    let last = high.flatMap { Self.plus($0, east) }.map(Place.init)
    let separators = (hasSpace ? [" "] : []) + ["T"] + (hasSmallT ? ["t"] : [])
    // On the first day and on the last the texts of each separator have a stretch of their own.
    var begins = separators.map { first?.begin($0) ?? "" }
    // A bare date stands before all of its day, and is its midnight.
    if let first, first.isMidnight { begins[0] = first.date }
    var ends = separators.map { last?.end($0) }
    if first == nil || last == nil || first?.date != last?.date {
      // Between these days all texts count, so that one stretch goes from the last of the one to the first of the other.
      if let first {
        ends = separators.dropLast().map { first.date + $0 + "~" } + ends
      } else {
        begins = [""]
      }
      if let last {
        begins += separators.dropFirst().map { last.date + $0 }
      } else {
        ends = ends.prefix(begins.count - 1) + [nil]
      }
    }
    var windows = zip(begins, ends).map { Window(low: TimeText($0), high: $1.map { TimeText($0) }) }
    // What the first year has without hyphens stands in the long stretch, from its January on.
    if let low, let early = Self.minus(low, Self.reach).map(Place.init) {
      let gap = (low: TimeText(early.year + "0"), high: TimeText(early.basicDate))
      if let place = windows.firstIndex(where: { $0.low < gap.low && $0.high.map { gap.high < $0 } ?? true })
      {
        windows.insert(Window(low: gap.high, high: windows[place].high), at: place + 1)
        windows[place].high = gap.low
      }
    }
    if hasBasic, let high, let last = Self.plus(high, east) {
      windows.append(Self.basicWindow(low.flatMap { Self.minus($0, west) }, last))
    }
    return windows
  }

  /// Texts in other forms that mean an instant between the bounds, and do not stand between the bounds' own texts, stand
  /// in what `body` is given, three windows at most. With `wholeDays` there are also those that stand between them on the
  /// days of the bounds.
  static func forEachEdge(
    from low: Int64?, to high: Int64?, wholeDays: Bool = false, _ body: (Window) throws(StoreError) -> Void
  ) throws(StoreError) {
    if let low {
      try body(
        Window(
          low: earliestText(near: low),
          high: wholeDays ? TimeText(dateOf: low).with(tilde) : TimeText(stored: low)))
    }
    guard let high else { return }
    let begin = wholeDays ? TimeText(dateOf: high) : TimeText(stored: high)
    guard let last = plus(high, reach) else { return try body(Window(low: begin, high: nil)) }
    try body(Window(low: begin, high: TimeText(dateOf: last).with(tilde)))
    try body(basicWindow(low.flatMap { minus($0, reach) }, last))
  }

  /// After all that a written time goes on with.
  private static let tilde = UInt8(ascii: "~")

  /// The instants around others for which the same days have to be looked at.
  static func days(around range: ClosedRange<Int64>) -> ClosedRange<Int64> {
    guard let early = minus(range.lowerBound, reach), let late = plus(range.upperBound, reach),
      let first = minus(early, Timestamp.floorDivide(early, by: day).remainder),
      let next = plus(late, day - Timestamp.floorDivide(late, by: day).remainder)
    else { return range }
    return (first + reach)...(next - reach - 1)
  }

  /// The stretch of the last year that is written without hyphens. What earlier years have of it stands before that year.
  private static func basicWindow(_ first: Int64?, _ last: Int64) -> Window {
    let last = TimeText(dateOf: last)
    let first = first.map { TimeText(dateOf: $0) }
    let isSameYear = first?.prefix(4) == last.prefix(4)
    return Window(
      low: isSameYear ? first?.withoutHyphens ?? .empty : last.prefix(4).with(UInt8(ascii: "0")),
      high: last.withoutHyphens.with(tilde))
  }

  /// The texts of the year that `text` is of which are written with hyphens end before this one; nil if it names no year.
  static func endOfHyphens(_ text: Bytes) -> String? {
    guard text.count >= 4, text.prefix(4).allSatisfy({ $0 &- 0x30 <= 9 }) else { return nil }
    return Bytes(rebasing: text.prefix(4)).text + "0"
  }

  /// The day of an instant as it stands without hyphens.
  static func basicDate(_ instant: Int64) -> String { Place(instant).basicDate }

  /// No text before this one means `instant` or later.
  private static func earliestText(near instant: Int64) -> TimeText {
    minus(instant, reach).map(TimeText.init(dateOf:)) ?? .empty
  }

  // MARK: Written times

  /// A stretch of times as they are written, whatever their offset from UTC: from the beginning of an hour to the end of a
  /// day. `Int64.min` and `Int64.max` are without a bound.
  struct Written: Equatable {
    var low: Int64
    var high: Int64

    /// Contains nothing, and touches nothing.
    static let none = Written(low: .max, high: .min)
    var isNone: Bool { low > high }

    /// With the hours and days of both.
    init(from low: Int64?, to high: Int64?) {
      self.low = low.flatMap { minus($0, Timestamp.floorDivide($0, by: hour).remainder) } ?? .min
      self.high = high.flatMap { plus($0, day - 1 - Timestamp.floorDivide($0, by: day).remainder) } ?? .max
    }

    private init(low: Int64, high: Int64) { (self.low, self.high) = (low, high) }

    /// All that may mean an instant between the bounds.
    static func meaning(_ low: Int64?, _ high: Int64?) -> Written {
      Written(from: low.flatMap { minus($0, reach) }, to: high.flatMap { plus($0, reach) })
    }

    /// All that may mean an instant from `low` on, and stand before the text of that.
    static func before(_ low: Int64) -> Written { Written(from: minus(low, reach), to: low) }

    @inline(__always)
    func contains(_ other: Written) -> Bool { low <= other.low && other.high <= high }

    /// Whether both have a time in common, or one goes on where the other ends.
    func touches(_ other: Written) -> Bool {
      !isNone && !other.isNone && (high == .max || other.low <= high + 1)
        && (other.high == .max || low <= other.high + 1)
    }

    func joined(_ other: Written) -> Written {
      Written(low: min(low, other.low), high: max(high, other.high))
    }

    /// With all that is behind it, where there is nothing behind it.
    func reaching(toTheEnd isToTheEnd: Bool) -> Written { isToTheEnd ? Written(low: low, high: .max) : self }

    /// What is not in `other`, as far as that is one stretch.
    func without(_ other: Written) -> Written {
      guard touches(other) else { return self }
      if other.low <= low, other.high < high { return Written(low: other.high + 1, high: high) }
      if other.high >= high, other.low > low { return Written(low: low, high: other.low - 1) }
      return self
    }

    /// Where all their texts stand. What is written with a space stands before the rest of its day: of the first day it is by
    /// itself. So is what is written without hyphens of the last year, where there is an end.
    var windows: (main: Window, space: Window?, basic: Window?) {
      let end = high == .max ? nil : TimeText(dateOf: high).with(tilde)
      let basic = high == .max ? nil : TimeForms.basicWindow(low == .min ? nil : low, high)
      guard low != .min else { return (Window(low: .empty, high: end), nil, basic) }
      let text = TimeText(stored: low)
      let date = text.prefix(10)
      // A bare date is its midnight.
      if Timestamp.floorDivide(low, by: day).remainder == 0 {
        return (Window(low: date, high: end), nil, basic)
      }
      let spaced = date.with(UInt8(ascii: " "))
      var begin = spaced
      text.withBytes { text in
        for place in 11..<13 where place < text.count { begin = begin.with(text[place]) }
      }
      return (
        Window(low: text.prefix(13), high: end), Window(low: begin, high: spaced.with(tilde)), basic
      )
    }
  }

  private static let hour = 3600 * Timestamp.perSecond

  /// nil if no int64 nanoseconds hold it: then nothing bounds the texts on that side.
  private static func plus(_ instant: Int64, _ nanoseconds: Int64) -> Int64? {
    let (sum, overflow) = instant.addingReportingOverflow(nanoseconds)
    return overflow ? nil : sum
  }

  private static func minus(_ instant: Int64, _ nanoseconds: Int64) -> Int64? {
    let (difference, overflow) = instant.subtractingReportingOverflow(nanoseconds)
    return overflow || difference == Timestamp.none ? nil : difference
  }

  /// A written time, to the hour: what comes after is written in many ways.
  private struct Place {
    let date: String
    private let hour: String

    init(_ instant: Int64) {
      let text = Timestamp.text(instant)
      date = String(text.prefix(10))
      hour = String(text.dropFirst(11).prefix(2))
    }

    var isMidnight: Bool { hour == "00" }
    var year: String { String(date.prefix(4)) }
    var basicDate: String { date.filter { $0 != "-" } }

    func begin(_ separator: String) -> String { date + separator + hour }
    func end(_ separator: String) -> String { date + separator + hour + "~" }
  }
}
