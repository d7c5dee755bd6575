// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Bars on a server beside the same bars in a file: after any calls both hold the same, and say the same.
@Suite(.enabled(if: Server.isThere, "DATA_STORE_POSTGRESQL names no server"))
struct PostgreSQLBarsTests {
  let scratch: Scratch
  let server: Server
  let two: TwoEngines

  init() throws {
    scratch = try Scratch()
    server = try Server()
    two = TwoEngines(file: try scratch.file(), server: try server.store())
  }

  @Test func anyCallsLeaveTheSame() throws {
    var random = Seeded()
    let calls = RandomCalls(times: (0..<12).map { _ in random.instant() })
    for _ in 0..<(Proof.isFull ? 2_000 : 60) {
      let call = calls.next(&random)
      try two.agree("\(random): \(call)") { store throws(StoreError) in try call.make(on: store) }
      for symbol in calls.symbols {
        try two.agree("\(random): after \(call)") { store throws(StoreError) in try store.rows(symbol) }
      }
      try readsAgree(calls, &random)
    }
  }

  /// Reads of every kind, over a random range.
  private func readsAgree(_ calls: RandomCalls, _ random: inout Seeded) throws {
    let range = calls.range(&random)
    let symbols = calls.symbols.shuffled(using: &random)
    let limit = random.oneIn(2) ? Int.random(in: 0...5, using: &random) : nil
    let comment = "\(random): \(range), limit \(limit ?? -1)"
    try two.agree(comment) { store throws(StoreError) in
      ReadRows(try store.market.read(symbols, "1h", range, ReadShape(features: .json, limit: limit)))
    }
    try two.agree(comment) { store throws(StoreError) in
      FeatureRows(try store.market.read(symbols, "1h", range, ReadShape(features: .columns, limit: limit)))
    }
    let (count, symbol) = (Int.random(in: 0...4, using: &random), random.pick(symbols))
    try two.agree(comment) { store throws(StoreError) in
      ReadRows(try store.market.latest(symbols, "1h", count, ReadShape(features: .json)))
    }
    try two.agree(comment) { store throws(StoreError) in
      try store.market.latestBar(symbol, "1h").map { BarValues($0) }
    }
    try two.agree(comment) { store throws(StoreError) in try store.market.count(symbol, "1h", range) }
    try two.agree(comment) { store throws(StoreError) in try store.market.exists(symbol, "1h") }
    try two.agree(comment) { store throws(StoreError) in
      try store.market.featureKeys(symbol, "1h", range)
    }
    try two.agree(comment) { store throws(StoreError) in try Self.scan(store, symbol, range) }
    try two.agree(comment) { store throws(StoreError) in try Self.times(store, symbol, range) }
  }

  private static func scan(
    _ store: Store, _ symbol: String, _ range: TimeRange
  ) throws(StoreError) -> [ReadRows] {
    let scan = try store.market.scan([symbol], "1h", range, ReadShape(features: .json), chunk: 2)
    var chunks: [ReadRows] = []
    while let bars = try scan.next() { chunks.append(ReadRows(bars)) }
    return chunks
  }

  private static func times(
    _ store: Store, _ symbol: String, _ range: TimeRange
  ) throws(StoreError) -> [Int64] {
    let taker = Times()
    try store.engine.barTimes(try SeriesKey(symbol, "1h"), range, taker)
    return taker.times
  }

  // MARK: What a random walk may not meet

  /// Long enough to go straight into the table where they are new.
  @Test(arguments: [false, true], [false, true]) func newBarsInAnyOrder(replace: Bool, withFeatures: Bool)
    throws
  {
    var random = Seeded()
    for round in 0..<4 {
      let times = (0..<150).map { _ in random.instant() }
      let chosen = (0..<300).map { _ in random.pick(times) }
      var batch = BarBatch(
        symbols: chosen.map { _ in random.pick(["A", "B"]) }, timeframe: "1h", timestamps: chosen)
      batch.close = chosen.indices.map { Double($0) }
      if withFeatures {
        batch.featuresJSON = chosen.indices.map { row in
          guard !random.oneIn(3) else { return nil }
          return "{\"\(random.pick(["a", "b"]))@1\":{\"value\":\(row),\"quality\":\"ready\"}}"
        }
      }
      try two.agree("\(random), round \(round)") { store throws(StoreError) in
        try store.market.write(batch, replace: replace)
      }
      for symbol in ["A", "B"] {
        try two.agree("\(random), round \(round)") { store throws(StoreError) in try store.rows(symbol) }
      }
    }
  }

  @Test func largeBatchesMergeInParts() throws {
    var random = Seeded()
    for round in 0..<3 {
      // Longer than what is merged at once, half of it stored already, and not in order.
      var batch = BarBatch.hourly((0..<17_000).map { Double($0 + round) })
      batch.timestamps = batch.timestamps.map { $0 + Int64(round) * 8_000 * hour }
      if round == 2 { batch.timestamps.shuffle(using: &random) }
      batch.features = [.init("round\(round % 2)@1", batch.timestamps.map { Double($0) })]
      try two.agree("\(random)") { store throws(StoreError) in try store.market.write(batch) }
    }
    try two.agree { store throws(StoreError) in try store.rows("EURUSD") }
  }

