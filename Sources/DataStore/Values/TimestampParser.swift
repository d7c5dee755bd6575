// SPDX-License-Identifier: MIT

/// Reads ISO 8601 instants: the stored form by a fast path, other tools' forms by the general one.
///
/// Taken: `2026-03-01` and `20260301`; `T`, `t` or a space between date and time; `15`, `15:00`,
/// `15:00:00`, `1500`, `150000`; a fraction after `.` or `,` (digits beyond the ninth are cut); `Z`,
/// `±hh`, `±hh:mm`, `±hhmm`, `±hh:mm:ss` up to 16 hours, or no offset, which means UTC.
struct TimestampParser {
  /// What an instant's text says beyond the instant itself.
  enum Form {
    case stored
    case other
    case bareDate
  }

  enum Outcome {
    case instant(Int64, Form)
    case beyondRange(isLate: Bool)
    case malformed
  }

  /// Offsets of civil time have never been larger.
  static let maximumOffsetSeconds = 16 * 3600

  /// A bare date is its first nanosecond, or its last.
  static func parse(_ text: Bytes, dateIsItsEnd: Bool = false) -> Outcome {
    if let nanoseconds = stored(text) { return .instant(nanoseconds, .stored) }
    var parser = TimestampParser(text: text, dateIsItsEnd: dateIsItsEnd)
    return parser.parse()
  }

  /// True if a text that `parse` takes says its offset from UTC. The date takes 8 characters at least, and has no such
  /// sign after them.
  static func hasOffset(_ text: Bytes) -> Bool {
    text.dropFirst(8).contains { character in
      ["Z", "z", "+", "-"].contains { UInt8(ascii: $0) == character }
    }
  }

  /// How a text in another form is written, as far as that decides where it stands in the order of texts.
  struct Layout {
    /// Seconds by which the time that is written is ahead of UTC.
    var offset: Int64 = 0
    /// Between date and time; nil in a bare date.
    var separator: UInt8?
    /// `20260301`, without hyphens.
    var isBasic = false
  }

  /// The instant of a text in whatever form, and how that is written; nil if it is not a time that int64 nanoseconds hold.
  static func layout(_ text: Bytes) -> (instant: Int64, layout: Layout)? {
    var parser = TimestampParser(text: text, dateIsItsEnd: false)
    guard case .instant(let instant, _) = parser.parse() else { return nil }
    return (instant, parser.layout)
  }

  /// The date that was read last: bars of a day follow one another. At first `1970-01-01`, for it must be one that a text can
  /// be taken for.
  struct DateMemo {
    fileprivate var year = UInt64(littleEndian: 0x2D31_302D_3037_3931)
    fileprivate var day = UInt16(littleEndian: 0x3130)
    fileprivate var seconds: Int64 = 0
  }

  /// The instant of a text in the stored form; nil for anything else.
  @inline(__always)
  static func stored(_ text: Bytes) -> Int64? {
    var memo = DateMemo()
    return stored(text, &memo)
  }

  /// `stored` for row after row.
  @inline(__always)
  static func stored(_ text: Bytes, _ memo: inout DateMemo) -> Int64? {
    let count = text.count
    guard count == 25 || count == 32 || count == 35, let p = text.baseAddress else { return nil }
    let suffix = p + (count - 6)
    guard
      suffix[0] == UInt8(ascii: "+"), suffix[1] == 0x30, suffix[2] == 0x30, suffix[3] == UInt8(ascii: ":"),
      suffix[4] == 0x30, suffix[5] == 0x30,
      p[10] == UInt8(ascii: "T"), p[13] == UInt8(ascii: ":"), p[16] == UInt8(ascii: ":")
    else { return nil }
    let hour = two(p + 11)
    let minute = two(p + 14)
    let second = two(p + 17)
    guard hour >= 0, hour < 24, minute >= 0, minute < 60, second >= 0, second < 60 else { return nil }
    let raw = UnsafeRawPointer(p)
    let year = raw.loadUnaligned(as: UInt64.self)
    let day = (raw + 8).loadUnaligned(as: UInt16.self)
    if year != memo.year || day != memo.day {
      guard let seconds = date(p) else { return nil }
      memo = DateMemo(year: year, day: day, seconds: seconds)
    }
    var fraction: Int64 = 0
    if count > 25 {
      guard p[19] == UInt8(ascii: ".") else { return nil }
      for place in 20..<(count - 6) {
        let digit = p[place] &- 0x30
        guard digit <= 9 else { return nil }
        fraction = fraction * 10 + Int64(digit)
      }
      // A fraction that the stored form would have written shorter is another tool's.
      if count == 32 {
        fraction *= 1000
        guard fraction != 0 else { return nil }
      } else {
        guard fraction % 1000 != 0 else { return nil }
      }
    }
    return nanoseconds(memo.seconds + Int64(hour * 3600 + minute * 60 + second), fraction)
  }

