// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct WritingTests {
  private func full(_ close: Double) -> BarBatch {
    var batch = BarBatch.hourly([close])
    (batch.open, batch.high, batch.low, batch.volume) = ([1], [2], [0.5], [100])
    (batch.source, batch.quality, batch.isGap, batch.latencySec) = (["mt5"], ["ok"], [true], [0.25])
    return batch
  }

  @Test func rowsAreStoredAsIfWrittenOneAfterTheOther() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = BarBatch(
      symbol: "EURUSD", timeframe: "1h",
      timestamps: [threeOClock, threeOClock + hour, threeOClock, threeOClock])
    batch.close = [1, 2, .nan, 4]
    batch.features = [
      BarBatch.FeatureColumn("a@1", [1, 1, .nan, .nan], qualities: [.ready, .ready, nil, nil]),
      BarBatch.FeatureColumn("b@1", [.nan, .nan, 5, .nan], qualities: [nil, nil, .warmup, nil]),
    ]
    #expect(try store.market.write(batch) == 4)
    let bars = try store.market.read(["EURUSD"], "1h", features: .json)
    #expect(bars.close == [4, 2])
    #expect(
      bars.featuresJSON(0)
        == "{\"a@1\":{\"value\":1.0,\"quality\":\"ready\"},\"b@1\":{\"value\":5.0,\"quality\":\"warmup\"}}")
  }

  @Test func oneWrongRowLeavesNothingOfTheCall() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([7]))
    var batch = BarBatch.hourly((0..<1_000).map(Double.init))
    batch.timestamps[999] = Int64.min
    let error = try refused(.invalid) { try store.market.write(batch) }
    #expect(error.row == 999)
    #expect(error.key == "timestamp")
    #expect(try store.closes() == [7])
  }

  @Test(arguments: ["", "a\0b", String(repeating: "x", count: Limits.nameBytes + 1)])
  func aNameThatCannotBeIsRefused(name: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(try refused(.invalid) { try store.market.write(.hourly([1], symbol: name)) }.key == "symbol")
    var batch = BarBatch.hourly([1])
    batch.timeframe = name
    #expect(try refused(.invalid) { try store.market.write(batch) }.key == "timeframe")
    try refused(.invalid) { try store.market.write(Bar(timestamp: 0), name, "1h") }
    try refused(.invalid) { try store.market.read([name], "1h") }
    try refused(.invalid) { try store.market.delete("EURUSD", name) }
    try refused(.invalid) { try store.state.set(name, json: "1") }
    #expect(try store.market.series() == [])
  }

  @Test func columnsOfAnotherLengthAreRefusedByName() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = BarBatch.hourly([1, 2])
    batch.volume = [1]
    #expect(try refused(.invalid) { try store.market.write(batch) }.key == "volume")
    batch.volume = nil
    batch.features = [BarBatch.FeatureColumn("a@1", [1, 2, 3])]
    #expect(try refused(.invalid) { try store.market.write(batch) }.key == "a@1")
    batch.features = []
    batch.source = ["ok", "a\0b"]
    #expect(try refused(.invalid) { try store.market.write(batch) }.key == "source")
    #expect(try store.closes().isEmpty)
  }

  @Test func textsOfManyRowsComeBackEachInItsRow() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let words: [String?] = ["mt5", nil, "", "é\u{1F600}", "mt5", "a longer text than most"]
    var batch = BarBatch.hourly((0..<600).map(Double.init))
    batch.source = (0..<600).map { words[$0 % words.count] }
    batch.quality = (0..<600).map { "q\($0)" }
    try store.market.write(batch)
    let bars = try store.market.read(["EURUSD"], "1h")
    #expect(bars.source == batch.source)
    #expect(bars.quality == batch.quality)
    #expect(bars.texts(BarColumns.source.number).dictionary.count == 4)
  }

  @Test func anyDoubleIsStoredToTheBit() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var random = Seeded()
    var values = (0..<500).map { _ in Double(bitPattern: random.next()) }.filter { !$0.isNaN && $0 != 0 }
    values += [
      .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
    ]
    try store.market.write(.hourly(values))
    #expect(try store.closes().map(\.bitPattern) == values.map(\.bitPattern), "\(random)")
  }

  @Test(arguments: [Int64.min + 1, -1, 0, 1, 999, 1_000, Int64.max])
  func theLastInstantsOfTimeAreStored(instant: Int64) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var bar = Bar(timestamp: instant)
    bar.close = 1
    try store.market.write(bar, "EURUSD", "1h")
    #expect(try store.market.read(["EURUSD"], "1h", instant...instant).timestamps == [instant])
    #expect(try store.market.latestBar("EURUSD", "1h")?.timestamp == instant)
    #expect(try store.market.series(counts: false).map(\.first) == [instant])
    #expect(try store.market.delete("EURUSD", "1h", instant...instant) == 1)
  }

  @Test func oneBarCarriesTheFieldsThatWereSet() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(full(1.5))
    var bar = Bar(timestamp: threeOClock)
    bar.close = 2.5
    bar.source = nil
    bar.featuresJSON = "{\"a@1\": {\"value\": 1, \"quality\": \"ready\"}}"
    try store.market.write(bar, "EURUSD", "1h")
    let latest = try #require(try store.market.latestBar("EURUSD", "1h"))
    #expect((latest.open, latest.close, latest.volume, latest.latencySec) == (1, 2.5, 100, 0.25))
    #expect((latest.source, latest.quality, latest.isGap) == (nil, "ok", true))
    #expect(latest.featuresJSON == "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}")
    try store.market.write(bar, "EURUSD", "1h", replace: true)
    #expect(try store.market.latestBar("EURUSD", "1h")?.quality == nil)
    #expect(try store.market.latestBar("GBPUSD", "1h") == nil)
  }
}
