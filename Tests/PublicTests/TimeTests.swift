// SPDX-License-Identifier: MIT
import DataStore
import DataStoreFoundation
import Foundation
import Testing

@Suite struct TimeTests {
  @Test func boundsAreTextsInstantsAndDates() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly((0..<12).map(Double.init)))  // from 15:00 to 02:00 of the next day
    func closes(_ range: ClosedRange<Int64>?) throws -> [Double] {
      try store.market.read(["EURUSD"], "1h", range).close
    }
    #expect(try closes(.times(from: "2026-03-02")) == [9, 10, 11])
    #expect(try closes(.times(to: "2026-03-01")) == [0, 1, 2, 3, 4, 5, 6, 7, 8])
    #expect(try closes(.times(from: "2026-03-01T16:00", to: "2026-03-01T18:00+01:00")) == [1, 2])
    #expect(try closes(.times(from: "2026-03-01", to: "2026-03-01")).count == 9)
    #expect(try closes(.times("2026-03-01"..<"2026-03-02")).count == 9)
    #expect(try closes(.times("2026-03-02"...)) == [9, 10, 11])
    #expect(try closes(.times(..."2026-03-01T15:00")) == [0])
    let four = Date(nanoseconds: threeOClock + hour)
    #expect(try closes(.times(from: four, to: four)) == [1])
    #expect(try closes(.times(four...four.addingTimeInterval(3600))) == [1, 2])
    #expect(try closes(.times(four..<four.addingTimeInterval(3600))) == [1])
    #expect(try closes(.times(from: Instant("2026-03-02T02:00:00Z"), to: Date.distantFuture)) == [11])
    #expect(try closes(.times(from: threeOClock + 11 * hour)) == [11])
    #expect(try closes(.times(from: Date.distantPast)).count == 12)
    #expect(try closes(.times(from: "0001-01-01", to: "9999-12-31")).count == 12)

    // The other calls take the same.
    #expect(try store.market.delete("EURUSD", "1h", .times(from: "2026-03-02")) == 3)
    let scan = try store.market.scan(["EURUSD"], "1h", .times(from: four, to: four))
    #expect(try scan.next()?.close == [1])
  }

  @Test func whatEndsBeforeItBeginsHoldsNothing() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2]))
    for range in [
      try ClosedRange.times(from: "2026-03-02", to: "2026-03-01"), try .times(threeOClock..<threeOClock),
      try .times(from: "9999-01-01", to: "0001-01-01"), try .times(from: Date.distantFuture, to: Date()),
    ] {
      #expect(try store.market.read(["EURUSD"], "1h", range).count == 0)
      #expect(try store.market.delete("EURUSD", "1h", range) == 0)
    }
    #expect(try store.market.read(["EURUSD"], "1h").count == 2)
  }

  @Test func whatIsNotATimeIsRefused() throws {
    let nan = Date(timeIntervalSinceReferenceDate: .nan)
    #expect(try refused(.invalid) { try ClosedRange.times(from: "soon") }.key == "start")
    #expect(try refused(.invalid) { try ClosedRange.times(to: "2026-02-30") }.key == "end")
    try refused(.invalid) { try ClosedRange.times(from: nan) }
    try refused(.invalid) { try Instant(nan) }
    try refused(.invalid) { try Instant(Date(timeIntervalSinceReferenceDate: .infinity)) }
    try refused(.invalid) { try Instant(Date.distantPast) }
    try refused(.invalid) { try Instant(Date(timeIntervalSince1970: 1e300)) }
    try refused(.invalid) { try Instant("2026-03-01T15:00") }
    try refused(.invalid) { try Instant("2300-01-01T00:00Z") }
    let row = try refused(.invalid) { try BarBatch(symbol: "A", timeframe: "1h", dates: [Date(), nan]) }
    #expect(row.row == 1)
  }

  @Test func anInstantIsItsText() throws {
    #expect(try Instant("2026-03-01T16:00:00+01:00").nanoseconds == threeOClock)
    #expect(try Instant("2026-03-01T15:00:00.000000001Z").nanoseconds == threeOClock + 1)
    #expect(Instant(nanoseconds: threeOClock + 1).description == "2026-03-01T15:00:00.000000001+00:00")
    #expect(try Instant("2026-03-01T15:00Z") < Instant("2026-03-01T15:01Z"))
    #expect(Instant.now() > Instant(nanoseconds: threeOClock - 400 * 24 * hour))
    #expect(Instant(nanoseconds: .min).description == "no time")
  }

  @Test func aDateIsTheNearestMicrosecond() throws {
    #expect(try Instant(Date(timeIntervalSince1970: 0)).nanoseconds == 0)
    #expect(try Instant(Date(timeIntervalSince1970: -0.5)).nanoseconds == -500_000_000)
    #expect(
      try Instant(Date(timeIntervalSince1970: 1_772_377_200.123)).nanoseconds == threeOClock + 123_000_000)
    // Halfway between two is the later one.
    let half = 0.000_000_5
    #expect(try Instant(Date(timeIntervalSinceReferenceDate: half)).nanoseconds == 978_307_200_000_001_000)
    #expect(
      try Instant(Date(timeIntervalSinceReferenceDate: half.nextDown)).nanoseconds == 978_307_200_000_000_000)
    // The ends of what the store keeps.
    for nanoseconds: Int64 in [.min + 1_000, .max - 2_000_000] {
      #expect(abs(Date(nanoseconds: nanoseconds).timeIntervalSince1970 - Double(nanoseconds) / 1e9) < 2e-6)
    }
    // Whole microseconds come back as they were, from 1729 to 2262.
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let microseconds = Int64.random(in: -7_600_000_000_000_000...9_223_000_000_000_000, using: &generator)
      let instant = Instant(nanoseconds: microseconds * 1_000)
      #expect(try Instant(Date(instant)) == instant)
    }
  }

  @Test func barsAndRequestsAndStateHaveDates() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let start = Date(timeIntervalSince1970: 1_772_377_200)
    let dates = [start, start.addingTimeInterval(0.5)]
    var batch = try BarBatch(symbol: "EURUSD", timeframe: "1h", dates: dates)
    batch.close = [1, 2]
    try store.market.write(batch)
    var live = try Bar(date: start.addingTimeInterval(3600))
    live.close = 3
    try store.market.write(live, "EURUSD", "1h")
    #expect(try store.market.read(["EURUSD"], "1h").dates == dates + [live.date])
    #expect(try store.market.latestBar("EURUSD", "1h")?.date == start.addingTimeInterval(3600))
    let series = try store.market.series()[0]
    #expect(series.firstDate == start && series.lastDate == live.date)
    var several = try BarBatch(symbols: ["A", "B"], timeframe: "1h", dates: dates)
    several.close = [1, 2]
    #expect(try store.market.write(several) == 2)

    let request = try MarketRequest(
      symbol: "EURUSD", timeframe: "1h", start: start, end: live.date, providerUsed: "tests")
    let recorded = try store.market.record(request)
    let found = try store.market.requests(.times(from: Date(nanoseconds: recorded)))
    #expect(found.map(\.end) == [threeOClock + hour])
    try store.state.set("k", 1)
    let updated = try #require(try store.state.updateDate("k"))
    #expect(abs(updated.timeIntervalSinceNow) < 3600)
    #expect(try store.state.updateDate("absent") == nil)
  }
}

@Suite struct CoverageRangeTests {
  @Test func theCallsThatCountTakeTextsToo() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = BarBatch.hourly([1, 2, 3])
    batch.features = [BarBatch.FeatureColumn("x@1", [1, 2, 3])]
    try store.market.write(batch)
    #expect(try store.market.count("EURUSD", "1h", .times(from: "2026-03-01T16:00")) == 2)
    #expect(try store.market.count("EURUSD", "1h", .times(from: "2026-03-02", to: "2026-03-01")) == 0)
    #expect(try store.market.featureKeys("EURUSD", "1h", .times(to: "2026-02-28")).isEmpty)
    let missing = try store.market.missing(
      "EURUSD", "1h", .times(from: "2026-03-01T14:00", to: "2026-03-01T17:00"), every: hour)
    #expect(missing.map(\.bars) == [1])
    // A grid needs an end.
    try refused(.invalid) {
      try store.market.missing("EURUSD", "1h", .times(from: "2026-03-01"), every: hour)
    }
  }
}
