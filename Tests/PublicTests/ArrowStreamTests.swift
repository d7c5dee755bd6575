// SPDX-License-Identifier: MIT
import DataStore
import Testing

@Suite struct ArrowStreamTests {
  @Test func aProgramsOwnColumnsAreWrittenAndReadBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let stream = try ArrowStream([
      .texts("symbol", ["EURUSD", "GBPUSD", "EURUSD"]), .texts("timeframe", ["1h", "1h", "1h"]),
      .times("timestamp", [threeOClock, threeOClock, threeOClock + hour]), .doubles("close", [1, .nan, 3]),
      .integers("volume", [10, nil, 30]), .flags("is_gap", [false, true, nil]),
      .texts("source", ["a", nil, "b"]),
    ])
    #expect(
      stream.fields.map(\.name) == [
        "symbol", "timeframe", "timestamp", "close", "volume", "is_gap", "source",
      ])
    #expect(try store.market.write(arrow: stream) == 3)

    var read = try store.market.read(["EURUSD", "GBPUSD"], "1h").arrow()
    #expect(read.fields[1].name == "timestamp" && read.fields[1].type == "timestamp")
    let batch = try #require(try read.next())
    #expect(try read.next() == nil)
    #expect(batch.count == 3)
    #expect(try batch["symbol", as: String.self] == ["EURUSD", "EURUSD", "GBPUSD"])
    #expect(
      try batch["timestamp", as: Instant.self].map(\.nanoseconds)
        == [threeOClock, threeOClock + hour, threeOClock])
    #expect(try batch["close", as: Double?.self] == [1, 3, nil])
    #expect(try batch["volume", as: Double?.self] == [10, 30, nil])
    #expect(try batch["is_gap", as: Bool.self] == [false, false, true])
    #expect(try batch["source", as: String?.self] == ["a", "b", nil])
    let null = try refused(.invalid) { try batch["close", as: Double.self] }
    #expect(null.row == 2 && null.key == "close")
    try refused(.invalid) { try batch["closes", as: Double.self] }
    try refused(.invalid) { try batch["source", as: Double?.self] }
    #expect(try store.market.read(["EURUSD"], "1h").arrow(symbolColumn: false).fields[0].name == "timestamp")
  }

  @Test func featuresGoInAndComeOut() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2, 3]))
    let times = [threeOClock, threeOClock + hour, threeOClock + 2 * hour]
    let wide = try ArrowStream([.times("timestamp", times), .doubles("rsi@2.1", [50, .nan, 52])])
    #expect(
      try store.market.writeFeatures(arrow: wide, symbol: "EURUSD", timeframe: "1h", quality: .degraded) == 3)
    let entries = try ArrowStream([
      .times("timestamp", times), .feature("x@1", [1, .nan, .nan], qualities: [.ready, .warmup, nil]),
    ])
    try store.market.writeFeatures(arrow: entries, symbol: "EURUSD", timeframe: "1h")

    var read = try store.market.read(["EURUSD"], "1h", columns: [], features: .all).arrow(symbolColumn: false)
    let batch = try #require(try read.next())
    let x = try batch.column("x@1")
    #expect(try x.field("value").values(as: Double?.self) == [1, nil, nil])
    #expect(try x.field("quality").values(as: String?.self) == ["ready", "warmup", nil])
    #expect(
      try batch.column("rsi@2.1").field("quality").values(as: String.self) == [
        "degraded", "degraded", "degraded",
      ])
    #expect(try refused(.invalid) { try batch["x@1", as: Double?.self] }.message.contains("struct"))
    try refused(.invalid) { try x.field("values") }

    try refused(.missingBar) {
      let late = try ArrowStream([.times("timestamp", [0]), .doubles("rsi@2.1", [1])])
      return try store.market.writeFeatures(arrow: late, symbol: "EURUSD", timeframe: "1h")
    }
  }

  @Test func queriesGiveStreams() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var stream = try store.query(
      "SELECT 1 AS i, 0.5 AS r, 'a' AS t, \(Scratch.blob("0001")) AS b, NULL AS n UNION ALL SELECT ?, 2, NULL, \(Scratch.blob("")), NULL",
      Int64.min
    ).arrow()
    #expect(stream.fields.map(\.type) == ["int64", "float64", "large_utf8", "large_binary", "null"])
    let batch = try #require(try stream.next())
    #expect(try batch["i", as: Int64.self] == [1, .min])
    #expect(try batch["r", as: Double.self] == [0.5, 2])
    #expect(try batch["t", as: String?.self] == ["a", nil])
    #expect(try batch["b", as: [UInt8].self] == [[0, 1], []])
    #expect(try batch["n", as: Int?.self] == [nil, nil])
    // Bytes are nothing that a bar has.
    let error = try refused(.invalid) {
      let bytes = try store.query("SELECT \(Scratch.blob("00")) AS source").arrow()
      return try store.market.write(arrow: bytes, symbol: "A", timeframe: "1h")
    }
    #expect(error.key == "source")
  }

  @Test func aScanGoesIntoAnotherStoreChunkByChunk() throws {
    let scratch = try Scratch()
    let (one, other) = (try scratch.store(), try scratch.store("other.db"))
    for symbol in ["A", "B"] {
      var batch = BarBatch.hourly((0..<10).map(Double.init), symbol)
      batch.features = [BarBatch.FeatureColumn("x@1", (0..<10).map(Double.init))]
      try one.market.write(batch)
    }
    var stream = try one.market.scanArrow(["A", "B"], "1h", features: .json, chunk: 3)
    var sizes: [Int] = []
    while let batch = try stream.next() { sizes.append(batch.count) }
    #expect(sizes == [3, 3, 3, 1, 3, 3, 3, 1])
    let copy = try one.market.scanArrow(["A", "B"], "1h", features: .json, limit: 15, chunk: 4)
    #expect(try other.market.write(arrow: copy, timeframe: "1h") == 15)
    let bars = try other.market.read(["A", "B"], "1h", features: .all)
    #expect(bars.rows(of: "B") == 10..<15 && bars.features[0].values.count == 15)
    // Some of it read, and the rest written.
    var rest = try one.market.scanArrow(["A"], "1h", chunk: 4)
    #expect(try rest.next()?.count == 4)
    #expect(try other.market.write(arrow: rest, timeframe: "1h") == 6)
  }

  @Test func batchesAreMadeAsTheyAreAskedFor() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var made = 0
    func stream(failingAt bad: Int? = nil) throws(StoreError) -> ArrowStream {
      made = 0
      return try ArrowStream { () throws(StoreError) in
        if made == bad { throw StoreError(.storage, "the feed broke off") }
        guard made < 4 else { return nil }
        made += 1
        return [.times("timestamp", [threeOClock + Int64(made) * hour]), .doubles("close", [Double(made)])]
      }
    }
    #expect(try store.market.write(arrow: stream(), symbol: "A", timeframe: "1h") == 4)
    // It fails with the program's own error, and nothing of it is stored.
    let error = try refused(.storage) {
      try store.market.write(arrow: stream(failingAt: 2), symbol: "B", timeframe: "1h")
    }
    #expect(error.message.contains("the feed broke off"))
    #expect(try store.market.series().map(\.symbol) == ["A"])
    var failing = try stream(failingAt: 1)
    #expect(try failing.next()?.count == 1)
    try refused(.storage) { _ = try failing.next() }
    #expect(try failing.next() == nil)

    var round = 0
    var changing = try ArrowStream { () throws(StoreError) in
      round += 1
      return round == 1 ? [.doubles("close", [1])] : [.integers("close", [1])]
    }
    _ = try changing.next()
    try refused(.invalid) { _ = try changing.next() }
    var nothing = try ArrowStream { () throws(StoreError) in nil }
    #expect(nothing.fields.isEmpty)
    #expect(try nothing.next() == nil)
    try refused(.invalid) { _ = try ArrowStream([.doubles("a", [1]), .doubles("b", [])]) }
    try refused(.invalid) { _ = try ArrowStream([.feature("x@1", [1], qualities: [])]) }
  }

  @Test func aBatchOutlivesItsStreamAndItsStore() throws {
    let batch: ArrowBatch
    do {
      let scratch = try Scratch()
      let store = try scratch.store()
      try store.market.write(.hourly([1, 2]))
      var stream = try store.market.read(["EURUSD"], "1h").arrow()
      batch = try #require(try stream.next())
      store.close()
    }
    #expect(try batch["close", as: Double.self] == [1, 2])
    let column = try batch.column("close")
    #expect(try column.values(as: Double.self) == [1, 2])
  }
}