  @Test func signsOfZerosAreKept() throws {
    for close in [0.0, -0.0, 0.0] {
      try two.server.market.write(BarBatch.hourly([close]))
      #expect(try two.server.closes().map(\.bitPattern) == [close.bitPattern])
      var bar = Bar(timestamp: threeOClock)
      bar.close = -close
      try two.server.market.write(bar, "EURUSD", "1h")
      #expect(try two.server.closes().map(\.bitPattern) == [(-close).bitPattern])
    }
  }

  @Test func aCallWithinATransactionIsUndoneAlone() throws {
    for store in [two.file, two.server] {
      try store.transaction {
        try store.market.write(BarBatch.hourly([1, 2]))
        try store.market.write(BarBatch.hourly([3]))
        var wrong = BarBatch.hourly([4])
        wrong.featuresJSON = ["{\"no version\":{\"value\":1,\"quality\":\"ready\"}}"]
        try refused(.invalidFeature) { try store.market.write(wrong) }
        #expect(try store.closes() == [3, 2])
      }
    }
  }

  @Test func longNamesAreRefused() throws {
    let long = String(repeating: "n", count: 2_600)
    let error = try refused(.invalid) { try two.server.market.write(BarBatch.hourly([1], symbol: long)) }
    #expect(error.key == "symbol")
    var bar = Bar(timestamp: threeOClock)
    bar.close = 1
    try refused(.invalid) { try two.server.market.write(bar, long, "1h") }
    #expect(try two.server.market.count(String(long.dropLast(2)), "1h") == 0)
    try two.server.market.write(BarBatch.hourly([1], symbol: String(long.dropLast(2))))
    #expect(try two.server.market.count(String(long.dropLast(2)), "1h") == 1)
  }

  @Test func damageOfOtherToolsIsNamed() throws {
    let store = two.server
    try store.market.write(BarBatch.hourly([1, 2]))
    try server.run("UPDATE market_data SET features = '[1]', is_gap = NULL WHERE close = 2")
    // What needs no features does not mind.
    #expect(try store.market.read(["EURUSD"], "1h").isGap == [false, false])
    for call in [
      { _ = try store.market.read(["EURUSD"], "1h", features: .all) },
      { _ = try store.market.latestBar("EURUSD", "1h") },
      { _ = try store.market.featureKeys("EURUSD", "1h") },
      {
        var batch = BarBatch(symbol: "EURUSD", timeframe: "1h", timestamps: [threeOClock + hour])
        batch.features = [.init("a@1", [1])]
        try store.market.writeFeatures(batch)
      },
    ] as [() throws -> Void] {
      let error = try refused(.corrupt) { try call() }
      #expect(error.message.contains("EURUSD 1h 2026-03-01T16:00:00+00:00"), "\(error.message)")
    }
    try server.run("UPDATE market_data SET features = NULL, \"timestamp\" = 'infinity' WHERE close = 2")
    for call in [
      { _ = try store.market.read(["EURUSD"], "1h") },
      { _ = try store.market.latestBar("EURUSD", "1h") },
      { _ = try store.market.count("EURUSD", "1h") },
    ] as [() throws -> Void] {
      let error = try refused(.corrupt) { try call() }
      #expect(error.message.contains("EURUSD 1h"), "\(error.message)")
    }
    // A range that does not reach it is read.
    #expect(try store.market.count("EURUSD", "1h", threeOClock...threeOClock) == 1)
  }

  @Test func rowsThatWouldNotChangeAreLeftAlone() throws {
    var batch = BarBatch.hourly([1, 2, 3])
    batch.features = [.init("a@1", [1, 2, 3])]
    try two.server.market.write(batch)
    let versions = "SELECT string_agg(xmin::text, ' ' ORDER BY \"timestamp\") FROM market_data"
    let before = try server.text(versions)
    try two.server.market.write(batch)
    try two.server.market.write(BarBatch.hourly([1, 2, 3]))
    #expect(try server.text(versions) == before)
    try two.server.market.write(BarBatch.hourly([1, 5, 3]))
    #expect(try server.text(versions) != before)
  }

  @Test func callsTellHowFarTheyAre() throws {
    var batch = BarBatch.hourly((0..<3_000).map { Double($0) })
    let store = two.server
    func told(_ call: () throws(StoreError) -> Void) throws -> [CallProgress] {
      let reports = Kept<[CallProgress]>([])
      let reporter = ProgressReporter(every: 0) { progress in
        reports.update { $0.append(progress) }
        return true
      }
      try ProgressReporter.during(reporter, call)
      return reports.value
    }
    let write = { () throws(StoreError) in _ = try store.market.write(batch) }
    let read = { () throws(StoreError) in _ = try store.market.read(["EURUSD"], "1h") }
    // New bars, the same once more, and with features that are merged.
    for round in 0..<3 {
      if round == 2 { batch.features = [.init("a@1", batch.timestamps.map { Double($0) })] }
      for reports in [try told(write), try told(read)] {
        #expect(reports.last?.done == 3_000 && reports.last?.total == 3_000)
        #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.done <= $1.done })
      }
    }
    // What says no stops the call, and nothing of it is stored.
    batch.close = batch.timestamps.map { _ in -1 }
    try refused(.interrupted) {
      try ProgressReporter.during(ProgressReporter(every: 0) { $0.done < 3_000 }, write)
    }
    #expect(try store.closes().min() == 0)
  }
}
