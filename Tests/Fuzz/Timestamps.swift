// SPDX-License-Identifier: MIT
import Glibc

@testable import DataStore

/// Timestamps: an instant that was read prints to the stored form, which reads back; the order of such texts is the
/// order of time; and the C library's calendar agrees.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTimestamps(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  let input = bytes(data, size)
  var instants: [Int64] = []
  for text in texts(input, most: 2) {
    if let instant = check(text) { instants.append(instant) }
    checkBound(text)
  }
  // The same bytes as bare numbers, of which most texts never get near the ends.
  for place in stride(from: 0, to: size - 7, by: 8) {
    let instant = UnsafeRawBufferPointer(input).loadUnaligned(fromByteOffset: place, as: Int64.self)
    if instant != Timestamp.none { instants.append(instant) }
  }
  var before: (instant: Int64, text: [UInt8])?
  for instant in instants {
    let text = checkPrinting(instant)
    if let before {
      hold(
        (before.instant < instant) == before.text.lexicographicallyPrecedes(text),
        "\(before.instant) and \(instant) are in another order than their texts")
    }
    before = (instant, text)
  }
  return 0
}

/// The instant of a text; nil if it is none.
private func check(_ text: Bytes) -> Int64? {
  guard case .instant(let instant, let form) = TimestampParser.parse(text) else {
    hold(TimestampParser.stored(text) == nil, "stored and refused: \(shown(text))")
    return nil
  }
  let printed = Array(Timestamp.text(instant).utf8)
  hold((form == .stored) == printed.elementsEqual(text), "the form of \(shown(text)) is said to be \(form)")
  if form == .bareDate { hold(instant % 86_400_000_000_000 == 0, "a date is a midnight: \(shown(text))") }
  return instant
}

/// The text as a bound of a range: a date covers its whole day, anything else one instant.
private func checkBound(_ text: Bytes) {
  guard let start = try? TimeRange.bound(text, isEnd: false),
    let end = try? TimeRange.bound(text, isEnd: true)
  else { return }
  hold(start <= end, "\(shown(text)) ends before it starts")
  for time in ["T00:00:00", "T12:34:56", "T23:59:59.999999999"] {
    withBytes(Array(text) + Array(time.utf8)) { moment in
      guard case .instant(let instant, _) = TimestampParser.parse(moment) else { return }
      hold(start <= instant && instant <= end, "\(shown(text)) does not cover \(shown(moment))")
    }
  }
}

private func checkPrinting(_ instant: Int64) -> [UInt8] {
  let printed = Array(Timestamp.text(instant).utf8)
  withBytes(printed) { text in
    hold(TimestampParser.stored(text) == instant, "\(instant) prints as \(shown(text))")
  }
  var (seconds, nanoseconds) = (Int(instant / 1_000_000_000), Int(instant % 1_000_000_000))
  if nanoseconds < 0 { (seconds, nanoseconds) = (seconds - 1, nanoseconds + 1_000_000_000) }
  var calendar = tm()
  gmtime_r(&seconds, &calendar)
  let fields = [
    Int32(0), calendar.tm_year + 1900, calendar.tm_mon + 1, calendar.tm_mday, calendar.tm_hour,
    calendar.tm_min,
    calendar.tm_sec,
  ]
  for (place, width, field) in [(0, 4, 1), (5, 2, 2), (8, 2, 3), (11, 2, 4), (14, 2, 5), (17, 2, 6)] {
    let number = printed[place..<(place + width)].reduce(Int32(0)) { $0 * 10 + Int32($1 - 0x30) }
    hold(number == fields[field], "\(instant) prints as \(String(decoding: printed, as: UTF8.self))")
  }
  return printed
}
