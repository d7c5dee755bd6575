// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// What there is of a series, and what is not. Counts and runs in other forms of time: `ForeignFormsTests`.
@Suite struct CoverageTests {
  private let minute = 60 * second

  @Test func aSeriesExistsAndIsCounted() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(try !store.market.exists("EURUSD", "1h"))
    try store.market.write(.hourly([1, 2, 3]))
    #expect(try store.market.exists("EURUSD", "1h"))
    #expect(try !store.market.exists("EURUSD", "1d"))
    #expect(try store.market.count("EURUSD", "1h") == 3)
    #expect(try store.market.count("EURUSD", "1h", threeOClock + 1...threeOClock + 2 * hour) == 2)
    #expect(try store.market.count("nobody", "1h") == 0)
    try refused(.invalid) { try store.market.exists("", "1h") }
    try refused(.invalid) { try store.market.count("EURUSD", "") }
  }

  @Test func runsAreOfExpectedInstantsWithoutABar() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2, 3, 4, 5]))
    try store.market.delete("EURUSD", "1h", threeOClock + hour...threeOClock + 2 * hour)
    let range = threeOClock - hour...threeOClock + 5 * hour
    #expect(
      try store.market.missing("EURUSD", "1h", range, every: hour) == [
        MissingRun(start: threeOClock - hour, end: threeOClock - hour, bars: 1),
        MissingRun(start: threeOClock + hour, end: threeOClock + 2 * hour, bars: 2),
        MissingRun(start: threeOClock + 5 * hour, end: threeOClock + 5 * hour, bars: 1),
      ])
    let listed = [threeOClock + 2 * hour, threeOClock + 9 * hour, threeOClock, threeOClock + 2 * hour]
    #expect(
      try store.market.missing("EURUSD", "1h", of: listed) == [
        MissingRun(start: threeOClock + 2 * hour, end: threeOClock + 9 * hour, bars: 2)
      ])
    #expect(
      try store.market.missing("EURUSD", "1h", range, of: listed) == [
        MissingRun(start: threeOClock + 2 * hour, end: threeOClock + 2 * hour, bars: 1)
      ])
    #expect(try store.market.missing("EURUSD", "1h", of: []).isEmpty)
    try refused(.invalid) { try store.market.missing("EURUSD", "1h", range, every: 0) }
    try refused(.invalid) { try store.market.missing("EURUSD", "1h", of: [Int64.min]) }
    try refused(.invalid) {
      try store.market.missing("EURUSD", "1h", Int64.min + 1...Int64.max - 1, every: 1)
    }
    store.close()
    try refused(.closed) { try store.market.missing("EURUSD", "1h", of: []) }
    try refused(.closed) { try store.market.featureKeys("EURUSD", "1h") }
  }

  @Test func keysAreThoseOfTheRange() throws {
    let scratch = try Scratch()
    let stores = try TwoWays(try scratch.place())
    try stores.plain.market.write(.hourly([1, 2, 3]))
    for (place, features) in [
      (0, #"{"b@1":{"value":1,"quality":"ready"},"a@1":{"value":null,"quality":"warmup"}}"#),
      (2, #"{"B@1":{"value":1,"quality":"ready"}}"#),
    ] {
      var bar = Bar(timestamp: threeOClock + Int64(place) * hour)
      bar.featuresJSON = features
      try stores.plain.market.write(bar, "EURUSD", "1h")
    }
    for store in [stores.fast, stores.plain] {
      #expect(try store.market.featureKeys("EURUSD", "1h") == ["B@1", "a@1", "b@1"])
      #expect(
        try store.market.featureKeys("EURUSD", "1h", threeOClock + 1...threeOClock + 2 * hour) == ["B@1"])
      #expect(try store.market.featureKeys("EURUSD", "1h", threeOClock + 1...threeOClock + hour) == [])
    }
    try scratch.otherTool("UPDATE market_data SET features = '[1]' WHERE close = 2")
    for store in [stores.fast, stores.plain] {
      let error = try refused(.corrupt) { try store.market.featureKeys("EURUSD", "1h") }
      #expect(error.message.contains("2026-03-01T16:00:00+00:00"))
    }
  }

  /// Bars that stand on many pages, many of them changed since the last checkpoint; bars of other series beside them.
  @Test func whatTheIndexTellsIsWhatAReadFinds() throws {
    var random = Seeded()
    let scratch = try Scratch()
    let stores = try TwoWays(try scratch.place())
    for round in 0..<6 {
      for symbol in ["EURUSC", "EURUSD", "EURUSE"] {
        var times = Set(
          (0..<700).map { _ in threeOClock + Int64.random(in: 0..<3_000, using: &random) * minute })
        if round % 2 == 1 { times = Set(times.map { $0 + random.pick([0, 0, 1, 250_000_000]) }) }
        var batch = BarBatch(symbol: symbol, timeframe: "1h", timestamps: times.sorted())
        batch.close = batch.timestamps.map { Double($0) }
        try stores.plain.market.write(batch)
      }
      if round == 2 { _ = try stores.plain.checkpoint() }
      for _ in 0..<20 {
        let start = threeOClock + Int64.random(in: -100..<3_000, using: &random) * minute
        let range = start...start + Int64.random(in: 0..<2_000, using: &random) * minute
        let there = try stores.plain.market.read(["EURUSD"], "1h", range, columns: []).timestamps
        let expected = stride(from: range.lowerBound, through: range.upperBound, by: Int(minute)).map { $0 }
        let stored = Set(there)
        for store in [stores.fast, stores.plain] {
          let count = try store.market.count("EURUSD", "1h", range)
          #expect(count == there.count, "\(random)")
          let runs = try store.market.missing("EURUSD", "1h", range, every: minute)
          #expect(runs == (try store.market.missing("EURUSD", "1h", range, of: expected)), "\(random)")
          #expect(
            runs.flatMap { Array(stride(from: $0.start, through: $0.end, by: Int(minute))) }
              == expected.filter { !stored.contains($0) }, "\(random)")
          #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.end + minute < $1.start }, "\(random)")
          #expect(runs.allSatisfy { $0.bars == ($0.end - $0.start) / minute + 1 }, "\(random)")
        }
      }
      #expect(
        try stores.fast.market.count("EURUSD", "1h") == stores.plain.market.read(["EURUSD"], "1h").count)
    }
  }

  @Test func aGridReachesFromEndToEndOfTime() throws {
    let last = Int64.max - 1
    let grid = try #require(ExpectedTimes(from: Int64.min + 1, to: last, step: Int64.max / 3))
    #expect(grid.count == 7)  // six steps are 2^64 - 4, one less than from end to end
    #expect(grid[0] == Int64.min + 1)
    #expect(grid[5] == (Int64.min + 1) &+ 5 &* (Int64.max / 3))
    for (instant, place) in [
      (Int64.min, 0), (Int64.min + 2, 1), (-1, 3), (0, 4), (grid[4], 4), (grid[5] + 1, 6),
    ] {
      #expect(grid.place(notBefore: instant, from: 0) == Int64(place), "\(instant)")
    }
    #expect(ExpectedTimes(from: 0, to: -1, step: 1)?.count == 0)
    #expect(ExpectedTimes(from: -1, to: last, step: 1) == nil)
  }
}
