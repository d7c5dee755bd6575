// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// A trading desk at its store: calls of every kind, drawn at random.
final class Desk {
  enum Work: String, CaseIterable {
    case bars, barsWithFeatures, mergedFeatures, replacedFeatures, replacedBars, oneBar, request
    case state, states, compareAndSet, stateDeletion, barDeletion
    case transaction, rolledBack, refused, checkpoint, reopening, secondStore
  }

  private let path: String
  private let options: StoreOptions
  private let recorder: Recorder
  private var random: Seeded
  private var store: Store
  /// Another one on the same file, some of the time; the two take turns.
  private var second: Store?
  private var number = 0
  private var seenCheckpoint: LastCheckpoint?

  /// Opens the store.
  init(_ path: String, _ options: StoreOptions, _ random: Seeded, _ recorder: Recorder) throws {
    (self.path, self.options, self.random, self.recorder) = (path, options, random, recorder)
    var opened: Store?
    try recorder.call("open") {
      opened = try Store(path, options)
    } digest: {
      try #require(opened).digest()
    }
    store = try #require(opened)
  }

  /// Makes `calls` calls, one of each kind first, then closes.
  func work(calls: Int) throws {
    let first = Work.allCases.shuffled(using: &random)
    for call in 0..<calls { try make(call < first.count ? first[call] : random.pick(Work.allCases)) }
    try close()
  }

  /// Calls of some megabytes: transactions that outgrow SQLite's cache, so that their pages reach the WAL before they
  /// are committed, and a WAL that reaches the store's own limit.
  func workHeavily(calls: Int) throws {
    for call in 0..<calls {
      number += 1
      try recorder.call("heavy") {
        try store.transaction { () throws(StoreError) in
          for part in 0..<3 {
            var request = MarketRequest(
              symbol: "EURUSD", timeframe: "1h", requestedAt: Int64(part), start: 0, end: 1,
              providerUsed: "heavy")
            request.notes = String(repeating: "heavy \(number)", count: 120_000)
            try store.market.record(request)
          }
          try store.state.set("heavy \(call)", json: "\(number)")
        }
      } digest: {
        try store.digest()
      }
      try noticeCheckpoint()
    }
    try close()
  }

  private func close() throws {
    try recorder.call("close") {
      second?.close()
      store.close()
    } digest: {
      nil
    }
  }

  private func make(_ work: Work) throws {
    number += 1
    try recorder.call(work.rawValue) {
      try perform(work)
    } digest: {
      try store.digest()
    }
    try noticeCheckpoint()
  }

  private func noticeCheckpoint() throws {
    let last = try store.info().lastCheckpoint
    if last != nil, last != seenCheckpoint { recorder.checkpoints += 1 }
    seenCheckpoint = last
  }

  private func perform(_ work: Work) throws {
    let market = store.market
    let state = store.state
    switch work {
    case .bars: try market.write(bars(features: 0))
    case .barsWithFeatures: try market.write(bars(features: 3))
    case .mergedFeatures, .replacedFeatures:
      guard let features = try features() else { return try perform(.bars) }
      try market.writeFeatures(features, replace: work == .replacedFeatures)
    case .replacedBars: try market.write(bars(features: random.oneIn(2) ? 1 : 0), replace: true)
    case .oneBar:
      var bar = Bar(timestamp: instant())
      bar.close = Double(number)
      bar.featuresJSON = "{\"live@1\":{\"value\":\(number),\"quality\":\"ready\"}}"
      try market.write(bar, symbol(), "1h", replace: random.oneIn(3))
    case .request:
      var request = MarketRequest(
        symbol: symbol(), timeframe: "1h", requestedAt: random.oneIn(2) ? nil : instant(), start: threeOClock,
        end: instant(), providerUsed: "provider \(number)")
      request.notes = note()
      try market.record(request)
    case .state: try state.set(key(), json: "[\(number),\"\(note())\"]")
    case .states: try state.setMany((0..<4).map { ("several \($0)", "\(number)") })
    case .compareAndSet:
      let key = key()
      #expect(try state.compareAndSet(key, expected: state.get(key), json: "{\"number\":\(number)}"))
    case .stateDeletion: try state.delete(key())
    case .barDeletion:
      let start = instant()
      try market.delete(symbol(), "1h", start...start + 6 * hour)
    case .transaction: try store.transaction { () throws(StoreError) in try several() }
    case .rolledBack:
      try store.beginTransaction()
      try several()
      try store.rollBackTransaction()
    case .refused: try refused(.invalid) { try state.set("refused", json: "{") }
    case .checkpoint: try store.checkpoint()
    case .reopening:
      store.close()
      store = try Store(path, options)
      seenCheckpoint = nil
    case .secondStore:
      if let second {
        // The other one goes on alone.
        store.close()
        store = second
        self.second = nil
        seenCheckpoint = nil
      } else {
        second = try Store(path, options)
        try second?.state.set("second", json: "\(number)")
      }
    }
  }

  /// Writes to both repos, a refused call and an inner transaction among them.
  private func several() throws(StoreError) {
    try store.market.write(bars(features: 2))
    try store.transaction { () throws(StoreError) in
      try store.state.set("inner", json: "\(number)")
      try store.market.delete(symbol(), "1h", instant()...instant() + hour * 400)
    }
    do throws(StoreError) {
      try store.market.writeFeatures(missing())
      Issue.record("features of no bar were taken")
    } catch {
      #expect(error.code == .missingBar)
    }
    try store.market.record(
      MarketRequest(
        symbol: symbol(), timeframe: "1h", start: 0, end: 1, providerUsed: "transaction \(number)"))
    try store.state.set(key(), json: "\"transaction \(number)\"")
  }

  // MARK: What is written; each call's values are its own

  private func symbol() -> String { random.pick(["EURUSD", "GBPUSD", "USDJPY"]) }
  private func key() -> String { "key \(Int.random(in: 0..<6, using: &random))" }
  private func instant() -> Int64 { threeOClock + Int64.random(in: 0..<48, using: &random) * hour }
  private func note() -> String {
    String(repeating: "note \(number) ", count: Int.random(in: 0...60, using: &random))
  }

  private func bars(features: Int) -> BarBatch {
    let rows = Int.random(in: 1...16, using: &random)
    let start = instant()
    var batch = BarBatch(
      symbol: symbol(), timeframe: "1h", timestamps: (0..<rows).map { start + Int64($0) * hour })
    batch.open = (0..<rows).map { Double(number) + Double($0) / 7 }
    batch.close = (0..<rows).map { Double(number) - Double($0) / 3 }
    batch.source = (0..<rows).map { $0 % 3 == 0 ? nil : "feed \(number)" }
    batch.features = columns(features, rows)
    return batch
  }

  /// Features for bars that are there; nil if there are none.
  private func features() throws -> BarBatch? {
    let symbol = symbol()
    let stored = try store.market.read([symbol], "1h", columns: .close, limit: 12)
    var batch = BarBatch(symbol: symbol, timeframe: "1h", timestamps: stored.timestamps)
    batch.features = columns(2, stored.count)
    return stored.count > 0 ? batch : nil
  }

  private func missing() -> BarBatch {
    var batch = BarBatch(symbol: "NONE", timeframe: "1h", timestamps: [threeOClock])
    batch.features = columns(1, 1)
    return batch
  }

  private func columns(_ count: Int, _ rows: Int) -> [BarBatch.FeatureColumn] {
    ["returns@1.0", "rsi@2.1", "volatility@1"].shuffled(using: &random).prefix(count).map { key in
      BarBatch.FeatureColumn(key, (0..<rows).map { Double(number) / Double($0 + 3) })
    }
  }
}