  /// The seconds up to a day written as `2026-03-01`; nil if there is no such day.
  private static func date(_ p: UnsafePointer<UInt8>) -> Int64? {
    let century = two(p)
    let yearOfCentury = two(p + 2)
    let month = two(p + 5)
    let day = two(p + 8)
    guard p[4] == UInt8(ascii: "-"), p[7] == UInt8(ascii: "-"), century >= 0, yearOfCentury >= 0, month >= 1,
      month <= 12, day >= 1
    else { return nil }
    let year = century * 100 + yearOfCentury
    guard day <= 28 || day <= Timestamp.daysInMonth(month, of: year) else { return nil }
    return Timestamp.days(year: year, month: month, day: day) * Timestamp.secondsPerDay
  }

  @inline(__always)
  private static func two(_ p: UnsafePointer<UInt8>) -> Int {
    let tens = p[0] &- 0x30
    let ones = p[1] &- 0x30
    return tens <= 9 && ones <= 9 ? Int(tens) * 10 + Int(ones) : -1
  }

  @inline(__always)
  private static func nanoseconds(_ seconds: Int64, _ fraction: Int64) -> Int64? {
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: Timestamp.perSecond)
    if overflow {
      // The first second of the range begins before Int64 does.
      guard seconds < 0 else { return nil }
      let (next, again) = (seconds + 1).multipliedReportingOverflow(by: Timestamp.perSecond)
      guard !again else { return nil }
      let (sum, carry) = next.addingReportingOverflow(fraction - Timestamp.perSecond)
      return carry || sum == Timestamp.none ? nil : sum
    }
    let (sum, carry) = scaled.addingReportingOverflow(fraction)
    return carry || sum == Timestamp.none ? nil : sum
  }

  // MARK: Other forms

  private let text: Bytes
  private let dateIsItsEnd: Bool
  private var index = 0
  private var layout = Layout()

  private init(text: Bytes, dateIsItsEnd: Bool) {
    self.text = text
    self.dateIsItsEnd = dateIsItsEnd
  }

  private mutating func parse() -> Outcome {
    guard let year = number(digits: 4) else { return .malformed }
    let isExtended = skip("-")
    layout.isBasic = !isExtended
    guard let month = number(digits: 2), (1...12).contains(month) else { return .malformed }
    if isExtended, !skip("-") { return .malformed }
    guard let day = number(digits: 2), day >= 1, day <= Timestamp.daysInMonth(month, of: year) else {
      return .malformed
    }
    let midnight = Timestamp.days(year: year, month: month, day: day) * Timestamp.secondsPerDay
    if index == text.count {
      return dateIsItsEnd
        ? outcome(midnight + Timestamp.secondsPerDay - 1, Timestamp.perSecond - 1, .bareDate)
        : outcome(midnight, 0, .bareDate)
    }
    layout.separator = text[index]
    guard skip("T") || skip("t") || skip(" ") else { return .malformed }
    guard let time = parseTime(), let offset = parseOffset(), index == text.count else { return .malformed }
    layout.offset = offset
    return outcome(midnight + time.second - offset, time.fraction, .other)
  }

  private func outcome(_ seconds: Int64, _ fraction: Int64, _ form: Form) -> Outcome {
    guard let instant = Self.nanoseconds(seconds, fraction) else { return .beyondRange(isLate: seconds > 0) }
    return .instant(instant, form)
  }

  private mutating func parseTime() -> (second: Int64, fraction: Int64)? {
    guard let hour = number(digits: 2), hour < 24 else { return nil }
    var minute = 0
    var second = 0
    var hasSecond = false
    let isExtended = skip(":")
    if isExtended || isDigit {
      guard let value = number(digits: 2), value < 60 else { return nil }
      minute = value
      if isExtended ? skip(":") : isDigit {
        guard let value = number(digits: 2), value < 60 else { return nil }
        second = value
        hasSecond = true
      }
    }
    var fraction: Int64 = 0
    // A fraction of an hour or a minute is legal, and read differently by everyone.
    if hasSecond, skip(".") || skip(",") {
      guard isDigit else { return nil }
      var unit = Timestamp.perSecond / 10
      while isDigit {
        fraction += Int64(text[index] - 0x30) * unit
        unit /= 10
        index += 1
      }
    }
    return (Int64(hour * 3600 + minute * 60 + second), fraction)
  }

  /// Seconds east of UTC.
  private mutating func parseOffset() -> Int64? {
    if index == text.count || skip("Z") || skip("z") { return 0 }
    let isWest = skip("-")
    guard isWest || skip("+"), let hour = number(digits: 2) else { return nil }
    var seconds = hour * 3600
    for unit in [60, 1] where index < text.count {
      _ = skip(":")
      guard let value = number(digits: 2), value < 60 else { return nil }
      seconds += value * unit
    }
    guard seconds <= Self.maximumOffsetSeconds else { return nil }
    return Int64(isWest ? -seconds : seconds)
  }

  private var isDigit: Bool { index < text.count && text[index] &- 0x30 <= 9 }

  private mutating func number(digits: Int) -> Int? {
    var value = 0
    for _ in 0..<digits {
      guard isDigit else { return nil }
      value = value * 10 + Int(text[index] - 0x30)
      index += 1
    }
    return value
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard index < text.count, text[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }
}
