// SPDX-License-Identifier: MIT
@testable import DataStore

/// Calls that write bars of a few series at a few times, so that they meet what others have stored.
struct RandomCalls {
  let symbols = ["A", "B B", "\u{E9}", "e\u{301}"]
  let times: [Int64]

  enum Call: CustomStringConvertible {
    case write(BarBatch, replace: Bool)
    case writeFeatures(BarBatch, replace: Bool)
    case writeBar(Bar, String, replace: Bool)

    func make(on store: Store) throws(StoreError) -> Int {
      switch self {
      case .write(let batch, let replace): return try store.market.write(batch, replace: replace)
      case .writeFeatures(let batch, let replace):
        return try store.market.writeFeatures(batch, replace: replace)
      case .writeBar(let bar, let symbol, let replace):
        try store.market.write(bar, symbol, "1h", replace: replace)
        return 1
      }
    }

    var description: String {
      switch self {
      case .write(let batch, let replace): "write \(batch), replace \(replace)"
      case .writeFeatures(let batch, let replace): "write features \(batch), replace \(replace)"
      case .writeBar(let bar, let symbol, let replace): "write \(symbol) \(bar), replace \(replace)"
      }
    }
  }

  func next(_ random: inout Seeded) -> Call {
    let replace = random.oneIn(4)
    switch Int.random(in: 0..<4, using: &random) {
    case 0, 1:
      var batch = keys(&random)
      fill(&batch, &random)
      if random.oneIn(2) { addFeatures(&batch, &random) }
      return .write(batch, replace: replace)
    case 2:
      var batch = keys(&random)
      addFeatures(&batch, &random)
      return .writeFeatures(batch, replace: replace)
    default:
      var bar = Bar(timestamp: random.pick(times))
      if random.oneIn(2) { bar.close = number(&random) }
      if random.oneIn(2) { bar.volume = number(&random) }
      if random.oneIn(3) { bar.source = text(&random) }
      if random.oneIn(3) { bar.isGap = random.oneIn(2) }
      if random.oneIn(2) { bar.featuresJSON = json(&random) }
      return .writeBar(bar, random.pick(symbols), replace: replace)
    }
  }

  func range(_ random: inout Seeded) -> TimeRange {
    func bound() -> Int64? {
      guard !random.oneIn(3) else { return nil }
      let step = Int64.random(in: -1...1, using: &random)
      let (moved, isBeyond) = random.pick(times).addingReportingOverflow(step)
      return isBeyond || moved == .min ? nil : moved
    }
    return TimeRange(start: bound(), end: bound())
  }

  // MARK: Parts of batches

  private func keys(_ random: inout Seeded) -> BarBatch {
    let count = random.oneIn(3) ? 1 : Int.random(in: 1...10, using: &random)
    let chosen = (0..<count).map { _ in random.pick(times) }
    guard !random.oneIn(3) else {
      return BarBatch(
        symbols: chosen.map { _ in random.pick(symbols) }, timeframe: "1h", timestamps: chosen)
    }
    return BarBatch(
      symbol: random.pick(symbols), timeframe: "1h",
      timestamps: random.oneIn(2) ? chosen : Array(Set(chosen)).sorted())
  }

  private func fill(_ batch: inout BarBatch, _ random: inout Seeded) {
    let rows = batch.timestamps.indices
    if random.oneIn(2) { batch.open = rows.map { _ in number(&random) } }
    if !random.oneIn(3) { batch.close = rows.map { _ in number(&random) } }
    if random.oneIn(3) { batch.latencySec = rows.map { _ in number(&random) } }
    if random.oneIn(3) { batch.source = rows.map { _ in text(&random) } }
    if random.oneIn(3) { batch.quality = rows.map { _ in text(&random) } }
    if random.oneIn(3) { batch.isGap = rows.map { _ in random.oneIn(2) } }
  }

  private func addFeatures(_ batch: inout BarBatch, _ random: inout Seeded) {
    let rows = batch.timestamps.indices
    guard random.oneIn(2) else {
      batch.featuresJSON = rows.map { _ in random.oneIn(3) ? nil : json(&random) }
      return
    }
    for key in ["a@1", "b@1", "c@\u{E9}"].shuffled(using: &random).prefix(2) {
      batch.features.append(
        .init(
          key, rows.map { _ in number(&random) },
          qualities: rows.map { _ in random.oneIn(3) ? nil : random.pick(FeatureQuality.allCases) }))
    }
    // A number needs a quality.
    for column in batch.features.indices {
      for row in rows where batch.features[column].qualities?[row] == nil && !random.oneIn(40) {
        batch.features[column].values[row] = .nan
      }
    }
  }

  private func number(_ random: inout Seeded) -> Double {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: .nan
    case 1: 0.1 * Double(Int.random(in: -30...30, using: &random)) + 0
    default: Double(Int.random(in: 0...2, using: &random))
    }
  }

  private func text(_ random: inout Seeded) -> String? {
    random.pick([nil, "", "x", "'; DROP--", "\u{1F600}"])
  }

  private func json(_ random: inout Seeded) -> String {
    let count = Int.random(in: 0...3, using: &random)
    let keys = ["a@1", "b@1", "d@2", "tab\\t@1"].shuffled(using: &random).prefix(count)
    let entries = keys.map { key in
      let value = random.pick(["1", "1.10", "-0.0", "1e-5", "null", "12345678901234567890"])
      return "\"\(key)\": {\"value\": \(value), \"quality\": \"\(random.pick(["ready", "warmup"]))\"}"
    }
    return "{\(entries.joined(separator: ", "))}"
  }
}

/// The times that were handed over.
final class Times: TimesTaker {
  private(set) var times: [Int64] = []

  func take(_ times: UnsafeBufferPointer<Int64>) { self.times += times }
  func restart() { times = [] }
  func end() {}
}

/// Features as columns, in a form that can be compared.
struct FeatureRows: Equatable {
  let times: [Int64]
  let keys: [String]
  let values: [[UInt64]]
  let qualities: [[FeatureQuality?]]

  init(_ bars: Bars) {
    times = bars.timestamps
    keys = bars.features.map(\.key)
    values = bars.features.map { $0.values.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern } }
    qualities = bars.features.map(\.qualities)
  }
}

/// A bar's values, in a form that can be compared.
struct BarValues: Equatable {
  let time: Int64
  let numbers: [UInt64]
  let texts: [String?]
  let isGap: Bool

  init(_ bar: Bar) {
    time = bar.timestamp
    numbers = [bar.open, bar.high, bar.low, bar.close, bar.volume, bar.latencySec].map {
      $0.isNaN ? Double.nan.bitPattern : $0.bitPattern
    }
    texts = [bar.source, bar.quality, bar.featuresJSON]
    isGap = bar.isGap
  }
}
