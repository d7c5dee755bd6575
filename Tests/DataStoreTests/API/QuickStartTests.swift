// SPDX-License-Identifier: MIT
import DataStore
import Testing

@Suite struct QuickStart {
  @Test func whatIsWrittenIsReadBack() throws {
    let scratch = try Scratch()
    let store = try Store(scratch.place())
    var bars = BarBatch(symbol: "EURUSD", timeframe: "1h", timestamps: [0, 3_600_000_000_000])
    bars.close = [1.1, .nan]
    bars.features = [BarBatch.FeatureColumn("rsi@2.1", [55.5, .nan], qualities: [.ready, nil])]
    try store.market.write(bars)
    let read = try store.market.read(["EURUSD"], "1h", features: .all)
    #expect(read.timestamps == bars.timestamps)
    #expect(read.close[0] == 1.1)
    #expect(read.close[1].isNaN)
    #expect(read.features[0].qualities == [.ready, nil])
    store.close()
  }
}
