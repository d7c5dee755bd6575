// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct ReadingTests {
  private func opened(_ scratch: Scratch, rows: Int = 10) throws -> Store {
    let store = try scratch.store()
    for (place, symbol) in ["A", "B", "C"].enumerated() {
      try store.market.write(.hourly((0..<rows).map { Double(place * 100 + $0) }, symbol: symbol))
    }
    return store
  }

  @Test func symbolsComeInTheOrderAskedEachAscending() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 2)
    let bars = try store.market.read(["C", "nobody", "A"], "1h")
    #expect(bars.close == [200, 201, 0, 1])
    #expect(bars.symbols == ["C", "nobody", "A"])
    #expect((0..<3).map { bars.range(ofSymbol: $0) } == [0..<2, 2..<2, 2..<4])
  }

  @Test func theLimitIsOnTheWholeResult() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 3)
    for limit in 0...10 {
      let bars = try store.market.read(["B", "A"], "1h", limit: limit)
      #expect(bars.close == Array([100, 101, 102, 0, 1, 2].prefix(limit)))
    }
    #expect(try store.market.read(["A"], "1h", limit: Int.max).count == 3)
    try refused(.invalid) { try store.market.read(["A"], "1h", limit: -1) }
  }

  @Test func onlyTheColumnsAskedForAreRead() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 2)
    let bars = try store.market.read(["A"], "1h", columns: [.close, .isGap])
    #expect(bars.close == [0, 1])
    #expect(bars.isGap == [false, false])
    #expect(bars.open.isEmpty)
    #expect(bars.source.isEmpty)
    #expect(bars.featuresJSON(0) == nil)
    #expect(try store.market.read(["A"], "1h", columns: []).timestamps.count == 2)
  }

  @Test func nothingFoundIsAResultOfNoRows() throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    let bars = try store.market.read(["nobody"], "1h", features: .keys(["k@1"]))
    #expect(bars.count == 0)
    #expect(bars.timestamps.isEmpty)
    #expect(bars.features.map(\.key) == ["k@1"])
    #expect(try store.market.scan(["nobody"], "1h").next() == nil)
  }

  @Test func wrongRequestsAreRefused() throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    try refused(.invalid) { try store.market.read([], "1h") }
    try refused(.invalid) { try store.market.read(["A", "A"], "1h") }
    try refused(.invalid) { try store.market.read(["A"], "") }
    try refused(.invalid) { try store.market.read(["A"], "1h", features: .keys(["k"])) }
    try refused(.invalid) { try store.market.read(["A"], "1h", features: .keys(["k@1", "k@1"])) }
    try refused(.invalid) { try store.market.scan(["A"], "1h", chunk: 0) }
  }

  @Test func aReadSeesOneSnapshot() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    let symbols = (0..<5).map { "S\($0)" }
    @Sendable func write(_ value: Double) throws {
      try store.transaction { () throws(StoreError) in
        for symbol in symbols { try store.market.write(.hourly([value], symbol: symbol)) }
      }
    }
    try write(0)
    let isDone = Kept(false)
    let worker = Worker {
      defer { isDone.value = true }
      for value in 1...200 { try write(Double(value)) }
    }
    while !isDone.value {
      let closes = try store.market.read(symbols, "1h").close
      #expect(Set(closes).count == 1)
    }
    try worker.join()
  }

  // MARK: In chunks

  @Test(arguments: [1, 2, 3, 9, 10, 11, 1_000])
  func aScanHandsOutEachRowOnce(chunk: Int) throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    let scan = try store.market.scan(["B", "nobody", "A"], "1h", chunk: chunk)
    var closes: [Double] = []
    while let bars = try scan.next() {
      #expect((1...chunk).contains(bars.count))
      closes += bars.close
    }
    let expected: [Double] = (100..<110).map(Double.init) + (0..<10).map(Double.init)
    #expect(closes == expected)
    #expect(try scan.next() == nil)
  }

  @Test func aScanSeesWhatIsWrittenAheadOfItAndHoldsNothingOpen() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 4)
    let scan = try store.market.scan(["A"], "1h", chunk: 2)
    #expect(try scan.next()?.close == [0, 1])
    try store.market.write(.hourly([50, 51, 52, 53, 54], symbol: "A"))
    #expect(try store.checkpoint().heldBack == 0)
    #expect(try scan.next()?.close == [52, 53])
    #expect(try scan.next()?.close == [54])
    #expect(try scan.next() == nil)
  }

  @Test func aScanOfAClosedStoreSaysSo() throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    let scan = try store.market.scan(["A"], "1h", chunk: 2)
    _ = try scan.next()
    store.close()
    try refused(.closed) { try scan.next() }
  }

  // MARK: Deleting, inventory

  @Test func theInventoryIsSortedAndCountsGaps() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 3)
    var gaps = BarBatch.hourly([1, 2, 3], symbol: "B")
    gaps.isGap = [true, false, true]
    try store.market.write(gaps)
    gaps.timeframe = "15m"
    try store.market.write(gaps)
    let series = try store.market.series()
    #expect(series.map { "\($0.symbol) \($0.timeframe)" } == ["A 1h", "B 15m", "B 1h", "C 1h"])
    #expect(series.map(\.bars) == [3, 3, 3, 3])
    #expect(series.map(\.gaps) == [0, 2, 2, 0])
    let quick = try store.market.series(counts: false)
    #expect(quick.map(\.first) == series.map(\.first))
    #expect(quick.map(\.last) == series.map(\.last))
    #expect(quick.allSatisfy { $0.bars == nil && $0.gaps == nil })
  }

  // MARK: What other tools put there

  @Test(
    .filesOnly(.text),
    arguments: [
      ("close", "'text'"), ("open", "x'00'"), ("is_gap", "'yes'"), ("quality", "x'00'"),
      ("latency_sec", "'slow'"), ("source", "CAST(x'FF' AS TEXT)"), ("quality", "CAST(x'610062' AS TEXT)"),
    ])
  func aValueOfAWrongTypeIsCorruptWhereItIsReadAndReported(column: String, value: String) throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 3)
    try scratch.raw().execute("UPDATE market_data SET \(column) = \(value) WHERE close = 1")
    let error = try refused(.corrupt) { try store.market.read(["A"], "1h") }
    #expect(error.message.contains("A 1h 2026-03-01T16:00:00+00:00"))
    #expect(error.message.contains(column))
    #expect(try store.market.read(["A"], "1h", columns: [.high]).count == 3)
    #expect(try store.check().count == 1)
  }
}
