// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Several writers at the same bars of a server: none takes away what another one has stored.
@Suite(.enabled(if: Server.isThere, "DATA_STORE_POSTGRESQL names no server"))
struct PostgreSQLMergeTests {
  static let writers = 4
  static let rounds = 12
  let server: Server

  init() throws { server = try Server() }

  /// How a writer brings its feature.
  enum Way: CaseIterable { case batch, bar, features, oneFeature }

  @Test(arguments: Way.allCases) func allFeaturesStay(_ way: Way) throws {
    let stores = try (0..<Self.writers).map { _ in try server.store(timeout: 60) }
    if way == .features || way == .oneFeature { try stores[0].market.write(.hourly([1, 2, 3])) }
    let workers = stores.enumerated().map { number, store in
      Worker {
        for round in 0..<Self.rounds { try Self.write(store, way, number, Double(round)) }
      }
    }
    for worker in workers { try worker.join() }
    let bars = try stores[0].market.read(["EURUSD"], "1h", features: .all)
    let count = way == .bar || way == .oneFeature ? 1 : 3
    let keys = (0..<Self.writers).map { "of\($0)@1" }
    #expect(bars.features.map(\.key) == keys)
    for feature in bars.features {
      #expect(feature.values.prefix(count).allSatisfy { $0 == Double(Self.rounds - 1) }, "\(feature.key)")
    }
  }

  private static func write(_ store: Store, _ way: Way, _ writer: Int, _ value: Double) throws {
    let key = "of\(writer)@1"
    let json = "{\"\(key)\":{\"value\":\(value),\"quality\":\"ready\"}}"
    switch way {
    case .batch:
      // Each in an order of its own.
      var batch = BarBatch.hourly([value, value, value])
      if writer % 2 == 1 { batch.timestamps.reverse() }
      batch.features = [.init(key, [value, value, value])]
      try store.market.write(batch)
    case .bar:
      var bar = Bar(timestamp: threeOClock)
      bar.close = value
      bar.featuresJSON = json
      try store.market.write(bar, "EURUSD", "1h")
    case .features, .oneFeature:
      let rows = way == .features ? 3 : 1
      var batch = BarBatch(
        symbol: "EURUSD", timeframe: "1h", timestamps: (0..<rows).map { threeOClock + Int64($0) * hour })
      batch.featuresJSON = Array(repeating: json, count: rows)
      try store.market.writeFeatures(batch)
    }
  }

  @Test func writersOfOtherSeriesDoNotWait() throws {
    let (first, second) = (try server.store(), try server.store(timeout: 0.2))
    try first.market.write(.hourly([1]))
    try server.run("BEGIN; UPDATE market_data SET close = 2 WHERE symbol = 'EURUSD'")
    defer { try? server.run("ROLLBACK") }
    try second.market.write(.hourly([1], symbol: "GBPUSD"))
    #expect(try second.closes("GBPUSD") == [1])
    // One of the same row gives up when its time is over, with nothing written.
    try refused(.busy) { try second.market.write(.hourly([3, 4])) }
    #expect(try second.closes() == [1])
  }
}
