// SPDX-License-Identifier: MIT
import DataStore
import Testing

@Suite struct SeveralSeriesTests {
  @Test func oneBatchHoldsRowsOfSeveralSeries() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = BarBatch(
      symbols: ["EURUSD", "GBPUSD", "EURUSD"], timeframes: ["1h", "1h", "1d"],
      timestamps: [threeOClock, threeOClock, threeOClock])
    batch.close = [1, 2, 3]
    batch.source = ["a", nil, "a"]
    batch.features = [BarBatch.FeatureColumn("rsi@2.1", [50, .nan, 51])]
    #expect(try store.market.write(batch) == 3)
    let series = try store.market.series().map { "\($0.symbol) \($0.timeframe)" }
    #expect(series == ["EURUSD 1d", "EURUSD 1h", "GBPUSD 1h"])

    let bars = try store.market.read(["GBPUSD", "EURUSD"], "1h", features: .all)
    #expect(bars.symbols == ["GBPUSD", "EURUSD"] && bars.close == [2, 1])
    #expect(bars.rows(of: "EURUSD") == 1..<2 && bars.rows(of: "GBPUSD") == 0..<1)
    #expect(bars.rows(of: "USDJPY") == nil)
    #expect(bars.features[0].qualities == [.missing, .ready])
  }

  @Test func whatWasReadCanBeWritten() throws {
    let scratch = try Scratch()
    let (one, other) = (try scratch.store(), try scratch.store("other.db"))
    for (symbol, closes) in [("A", [1.0, .nan, 3.0]), ("B", [4.0])] {
      var batch = BarBatch.hourly(closes, symbol)
      batch.isGap = closes.map(\.isNaN)
      batch.quality = closes.map { $0.isNaN ? nil : "good" }
      batch.features = [
        BarBatch.FeatureColumn("x@1", closes, qualities: closes.map { $0.isNaN ? nil : .degraded }),
        BarBatch.FeatureColumn("n@1", integers: closes.map { $0.isNaN ? nil : .max }),
      ]
      try one.market.write(batch)
    }
    let all = "SELECT * FROM market_data ORDER BY symbol, timestamp"
    for features in [FeatureSelection.json, .all] {
      let bars = try one.market.read(["A", "B"], "1h", features: features)
      try other.market.write(BarBatch(bars), replace: true)
      let (left, right) = (try one.query(all), try other.query(all))
      for name in ["symbol", "timestamp", "quality"] {
        #expect(try left[name, as: String?.self] == right[name, as: String?.self])
      }
      #expect(try left["close", as: Double?.self] == right["close", as: Double?.self])
      #expect(try left["is_gap", as: Bool.self] == right["is_gap", as: Bool.self])
      if case .json = features {
        #expect(try left["features", as: String?.self] == right["features", as: String?.self])
        #expect(try left["features", as: String.self][0].contains("9223372036854775807"))
      }
    }
    let narrow = BarBatch(try one.market.read(["A"], "1h", columns: .close))
    #expect(narrow.symbol == "A" && narrow.symbols == nil && narrow.open == nil && narrow.features.isEmpty)
  }

  @Test func namesThatAreMissingOrGivenTwiceAreRefused() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = BarBatch.hourly([1, 2])
    batch.symbols = ["A", "B"]
    #expect(try refused(.invalid) { try store.market.write(batch) }.message.contains("twice"))
    batch.symbol = ""
    #expect(try store.market.write(batch) == 2)
    batch.symbols = ["A", ""]
    #expect(try refused(.invalid) { try store.market.write(batch) }.row == 1)
    batch.symbols = ["A"]
    #expect(try refused(.invalid) { try store.market.write(batch) }.key == "symbol")
    batch.symbols = nil
    try refused(.invalid) { try store.market.write(batch) }
    batch = .hourly([1, 2])
    batch.timeframes = ["1h", "1d"]
    try refused(.invalid) { try store.market.write(batch) }
    #expect(try store.market.series().map(\.bars) == [1, 1])
  }

  @Test func featuresAsJSONOfEachRow() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = BarBatch.hourly([1, 2, 3])
    batch.featuresJSON = [#"{"x@1":{"value":1e2,"quality":"ready"}}"#, nil, "{}"]
    try store.market.write(batch)
    let stored = try store.market.read(["EURUSD"], "1h", features: .json)
    #expect(stored.featuresJSON(0) == #"{"x@1":{"value":1e2,"quality":"ready"}}"#)
    #expect(stored.featuresJSON(1) == nil)
    batch.featuresJSON = [nil, nil, #"{"x":1}"#]
    #expect(try refused(.invalidFeature) { try store.market.write(batch) }.row == 2)
    batch.featuresJSON = [nil, "{\u{0}}", nil]
    #expect(try refused(.invalidFeature) { try store.market.write(batch) }.row == 1)
    batch.featuresJSON = [nil]
    try refused(.invalid) { try store.market.write(batch) }
  }
}

@Suite struct BarFeatureTests {
  @Test func aLiveBarCarriesFeatures() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var bar = Bar(timestamp: threeOClock)
    #expect(try bar.features().isEmpty)
    bar.close = 1
    bar.setFeatures([.init("x\"\u{1}@1", 0.1), .init("y@1", .nan), .init("z@1", 1e300, quality: .warmup)])
    try store.market.write(bar, "EURUSD", "1h")
    let stored = try #require(try store.market.latestBar("EURUSD", "1h"))
    let features = try stored.features()
    #expect(features.map(\.key) == ["x\"\u{1}@1", "y@1", "z@1"])
    #expect(features[0].value == 0.1 && features[1].value.isNaN && features[2].value == 1e300)
    #expect(features.map(\.quality) == [.ready, .missing, .warmup])
    for wrong in [Bar.Feature("x", 1), .init("x@1", .infinity)] {
      bar.setFeatures([wrong])
      try refused(.invalidFeature) { try store.market.write(bar, "EURUSD", "1h") }
    }
    bar.featuresJSON = "{"
    try refused(.invalidFeature) { try bar.features() }
  }
}
