// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Reads that are large enough for a second thread to unpack them.
@Suite struct FeatureUnpackingTests {
  private static let hour: Int64 = 3_600_000_000_000
  private static let rows = 6000
  private static let keys = (0..<12).map { "feature.\($0)@1.0" }

  /// Row r has the value r + k/16 of key k, unless (r + k) % 7 is 0; the last key begins in the last third.
  private static func value(_ row: Int, _ key: Int) -> Double? {
    if (row + key) % 7 == 0 || (key == keys.count - 1 && row < rows * 2 / 3) { return nil }
    return Double(row) + Double(key) / 16
  }

  private static func batch(_ symbol: String) -> BarBatch {
    var batch = BarBatch(
      symbol: symbol, timeframe: "1h", timestamps: (0..<rows).map { Int64($0) * hour })
    batch.features = keys.indices.map { key in
      let values = (0..<rows).map { value($0, key) }
      return BarBatch.FeatureColumn(
        keys[key], values.map { $0 ?? .nan },
        qualities: values.enumerated().map { row, value in
          value == nil ? nil : row % 3 == 0 ? .warmup : .ready
        })
    }
    return batch
  }

  private static func expectRows(_ range: Range<Int>, of symbol: Int, in bars: Bars) {
    let found = bars.range(ofSymbol: symbol)
    #expect(found.count == range.count)
    for feature in bars.features {
      guard let key = keys.firstIndex(of: feature.key) else {
        Issue.record("an unknown key: \(feature.key)")
        continue
      }
      let isRight = zip(found, range).allSatisfy { place, row in
        let expected = value(row, key)
        let quality: FeatureQuality? = expected == nil ? nil : row % 3 == 0 ? .warmup : .ready
        return (feature.values[place].isNaN ? nil : feature.values[place]) == expected
          && feature.qualities[place] == quality
      }
      #expect(isRight, "\(feature.key)")
    }
  }

  @Test func everyRowOfALargeReadIsWhereItBelongs() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for symbol in ["A", "B"] { try store.market.write(Self.batch(symbol)) }
    for _ in 0..<3 {
      let bars = try store.market.read(["B", "A"], "1h", columns: [], features: .all)
      #expect(bars.features.map(\.key) == Self.keys.sorted())
      for symbol in 0..<2 { Self.expectRows(0..<Self.rows, of: symbol, in: bars) }
    }
  }

  @Test func wantedKeysLimitsAndLatestHold() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(Self.batch("A"))
    let wanted = [Self.keys[11], Self.keys[3]]
    let some = try store.market.read(["A"], "1h", columns: [], features: .keys(wanted), limit: 5000)
    #expect(some.features.map(\.key) == wanted)
    Self.expectRows(0..<5000, of: 0, in: some)
    let latest = try store.market.latest(["A"], "1h", 4500, columns: [], features: .all)
    Self.expectRows(1500..<6000, of: 0, in: latest)
    let scan = try store.market.scan(["A"], "1h", columns: [], features: .all, chunk: 3500)
    let first = try #require(try scan.next())
    Self.expectRows(0..<3500, of: 0, in: first)
    let second = try #require(try scan.next())
    Self.expectRows(3500..<6000, of: 0, in: second)
    #expect(try scan.next() == nil)
  }

  @Test(.filesOnly(.text)) func otherToolsTimesAreSortedWithTheirFeatures() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(Self.batch("A"))
    // 01:00 UTC, written as it is east of Greenwich: it sorts behind later rows.
    try scratch.raw().execute(
      """
      UPDATE market_data SET timestamp = '1970-01-01T09:00:00+08:00'
      WHERE timestamp = '1970-01-01T01:00:00+00:00'
      """)
    let bars = try store.market.read(["A"], "1h", columns: [], features: .all)
    #expect(bars.timestamps == (0..<Self.rows).map { Int64($0) * Self.hour })
    Self.expectRows(0..<Self.rows, of: 0, in: bars)
  }

  @Test(arguments: [0, 1, 2999, 5998, 5999])
  func theFirstDamagedBarIsNamed(row: Int) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(Self.batch("A"))
    let times = [row, Self.rows - 1].map { Timestamp.text(Int64($0) * Self.hour) }
    for time in times {
      try scratch.otherTool("UPDATE market_data SET features = '[1]' WHERE timestamp = '\(time)'")
    }
    let error = try refused(.corrupt) { try store.market.read(["A"], "1h", columns: [], features: .all) }
    #expect(error.message.contains("A 1h \(times[0])"), "\(error.message)")
    try store.market.delete("A", "1h", Int64(row) * Self.hour...Int64(Self.rows) * Self.hour)
    #expect(try store.market.read(["A"], "1h", columns: [], features: .all).count == row)
  }

  /// Chunks are used again: what one of them held is not to be seen in another.
  @Test(arguments: [nil, ["late@1.0", "even@1.0", "never@1.0"]])
  func keysThatComeAndGoAreWhereTheyBelong(wanted: [String]?) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let padding = String(repeating: "x", count: 100)
    // Stretches of rows that are shorter and longer than a chunk, each with keys of its own, or none.
    func keys(_ row: Int) -> [String] {
      switch row / 700 % 4 {
      case 0: ["even@1.0", "\(padding)@1.0"]
      case 1: row > 5000 ? ["late@1.0", "\(padding)@2.0"] : ["\(padding)@2.0"]
      case 2: []
      default: row % 2 == 0 ? ["even@1.0"] : ["odd@1.0", "even@1.0"]
      }
    }
    let rows = 10_000
    let keysOfRow = (0..<rows).map { Set(keys($0)) }
    let all = Set(keysOfRow.joined()).sorted()
    var batch = BarBatch(
      symbol: "A", timeframe: "1h", timestamps: (0..<rows).map { Int64($0) * Self.hour })
    batch.features = all.enumerated().map { place, key in
      let has = keysOfRow.map { $0.contains(key) }
      return BarBatch.FeatureColumn(
        key, has.enumerated().map { row, has in has ? Double(row * 10 + place) : .nan },
        qualities: has.map { $0 ? .ready : nil })
    }
    try store.market.write(batch)
    let choice = wanted.map { FeatureSelection.keys($0) } ?? .all
    for _ in 0..<3 {
      let bars = try store.market.read(["A"], "1h", columns: [], features: choice)
      #expect(bars.features.map(\.key) == wanted ?? all)
      for feature in bars.features {
        let place = all.firstIndex(of: feature.key)
        let isRight = (0..<rows).allSatisfy { row in
          guard let place, keysOfRow[row].contains(feature.key) else {
            return feature.values[row].isNaN && feature.qualities[row] == nil
          }
          return feature.values[row] == Double(row * 10 + place) && feature.qualities[row] == .ready
        }
        #expect(isRight, "\(feature.key)")
      }
    }
  }
}
