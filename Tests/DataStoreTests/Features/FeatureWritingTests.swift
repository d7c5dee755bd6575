// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct FeatureWritingTests {
  private func bars(_ count: Int, _ features: BarBatch.FeatureColumn...) -> BarBatch {
    var batch = BarBatch.hourly((0..<count).map(Double.init))
    batch.close = nil
    batch.features = features
    return batch
  }

  private func opened(_ scratch: Scratch, rows: Int = 3) throws -> Store {
    let store = try scratch.store()
    try store.market.write(.hourly((0..<rows).map(Double.init)))
    return store
  }

  private func texts(_ store: Store) throws -> [String?] {
    let read = try store.market.read(["EURUSD"], "1h", features: .json)
    return (0..<read.count).map { read.featuresJSON($0) }
  }

  private static func entry(_ key: String, _ value: String, _ quality: String = "ready") -> String {
    "\"\(key)\":{\"value\":\(value),\"quality\":\"\(quality)\"}"
  }

  @Test func featuresNeedTheirBars() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 2)
    let error = try refused(.missingBar) {
      try store.market.writeFeatures(bars(4, BarBatch.FeatureColumn("a@1", [1, 2, 3, 4])))
    }
    #expect(error.row == 2)
    #expect(error.message.contains("2026-03-01T17:00:00+00:00"))
    #expect(try texts(store) == [nil, nil])
    var batch = bars(1, BarBatch.FeatureColumn("a@1", [1]))
    batch.close = [1]
    #expect(try refused(.invalid) { try store.market.writeFeatures(batch) }.key == "close")
  }

  @Test(arguments: [
    ("returns", "no '@'"), ("@1", "no name"), ("a@", "no version"), ("", "no '@'"), ("a\0@1", "NUL"),
  ])
  func aKeyThatBreaksTheRuleIsNamed(key: String, reason: String) throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 1)
    let error = try refused(.invalidFeature) {
      try store.market.writeFeatures(bars(1, BarBatch.FeatureColumn(key, [1])))
    }
    #expect((error.row, error.key) == (0, key))
    #expect(error.reason?.contains(reason) == true)
  }

  @Test func aQualityThatIsNotGivenGoesByTheValue() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 2)
    try store.market.writeFeatures(
      bars(
        2, BarBatch.FeatureColumn("a@1", [0.5, .nan]),
        BarBatch.FeatureColumn("b@1", [0.5, .nan], quality: .ready),
        BarBatch.FeatureColumn("c@1", [0.5, .nan], qualities: [.ready, nil])))
    let read = try store.market.read(["EURUSD"], "1h", features: .all)
    #expect(read.features.map(\.key) == ["a@1", "b@1", "c@1"])
    #expect(read.features[0].qualities == [.ready, .missing])
    #expect(read.features[1].qualities == [.ready, .ready], "a word that is given is taken as it is")
    #expect(read.features[2].qualities == [.ready, nil])
  }

  @Test func aWrongEntryIsNamedByRowAndKeyAndNothingIsWritten() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = BarBatch.hourly([1, 2, 3])
    batch.features = [
      BarBatch.FeatureColumn("a@1", [1, 2, 3]), BarBatch.FeatureColumn("b@1", [1, 2, -.infinity]),
    ]
    var error = try refused(.invalidFeature) { try store.market.write(batch) }
    #expect((error.row, error.key) == (2, "b@1"))
    #expect(error.reason?.contains("infinite") == true)
    batch.features = [BarBatch.FeatureColumn("a@1", [1, 2, 3], qualities: [.ready, nil, .ready])]
    error = try refused(.invalidFeature) { try store.market.write(batch) }
    #expect((error.row, error.key) == (1, "a@1"))
    #expect(error.reason?.contains("no quality") == true)
    batch.features = [BarBatch.FeatureColumn("a@1", [1, 2, 3]), BarBatch.FeatureColumn("a@1", [1, 2, 3])]
    error = try refused(.invalidFeature) { try store.market.write(batch) }
    #expect(error.reason?.contains("twice") == true)
    #expect(try store.closes().isEmpty)
  }

  @Test func wrongJSONTextIsRefusedWithItsKey() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var bar = Bar(timestamp: threeOClock)
    bar.featuresJSON = "{\(Self.entry("a@1", "1")),\(Self.entry("b@1", "true"))}"
    let error = try refused(.invalidFeature) { try store.market.write(bar, "EURUSD", "1h") }
    #expect((error.row, error.key) == (0, "b@1"))
    #expect(try store.closes().isEmpty)
  }

  @Test func valuesComeBackToTheBit() throws {
    let scratch = try Scratch()
    var random = Seeded()
    let values = (0..<1_000).map { _ -> Double in
      let value = Double(bitPattern: random.next())
      return value.isFinite ? value : -0.0
    }
    let store = try opened(scratch, rows: values.count)
    try store.market.writeFeatures(bars(values.count, BarBatch.FeatureColumn("a@1", values)))
    let read = try store.market.read(["EURUSD"], "1h", features: .keys(["never@1", "a@1"]))
    #expect(read.features.map(\.key) == ["never@1", "a@1"])
    #expect(read.features[1].values.map(\.bitPattern) == values.map(\.bitPattern), "\(random)")
    #expect(read.features[0].values.allSatisfy { $0.isNaN })
    #expect(read.features[0].qualities.allSatisfy { $0 == nil })
  }

  @Test func integersAndJSONTextsOfABatchArePackedRowByRow() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 2)
    try withBorrowed(rows: 2) { batch in
      try withBytes("n@1") { key in
        try withBytes("ready") { ready in
          let numbers: [Int64] = [.max, .min]
          let isNull: [UInt8] = [0, 1]
          try numbers.withUnsafeBufferPointer { numbers in
            try isNull.withUnsafeBufferPointer { isNull in
              var batch = batch
              batch.features.columns = [
                BorrowedFeature(
                  key: key, values: nil, integers: numbers.baseAddress, isNull: isNull.baseAddress,
                  quality: TextColumn.kept(nil, [ready]))
              ]
              try store.market.writeFeatures(batch, replace: false)
            }
          }
        }
      }
    }
    #expect(
      try texts(store) == ["{\(Self.entry("n@1", "9223372036854775807"))}", "{\(Self.entry("n@1", "null"))}"])
  }

  @Test func aQualityOutsideTheFourIsRefused() throws {
    let scratch = try Scratch()
    let store = try opened(scratch, rows: 2)
    for words in [["good"], ["ready", "bad"], []] {
      try withBorrowed(rows: 2) { batch in
        try withBytes("n@1") { key in
          try withBytes(words.first ?? "") { first in
            try withBytes(words.last ?? "") { last in
              let codes: [Int32] = [0, 1]
              try codes.withUnsafeBufferPointer { codes in
                var batch = batch
                batch.features.columns = [
                  BorrowedFeature(
                    key: key, values: nil, integers: nil, isNull: nil,
                    quality: TextColumn.kept(
                      codes.baseAddress, words.isEmpty ? [] : [first, last]))
                ]
                let error = try refused(.invalidFeature) {
                  try store.market.writeFeatures(batch, replace: false)
                }
                #expect(error.key == "n@1")
                #expect(error.row == (words == ["ready", "bad"] ? 1 : 0))
              }
            }
          }
        }
      }
    }
    #expect(try texts(store) == [nil, nil])
  }

  private func withBorrowed(rows: Int, _ body: (BorrowedBatch) throws -> Void) throws {
    let times = (0..<rows).map { threeOClock + Int64($0) * hour }
    try withBytes("EURUSD") { symbol in
      try withBytes("1h") { timeframe in
        try times.withUnsafeBufferPointer { times in
          let start = try #require(times.baseAddress)
          try body(
            BorrowedBatch(
              count: rows, timestamps: start, symbol: TextColumn.kept(nil, [symbol]),
              timeframe: TextColumn.kept(nil, [timeframe])))
        }
      }
    }
  }
}
