// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct StoreCopyTests {
  private static let tables = [
    "market_data ORDER BY symbol, timeframe, timestamp",
    "market_requests ORDER BY symbol, timeframe, requested_at", "system_state ORDER BY key",
  ]

  /// All rows of a store, as its backup in a file has them, to the digit.
  private func rows(_ scratch: Scratch, _ name: String) throws -> [[[String?]]] {
    let file = "rows of \(name)"
    try scratch.store(name).backup(to: scratch.path(file), overwrite: true)
    let raw = try scratch.raw(file)
    return try Self.tables.map { try raw.rows("SELECT * FROM \($0)") }
  }

  /// Fills a store with random bars of some series, requests and state.
  private func fill(_ store: Store, _ dice: inout Seeded) throws {
    let numbers: [Double] = [.nan, 0, 0.1, 5e-324, 1e300, .infinity, -.infinity, 1.0 / 3]
    let texts: [String?] = [nil, "", "a", "ñ📈", "e\u{301}", "line\nend"]
    let features: [String?] = [
      nil, #"{"a@1":{"value":1.50,"quality":"ready"}}"#,
      #"{"é@1":{"value":null,"quality":"warmup"},"b@2":{"value":1E-05,"quality":"degraded"}}"#,
    ]
    for symbol in ["A", "A B", "é", "e\u{301}"] {
      let times = Set((0..<Int.random(in: 1...60, using: &dice)).map { _ in dice.instant() }).sorted()
      var batch = BarBatch(symbol: symbol, timeframe: "1h", timestamps: times)
      batch.open = times.map { _ in dice.pick(numbers) }
      batch.close = times.map { _ in dice.pick(numbers) }
      batch.latencySec = times.map { _ in dice.pick(numbers) }
      batch.source = times.map { _ in dice.pick(texts) }
      batch.isGap = times.map { _ in dice.oneIn(3) }
      batch.featuresJSON = times.map { _ in dice.pick(features) }
      try store.market.write(batch)
    }
    for number in 0..<5 {
      var request = MarketRequest(
        symbol: dice.pick(["A", "é"]), timeframe: "1h", requestedAt: Int64(number), start: dice.instant(),
        end: dice.instant(), providerUsed: "p")
      request.notes = dice.pick(texts)
      request.gapCount = dice.oneIn(2) ? nil : Int64.max
      request.coverageRatio = dice.oneIn(2) ? nil : 0.1
      try store.market.record(request)
    }
    let values = ["1.5", "7", #"[1.10,1e400, null]"#, #""text""#, "null", "9007199254740993"]
    for (number, value) in values.enumerated() { try store.state.set("k\(number)", json: value) }
  }

  @Test(arguments: [1, 2, 7, 10_000]) func copiesEveryRowToTheDigit(_ chunk: Int) throws {
    var dice = Seeded()
    let scratch = try Scratch()
    let store = try scratch.store("one.db")
    let copy = try scratch.store("other.db")
    try fill(store, &dice)
    let done = try store.copy(to: copy, chunk: chunk)
    #expect(done.barsWritten == done.bars, "\(dice)")
    #expect(try rows(scratch, "other.db") == rows(scratch, "one.db"), "\(dice)")
    #expect(try store.differences(from: copy, chunk: chunk).isEmpty, "\(dice)")
    let again = try store.copy(to: copy, chunk: chunk)
    #expect(again.bars == done.bars)
    #expect(again.barsWritten + again.requestsWritten + again.stateValuesWritten == 0, "\(dice)")
  }

  @Test(arguments: [1, 3, 10_000]) func goesOnInAPartOfACopyAndKeepsWhatIsBeside(_ chunk: Int) throws {
    var dice = Seeded()
    let scratch = try Scratch()
    let store = try scratch.store("one.db")
    let copy = try scratch.store("other.db")
    try fill(store, &dice)
    try store.copy(to: copy)
    // As if a copy had ended early, and somebody had changed some rows.
    // What is in the rows is random.
    for sql in [
      "DELETE FROM market_data WHERE open = 0.1 OR source = ''",
      "UPDATE market_data SET close = 77.25, features = NULL WHERE latency_sec > 0.2",
      "DELETE FROM system_state WHERE key IN ('k1', 'k2', 'k5')",
      "DELETE FROM market_requests WHERE notes IS NULL OR coverage_ratio IS NULL",
    ] {
      try scratch.otherTool(sql, "other.db")
    }
    try copy.market.write(.hourly([1, 2, 3], symbol: "beside"))
    try copy.market.write(.hourly([1, 2, 3], symbol: "A"))
    try store.copy(to: copy, chunk: chunk)
    let left = try store.differences(from: copy, limit: .max, chunk: chunk)
    #expect(left.allSatisfy { $0.kind == .onlyThere }, "\(dice)")
    #expect(left.count == 6, "\(dice)")
    for symbol in ["beside", "A"] {
      try copy.market.delete(symbol, "1h", threeOClock...threeOClock + 2 * hour)
    }
    #expect(try rows(scratch, "other.db") == rows(scratch, "one.db"), "\(dice)")
  }

  @Test func isStoppedByTheCallbackOfTheThreadAndGoesOn() throws {
    let scratch = try Scratch()
    let store = try scratch.store("one.db")
    let copy = try scratch.store("other.db")
    try store.market.write(.hourly((0..<20_000).map(Double.init)))
    let worker = Worker {
      // Asked as soon as a call has lasted for a moment, which each of its parts, of one row, does not.
      try Store.stopCallsOfThisThread(when: { true })
      try refused(.interrupted) { try store.copy(to: copy, chunk: 1) }
    }
    try worker.join()
    let there = try copy.market.count("EURUSD", "1h")
    #expect(there < 20_000)
    #expect(try store.copy(to: copy).barsWritten == 20_000 - there)
    #expect(try store.closes() == copy.closes())
  }

  @Test(arguments: [true, false]) func isStoppedByAnInterruptOfEitherStore(_ isSource: Bool) throws {
    let scratch = try Scratch()
    let store = try scratch.store("one.db")
    let copy = try scratch.store("other.db")
    try store.market.write(.hourly((0..<20_000).map(Double.init)))
    let isDone = Kept(false)
    let worker = Worker {
      defer { isDone.value = true }
      try refused(.interrupted) { while true { try store.copy(to: copy, chunk: 10) } }
    }
    // Once: it must not be lost between two of the calls that a copy consists of.
    while try copy.market.count("EURUSD", "1h") == 0, !isDone.value {}
    try (isSource ? store : copy).interrupt()
    try worker.join()
    try store.copy(to: copy)
    #expect(try store.closes() == copy.closes())
  }

  @Test func keepsWhenAStateValueWasSet() throws {
    let scratch = try Scratch()
    let store = try scratch.store("one.db")
    let copy = try scratch.store("other.db")
    try store.state.set("k", json: "[1.10]")
    try store.copy(to: copy)
    #expect(try copy.state.updatedAt("k") == store.state.updatedAt("k"))
    try copy.state.set("k", json: "[1.10]")
    let found = try store.differences(from: copy)
    #expect(found.map(\.column) == ["updated_at"])
    #expect(try store.copy(to: copy).stateValuesWritten == 1)
    #expect(try store.differences(from: copy).isEmpty)
  }

  @Test func refusesItselfAndBadNumbers() throws {
    let scratch = try Scratch()
    let store = try scratch.store("one.db")
    let again = try scratch.store("one.db")
    let other = try scratch.store("other.db")
    try refused(.invalid) { try store.copy(to: store) }
    try refused(.invalid) { try store.copy(to: again) }
    try refused(.invalid) { try store.copy(to: other, chunk: 0) }
    try refused(.invalid) { try store.differences(from: other, limit: 0) }
    try refused(.invalid) { try store.hash("", "1h") }
    other.close()
    try refused(.closed) { try store.copy(to: other) }
    try refused(.closed) { try store.differences(from: other) }
  }

  @Test func hashesWhatIsStoredAndNothingElse() throws {
    let scratch = try Scratch()
    let store = try scratch.store("one.db")
    let other = try scratch.store("other.db")
    try store.market.write(.hourly([0, 1, 2]))
    try other.market.write(.hourly([2], symbol: "beside"))
    // -0.0 is 0.0; the same bars, written one by one and backwards.
    for place in [2, 1, 0] {
      var bar = Bar(timestamp: threeOClock + Int64(place) * hour)
      bar.close = place == 0 ? -0.0 : Double(place)
      try other.market.write(bar, "EURUSD", "1h")
    }
    #expect(try store.hash("EURUSD", "1h") == other.hash("EURUSD", "1h"))
    #expect(try store.hash("EURUSD", "1h").bars == 3)
    let part = threeOClock + 1...threeOClock + 2 * hour
    #expect(try store.hash("EURUSD", "1h", part).bars == 2)
    #expect(try store.hash("EURUSD", "1h", part) != store.hash("EURUSD", "1h"))
    #expect(try store.hash("absent", "1h").text == "ef46db3751d8e999")
  }

  @Test func namesTheFirstDifferenceInASentence() throws {
    let scratch = try Scratch()
    let store = try scratch.store("one.db")
    let other = try scratch.store("other.db")
    try store.market.write(.hourly([0, 1.5, 2]))
    try other.market.write(.hourly([0, 1.25]))
    let found = try store.differences(from: other)
    #expect(
      found.map(\.description) == [
        "EURUSD 1h 2026-03-01T16:00:00+00:00: close is 1.5 here and 1.25 there",
        "EURUSD 1h 2026-03-01T17:00:00+00:00: it is here and not there",
      ])
    #expect(try store.differences(from: other, limit: 1).count == 1)
    #expect(try other.differences(from: store).map(\.kind) == [.value, .onlyThere])
  }
}
