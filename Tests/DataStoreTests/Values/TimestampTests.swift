// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00+00:00"),
      (threeOClock, "2026-03-01T15:00:00+00:00"),
      (threeOClock + 500_000_000, "2026-03-01T15:00:00.500000+00:00"),
      (threeOClock + 1_000, "2026-03-01T15:00:00.000001+00:00"),
      (threeOClock + 1, "2026-03-01T15:00:00.000000001+00:00"),
      (threeOClock + 123_456_789, "2026-03-01T15:00:00.123456789+00:00"),
      (-1, "1969-12-31T23:59:59.999999999+00:00"),
      (-1_000, "1969-12-31T23:59:59.999999+00:00"),
      (-second, "1969-12-31T23:59:59+00:00"),
      (1_709_164_800 * second, "2024-02-29T00:00:00+00:00"),
      (951_868_799 * second, "2000-02-29T23:59:59+00:00"),
      (-2_203_891_200 * second, "1900-03-01T00:00:00+00:00"),
      (-2_203_891_201 * second, "1900-02-28T23:59:59+00:00"),
      (-8_520_336_000 * second, "1700-01-01T00:00:00+00:00"),
      (Int64.max, "2262-04-11T23:47:16.854775807+00:00"),
      (Int64.min + 1, "1677-09-21T00:12:43.145224193+00:00"),
    ] as [(Int64, String)])
  func storedFormIsWhatPandasPrints(nanoseconds: Int64, text: String) {
    #expect(Timestamp.text(nanoseconds) == text)
    #expect(text.withBytes { TimestampParser.stored($0) } == nanoseconds)
  }

  @Test(arguments: [
    "2026-03-01T15:00:00+00:00", "2026-03-01T15:00Z", "2026-03-01 17:00+02", "20260301T150000z",
    "20260301T1330-0130",
  ])
  func aTextWithAnOffsetNamesAnInstant(text: String) throws {
    #expect(try instant(text) == threeOClock)
  }

  @Test(arguments: [
    ("2026-03-01T15:00:00", "no offset"), ("20260301T150000", "no offset"), ("2026-03-01", "no offset"),
    ("20260301", "no offset"), ("", "not an ISO 8601"), ("now", "not an ISO 8601"),
    ("2026-03-01Z", "not an ISO 8601"),
    ("1500-01-01T00:00:00Z", "out of range"), ("9999-01-01T00:00:00Z", "out of range"),
  ])
  func aTextThatNamesNoInstantIsRefusedWithTheRemedy(text: String, words: String) throws {
    let error = try refused(.invalid) { try instant(text) }
    #expect(error.message.contains(words))
  }

  private func instant(_ text: String) throws -> Int64 {
    var text = text
    return try text.withUTF8 { try Timestamp.instant($0) }
  }

  @Test func storedFormReadsBackToTheSameInstant() {
    var random = Seeded()
    for _ in 0..<20_000 {
      let instant = random.instant()
      let text = Timestamp.text(instant)
      guard text.withBytes({ TimestampParser.stored($0) }) == instant else {
        Issue.record("\(random): \(instant) was printed as \(text)")
        return
      }
      #expect([25, 32, 35].contains(text.utf8.count))
    }
  }

  @Test func orderOfTextsIsTheOrderOfTime() {
    var random = Seeded()
    for _ in 0..<20_000 {
      let first = random.instant()
      // Neighbours are where a wrong order would show.
      let second = random.oneIn(2) ? random.instant() : first &+ random.pick([1, 999, 1_000, 999_999_999])
      guard second > Int64.min + 1 else { continue }
      let texts = (Timestamp.text(first), Timestamp.text(second))
      guard (texts.0.utf8.lexicographicallyPrecedes(texts.1.utf8)) == (first < second) else {
        Issue.record("\(random): \(texts)")
        return
      }
    }
  }

  @Test func everyDayOfTheRangeFollowsTheOneBefore() {
    var (year, month, day) = (1677, 1, 1)
    let first = Timestamp.days(year: year, month: month, day: day)
    for number in 0..<214_000 as Range<Int64> {
      let date = Timestamp.civil(day: first + number)
      guard date == (year, month, day),
        Timestamp.days(year: year, month: month, day: day) == first + number
      else {
        Issue.record("day \(first + number) is \(date), expected \((year, month, day))")
        return
      }
      day += 1
      if day > lastDay(month, year) { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    #expect(year == 2262)
  }

  private func lastDay(_ month: Int, _ year: Int) -> Int {
    if month == 2 { return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28 }
    return [1, 3, 5, 7, 8, 10, 12].contains(month) ? 31 : 30
  }

  @Test func divisionRoundsDownBeforeTheEpochToo() {
    #expect(Timestamp.floorDivide(-1, by: 10) == (-1, 9))
    #expect(Timestamp.floorDivide(-10, by: 10) == (-1, 0))
    #expect(Timestamp.floorDivide(-11, by: 10) == (-2, 9))
    #expect(Timestamp.floorDivide(11, by: 10) == (1, 1))
  }

  @Test func clockHasMicrosecondsAndIsNoEarlierThanThisTest() {
    #expect(Timestamp.now() % 1_000 == 0)
    #expect(Timestamp.now() > 1_795_000_000 * second)
  }
}
