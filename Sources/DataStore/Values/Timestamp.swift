// SPDX-License-Identifier: MIT
import Glibc

/// Instants as nanoseconds since 1970-01-01T00:00:00Z, and as text.
///
/// Stored form: `2026-03-01T15:00:00+00:00`, with 6 fraction digits where there is a fraction and 9
/// where nanoseconds need them: what `pandas.Timestamp.isoformat` prints. `+` sorts before `.`, and `.`
/// before the digits, so the order of such texts is the order of time.
package enum Timestamp {
  /// "No time": what pandas calls NaT.
  static let none = Int64.min
  static let maximumBytes = 35

  static let perSecond: Int64 = 1_000_000_000
  static let perMicrosecond: Int64 = 1_000
  static let secondsPerDay: Int64 = 86_400

  // MARK: Printing

  /// Writes the stored form of `nanoseconds` to `out` (`maximumBytes` of room); returns its length.
  static func write(_ nanoseconds: Int64, to out: UnsafeMutablePointer<UInt8>) -> Int {
    var none = Int64.min
    return write(nanoseconds, to: out, writtenDay: &none)
  }

  /// `write` for row after row into the same place: a day that stands there stays.
  @inline(__always)
  static func write(
    _ nanoseconds: Int64, to out: UnsafeMutablePointer<UInt8>, writtenDay: inout Int64
  ) -> Int {
    let (seconds, fraction) = floorDivide(nanoseconds, by: perSecond)
    let (day, secondOfDay) = floorDivide(seconds, by: secondsPerDay)
    if day != writtenDay {
      writeDate(day: day, to: out)
      writtenDay = day
    }
    out[10] = UInt8(ascii: "T")
    let second = Int(truncatingIfNeeded: secondOfDay)
    writeTwo(second / 3600, to: out + 11)
    out[13] = UInt8(ascii: ":")
    writeTwo(second / 60 % 60, to: out + 14)
    out[16] = UInt8(ascii: ":")
    writeTwo(second % 60, to: out + 17)
    var length = 19
    if fraction != 0 {
      out[19] = UInt8(ascii: ".")
      let digits = fraction % perMicrosecond == 0 ? 6 : 9
      var rest = digits == 6 ? fraction / perMicrosecond : fraction
      for place in stride(from: 19 + digits, to: 19, by: -1) {
        out[place] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
        rest /= 10
      }
      length = 20 + digits
    }
    let suffix: StaticString = "+00:00"
    memcpy(out + length, suffix.utf8Start, 6)
    return length + 6
  }

  /// The instant that an ISO 8601 text with an offset names. Text without one names no instant: its writer knew the
  /// zone, and no other program does.
  package static func instant(_ text: UnsafeBufferPointer<UInt8>) throws(StoreError) -> Int64 {
    let shown = StoreError.quoted(text.text)
    switch TimestampParser.parse(text) {
    case .instant(let nanoseconds, _) where TimestampParser.hasOffset(text): return nanoseconds
    case .instant: throw .invalid("\(shown) has no offset from UTC; append one, 'Z' or '+02:00' say")
    case .beyondRange:
      throw .invalid("\(shown) is out of range; stored times reach from 1677-09-21 to 2262-04-11")
    case .malformed:
      throw .invalid("\(shown) is not an ISO 8601 time; write it as '2026-03-01T15:00:00+00:00'")
    }
  }

  /// The stored form as a `String`, for messages and statements off the fast path.
  static func text(_ nanoseconds: Int64) -> String {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: maximumBytes) { room in
      guard let base = room.baseAddress else { return "" }
      return Bytes(start: base, count: write(nanoseconds, to: base)).text
    }
  }

  private static func writeDate(day: Int64, to out: UnsafeMutablePointer<UInt8>) {
    let date = civil(day: day)
    writeTwo(date.year / 100, to: out)
    writeTwo(date.year % 100, to: out + 2)
    out[4] = UInt8(ascii: "-")
    writeTwo(date.month, to: out + 5)
    out[7] = UInt8(ascii: "-")
    writeTwo(date.day, to: out + 8)
  }

  @inline(__always)
  private static func writeTwo(_ value: Int, to out: UnsafeMutablePointer<UInt8>) {
    out[0] = UInt8(truncatingIfNeeded: value / 10) + 0x30
    out[1] = UInt8(truncatingIfNeeded: value % 10) + 0x30
  }

  // MARK: The clock

  /// Now, to the microsecond.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let nanoseconds = Int64(time.tv_sec) &* perSecond &+ Int64(time.tv_nsec)
    return nanoseconds - nanoseconds % perMicrosecond
  }

  // MARK: The calendar (proleptic Gregorian)

  /// Days since 1970-01-01 of a civil date. Years are counted from March, so that the leap day is the
  /// last day of its year.
  static func days(year: Int, month: Int, day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return Int64(era * 146_097 + dayOfEra - 719_468)
  }

  static func civil(day: Int64) -> (year: Int, month: Int, day: Int) {
    let shifted = Int(day) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  static func daysInMonth(_ month: Int, of year: Int) -> Int {
    switch month {
    case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: return 30
    default: return 31
    }
  }

  static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
