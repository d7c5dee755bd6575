// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct RequestTests {
  private func request(_ at: Int64?, _ provider: String = "mt5") -> MarketRequest {
    MarketRequest(
      symbol: "EURUSD", timeframe: "1h", requestedAt: at, start: threeOClock - hour, end: threeOClock,
      providerUsed: provider)
  }

  @Test func withoutATimeNoneIsLost() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let times = try (0..<50).map { _ in try store.market.record(request(nil)) }
    #expect(Set(times).count == 50)
    #expect(try store.market.requests().compactMap(\.requestedAt) == times)
  }

  @Test func filtersAndLimits() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for (place, symbol) in ["B", "A", "B"].enumerated() {
      var one = request(threeOClock + Int64(place))
      one.symbol = symbol
      one.timeframe = place == 2 ? "1d" : "1h"
      try store.market.record(one)
    }
    func found(_ requests: [MarketRequest]) -> [Int64] {
      requests.map { ($0.requestedAt ?? 0) - threeOClock }
    }
    #expect(found(try store.market.requests()) == [0, 1, 2])
    #expect(found(try store.market.requests(symbol: "B")) == [0, 2])
    #expect(found(try store.market.requests(timeframe: "1h")) == [0, 1])
    #expect(found(try store.market.requests(symbol: "B", timeframe: "1d")) == [2])
    #expect(found(try store.market.requests(threeOClock + 1...threeOClock + 2)) == [1, 2])
    #expect(found(try store.market.requests(limit: 2)) == [0, 1])
    #expect(try store.market.requests(limit: 0).isEmpty)
    try refused(.invalid) { try store.market.requests(limit: -1) }
    try refused(.invalid) { try store.market.requests(symbol: "") }
  }

  @Test func missingTimesAndBrokenTextsAreRefusedByName() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(try refused(.invalid) { try store.market.record(request(Int64.min)) }.key == "requested_at")
    var bad = request(0)
    bad.start = Int64.min
    #expect(try refused(.invalid) { try store.market.record(bad) }.key == "start_ts")
    bad = request(0)
    bad.end = Int64.min
    #expect(try refused(.invalid) { try store.market.record(bad) }.key == "end_ts")
    bad = request(0, "a\0b")
    #expect(try refused(.invalid) { try store.market.record(bad) }.key == "provider_used")
    bad = request(0)
    bad.symbol = ""
    try refused(.invalid) { try store.market.record(bad) }
    #expect(try store.market.requests().isEmpty)
  }

  @Test(.filesOnly(.text)) func anInstantIsOneRequestWhateverFormOthersWriteItIn() throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 512)
    let store = try scratch.store(timeout: 10)
    var random = Seeded()
    for step in 0..<200 {
      let symbol = random.pick(["EURUSD", "A", "LONGER NAME"])
      let instant = threeOClock + Int64.random(in: 0..<12, using: &random) * hour
      if random.oneIn(3) {
        let text = Timestamp.text(instant)
        let form = random.pick([
          text.replacing("+00:00", with: "Z"), text.replacing("T", with: " "),
          Timestamp.text(instant + 14 * hour).replacing("+00:00", with: "+14:00"),
          Timestamp.text(instant - 12 * hour).replacing("+00:00", with: "-12:00"),
        ])
        let isThere = try store.market.requests(symbol: symbol).contains { $0.requestedAt == instant }
        if !isThere {
          try raw.execute(
            "INSERT INTO market_requests(symbol, timeframe, requested_at, provider_used, start_ts, end_ts) VALUES ('\(symbol)',"
              + " '1h', '\(form)', 'other', '\(text)', '\(text)')")
        }
      } else {
        var one = request(instant, "ours")
        one.symbol = symbol
        #expect(try store.market.record(one) == instant)
      }
      if random.oneIn(10) {
        var one = request(nil)
        one.symbol = symbol
        try store.market.record(one)
      }
      let times = try store.market.requests(symbol: symbol).map(\.requestedAt)
      try #require(Set(times).count == times.count, "\(random), step \(step)")
    }
  }
}
