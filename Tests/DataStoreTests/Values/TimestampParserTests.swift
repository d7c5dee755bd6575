// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct TimestampParserTests {
  private func instant(_ text: String) -> Int64? {
    guard case .instant(let instant, _) = text.withBytes({ TimestampParser.parse($0) }) else { return nil }
    return instant
  }

  private func isMalformed(_ text: String) -> Bool {
    if case .malformed = text.withBytes({ TimestampParser.parse($0) }) { return true }
    return false
  }

  // MARK: Forms

  private static let day: Int64 = 1_772_323_200 * second

  @Test(
    arguments: [
      ("2026-03-01", day),
      ("20260301", day),
      ("2026-03-01T15", threeOClock),
      ("2026-03-01t15", threeOClock),
      ("2026-03-01 15", threeOClock),
      ("2026-03-01T15Z", threeOClock),
      ("2026-03-01T15:00", threeOClock),
      ("2026-03-01T15:04", threeOClock + 240 * second),
      ("2026-03-01T1504", threeOClock + 240 * second),
      ("2026-03-01T150405", threeOClock + 245 * second),
      ("20260301T150405Z", threeOClock + 245 * second),
      ("20260301 150405", threeOClock + 245 * second),
      ("2026-03-01T15:04:05", threeOClock + 245 * second),
      ("2026-03-01 15:04:05", threeOClock + 245 * second),
      ("2026-03-01T15:04:05Z", threeOClock + 245 * second),
      ("2026-03-01T15:04:05z", threeOClock + 245 * second),
      ("2026-03-01T15:04:05.5Z", threeOClock + 245 * second + 500_000_000),
      ("2026-03-01T15:04:05,5Z", threeOClock + 245 * second + 500_000_000),
      ("2026-03-01T15:04:05.000Z", threeOClock + 245 * second),
      ("2026-03-01T15:04:05.123+00:00", threeOClock + 245 * second + 123_000_000),
      ("2026-03-01T15:04:05.000000+00:00", threeOClock + 245 * second),
      ("2026-03-01T15:04:05.123456000+00:00", threeOClock + 245 * second + 123_456_000),
      ("2026-03-01T15:04:05.1234567899999+00:00", threeOClock + 245 * second + 123_456_789),
      ("2026-03-01T16:00:00+01:00", threeOClock),
      ("2026-03-01T16:00:00+01", threeOClock),
      ("2026-03-01T16:00:00+0100", threeOClock),
      ("2026-03-01T16:00:00+01:00:00", threeOClock),
      ("2026-03-01T20:30:00+05:30", threeOClock),
      ("2026-03-01T10:00:00-05:00", threeOClock),
      ("2026-03-01T10:00:00-05:00:30", threeOClock + 30 * second),
      ("2026-03-01T15:00:00-00:00", threeOClock),
      ("2026-03-02T00:30:00+09:30", threeOClock),
      ("2024-02-29", 1_709_164_800 * second),
      ("2000-02-29", 951_782_400 * second),
      ("1969-12-31T23:59:59.999999999Z", -1),
    ] as [(String, Int64)])
  func otherToolsFormsAreReadRight(text: String, expected: Int64) {
    #expect(instant(text) == expected)
    #expect(text.withBytes { TimestampParser.stored($0) } == nil, "this is not the stored form")
  }

  @Test(arguments: ["2026-03-01T15.5", "2026-03-01T15:04.5"])
  func aFractionOfAnHourOrMinuteIsNotTakenForOneOfASecond(text: String) {
    // ISO 8601: a decimal fraction belongs to the smallest unit that is written.
    let asSeconds = instant(text).map { $0 % second }
    #expect(asSeconds == nil || asSeconds == 0)
  }

  @Test func everyOffsetOfAQuarterHourUpToSixteenHoursIsTaken() {
    for quarters in 0...64 {
      for sign in ["+", "-"] {
        let shift = Int64(quarters) * 900 * second * (sign == "+" ? 1 : -1)
        let hours = two(quarters / 4)
        let minutes = two(quarters % 4 * 15)
        for offset in ["\(hours):\(minutes)", "\(hours)\(minutes)", "\(hours):\(minutes):00"] {
          #expect(instant("2026-03-01T15:00:00\(sign)\(offset)") == threeOClock - shift)
        }
      }
    }
  }

  private func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  @Test func aBareDateSaysSo() {
    for text in ["2026-03-01", "20260301"] {
      guard case .instant(_, .bareDate) = text.withBytes({ TimestampParser.parse($0) }) else {
        Issue.record("\(text) is a bare date")
        return
      }
    }
    guard case .instant(_, .other) = "2026-03-01T00".withBytes({ TimestampParser.parse($0) }) else {
      Issue.record("a date with a time is not a bare date")
      return
    }
  }

  // MARK: Limits

  @Test(
    arguments: [
      ("1677-09-21T00:12:43.145224193+00:00", Int64.min + 1),
      ("2262-04-11T23:47:16.854775807+00:00", Int64.max),
      ("1677-09-21T16:12:43.145224193+16:00", Int64.min + 1),
      ("2262-04-11T07:47:16.854775807-16:00", Int64.max),
    ] as [(String, Int64)])
  func theLastInstantsOfInt64AreTaken(text: String, expected: Int64) {
    #expect(instant(text) == expected)
  }

  @Test(
    arguments: [
      ("1677-09-21T00:12:43.145224192+00:00", false), ("1677-09-21T00:12:43.145224193+00:01", false),
      ("1677-09-20", false), ("0000-01-01", false), ("0001-01-01T00:00:00Z", false),
      ("2262-04-11T23:47:16.854775808+00:00", true), ("2262-04-11T23:47:17Z", true),
      ("2262-04-11T23:47:16.854775807-00:01", true), ("2262-04-12", true), ("9999-12-31T23:59:59Z", true),
    ] as [(String, Bool)])
  func whatInt64CannotHoldIsToldFromWhatIsNoTime(text: String, expectedLate: Bool) {
    guard case .beyondRange(let isLate) = text.withBytes({ TimestampParser.parse($0) }) else {
      Issue.record("\(text) is beyond the range")
      return
    }
    #expect(isLate == expectedLate)
  }

  // MARK: What is not a time

  @Test(
    arguments: [
      "", "2026", "2026-03", "2026-3-1", "2026-13-01", "2026-00-01", "2026-02-29", "2100-02-29", "1900-02-29",
      "2026-04-31", "2026-03-00", "2026-03-32", "2026-0301", "202603-01", "26-03-01", "2026/03/01",
      "2026-W09-7",
      "2026-060", "1772377200", "now", "NaT", "12026-03-01", "-026-03-01", "+2026-03-01", "2026-03-01X15:00",
      "\u{0662}\u{0660}\u{0662}\u{0666}-03-01", " 2026-03-01", "2026-03-01 ", "2026-03-01T",
      "2026-03-01T15:00:00Z ", "2026-03-01T15:00:00ZZ", "2026-03-01T15:00:00 Z", "2026-03-01T24:00:00",
      "2026-03-01T15:60", "2026-03-01T15:00:60", "2026-03-01T15:00:00.", "2026-03-01T15:00:00,Z",
      "2026-03-01T15:00:00.+00:00", "2026-03-01T1", "2026-03-01T15:", "2026-03-01T15:0", "2026-03-01T15:00:",
      "2026-03-01T15:00:0", "2026-03-01T15:0000", "2026-03-01T1500:00", "2026-03-01T15000",
      "2026-03-01T15:00:00+", "2026-03-01T15:00:00+1", "2026-03-01T15:00:00+1:00", "2026-03-01T15:00:00+01:",
      "2026-03-01T15:00:00+01:0", "2026-03-01T15:00:00+01:60", "2026-03-01T15:00:00+01:00:",
      "2026-03-01T15:00:00+01:00:60", "2026-03-01T15:00:00+01:00:00:00", "2026-03-01T15:00:00+-1:00",
      "2026-03-01T15:00:00+16:01", "2026-03-01T15:00:00-16:00:01", "2026-03-01T15:00:00+17",
      "2026-03-01T15:00:00+24:00", "2026-03-01T15:00:00+00:00\0", "2026-03-01T15:00:00Europe/Madrid",
      "2026-03-01+01:00", "2026-03-01Z",
    ] as [String])
  func whatIsNoTimeIsRefused(text: String) {
    #expect(isMalformed(text))
    #expect(text.withBytes { TimestampParser.stored($0) } == nil)
  }

  @Test(arguments: [
    ("2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01T23:59:59.999999999Z"),
    // The first day that int64 can hold begins before its first instant; the last ends after its last.
    ("1677-09-21", "1677-09-21T00:12:43.145224193Z", "1677-09-21T23:59:59.999999999Z"),
    ("2262-04-11", "2262-04-11T00:00:00Z", "2262-04-11T23:47:16.854775807Z"),
  ])
  func aDateAsABoundIsItsFirstNanosecondOrItsLast(date: String, first: String, last: String) throws {
    for (isEnd, expected) in [(false, first), (true, last)] {
      let bound = try withBytes(date) { try TimeRange.bound($0, isEnd: isEnd) }
      guard case .instant(let instant, _) = withBytes(expected, { TimestampParser.parse($0) }) else {
        Issue.record("\(expected) is an instant")
        return
      }
      #expect(bound == instant)
    }
  }

  @Test func noMutationOfAStoredFormIsReadAsAnotherInstantInTheStoredForm() {
    var random = Seeded()
    for _ in 0..<20_000 {
      var bytes = Array(Timestamp.text(random.instant()).utf8)
      bytes[Int.random(in: bytes.indices, using: &random)] = UInt8(truncatingIfNeeded: random.next())
      guard let read = withBytes(bytes, { TimestampParser.stored($0) }) else { continue }
      let printed = Array(Timestamp.text(read).utf8)
      #expect(printed == bytes, "\(random): one form for each instant")
      if printed != bytes { return }
    }
  }
}
