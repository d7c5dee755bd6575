// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Batches over bars that are stored in part: whichever way a row takes, it ends up as if rows were written one by one.
@Suite(.filesOnly(.internals)) struct OverlapTests {
  private static let everything = "SELECT rowid, * FROM market_data ORDER BY rowid"

  private func slice(_ batch: BarBatch, _ rows: Range<Int>) -> BarBatch {
    var part = batch
    part.timestamps = Array(batch.timestamps[rows])
    part.open = batch.open.map { Array($0[rows]) }
    part.close = batch.close.map { Array($0[rows]) }
    part.source = batch.source.map { Array($0[rows]) }
    part.quality = batch.quality.map { Array($0[rows]) }
    part.isGap = batch.isGap.map { Array($0[rows]) }
    part.features = batch.features.map { whole in
      var column = BarBatch.FeatureColumn(whole.key, Array(whole.values[rows]))
      column.qualities = whole.qualities.map { Array($0[rows]) }
      return column
    }
    return part
  }

  /// Some of the hours of a week, with some columns; few distinct values, so that many stay the same.
  private func random(_ random: inout Seeded, onlyFeatures: Bool = false) -> BarBatch {
    let share = Int.random(in: 1...4, using: &random)
    let hours = (0..<168).filter { _ in random.oneIn(share) }
    var batch = BarBatch(
      symbol: "EURUSD", timeframe: "1h", timestamps: hours.map { threeOClock + Int64($0) * hour })
    let count = hours.count
    func column<Value>(_ value: (inout Seeded) -> Value) -> [Value] {
      (0..<count).map { _ in value(&random) }
    }
    if !onlyFeatures {
      if random.oneIn(2) { batch.open = column { $0.pick([1, 2, .nan, -0.0, .infinity]) } }
      if random.oneIn(2) { batch.close = column { $0.pick([1, 0.1]) } }
      if random.oneIn(2) { batch.source = column { $0.pick(["mt5", "", nil]) } }
      if random.oneIn(3) { batch.quality = column { $0.pick(["ok", nil]) } }
      if random.oneIn(3) { batch.isGap = column { $0.oneIn(2) } }
    }
    for key in ["a@1", "b@2"] where onlyFeatures || random.oneIn(3) {
      batch.features.append(
        BarBatch.FeatureColumn(
          key, column { $0.pick([1, 0.5, .nan]) }, qualities: column { $0.pick([.ready, .warmup, .ready]) }))
    }
    return batch
  }

  @Test func aBatchIsStoredAsIfItsRowsCameOneByOne() throws {
    var random = Seeded()
    let scratch = try Scratch()
    let whole = try scratch.store("whole.db")
    let single = try scratch.store("single.db")
    for round in 0..<60 {
      let batch = self.random(&random)
      let replace = random.oneIn(4)
      try whole.market.write(batch, replace: replace)
      for row in batch.timestamps.indices {
        try single.market.write(slice(batch, row..<row + 1), replace: replace)
      }
      try expectSame(scratch, "round \(round), \(random)")
    }
  }

  /// Expects both files to hold the same rows.
  private func expectSame(_ scratch: Scratch, _ comment: Comment) throws {
    let found = try scratch.raw("whole.db").rows(Self.everything)
    let expected = try scratch.raw("single.db").rows(Self.everything)
    #expect(found.count == expected.count, comment)
    for (found, expected) in zip(found, expected) where found != expected {
      Issue.record("\(found) instead of \(expected), \(comment)")
      return
    }
  }

  @Test func featuresOfABatchAreStoredAsIfItsRowsCameOneByOne() throws {
    var random = Seeded()
    let scratch = try Scratch()
    let whole = try scratch.store("whole.db")
    let single = try scratch.store("single.db")
    for store in [whole, single] { try store.market.write(.hourly(Array(repeating: 1, count: 168))) }
    for round in 0..<40 {
      let batch = self.random(&random, onlyFeatures: true)
      let replace = random.oneIn(4)
      try whole.market.writeFeatures(batch, replace: replace)
      for row in batch.timestamps.indices {
        try single.market.writeFeatures(slice(batch, row..<row + 1), replace: replace)
      }
      try expectSame(scratch, "round \(round), \(random)")
    }
  }

  @Test func rowsThatAreTheSameLeaveTheirPagesAlone() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = BarBatch.hourly((0..<2_000).map(Double.init))
    batch.features = [BarBatch.FeatureColumn("a@1", batch.close ?? [])]
    try store.market.write(batch)
    try store.market.write(.hourly([1], symbol: "OTHER"))
    let before = try store.info().walBytes
    try store.market.write(batch)
    try store.market.writeFeatures(slice(batch, 0..<2_000, keepingBars: false))
    #expect(try store.info().walBytes == before)
  }

  private func slice(_ batch: BarBatch, _ rows: Range<Int>, keepingBars: Bool) -> BarBatch {
    var part = slice(batch, rows)
    if !keepingBars { part.close = nil }
    return part
  }

  @Test func aFewRowsOverALongTimeAreAllWritten() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly(Array(repeating: 1, count: 9_000)))
    var sparse = BarBatch.hourly([])
    // Stored bars, and one between two of them.
    sparse.timestamps =
      [0, 1, 4_000, 8_999].map { threeOClock + $0 * hour } + [threeOClock + 8_999 * hour + 1]
    sparse.close = [2, 3, 4, 5, 6]
    try store.market.write(sparse)
    let closes = try store.closes()
    #expect(closes.count == 9_001)
    #expect(
      [closes[0], closes[1], closes[2], closes[4_000], closes[8_999], closes[9_000]] == [2, 3, 1, 4, 5, 6])
  }

  @Test func aBarInAnotherFormIsOfTheBatchAndGetsTheStoredForm() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let raw = try scratch.raw()
    try raw.insertBar("EURUSD", "2026-03-01T16:00:00Z", close: 7)
    try store.market.write(.hourly([1, 2, 3]))
    try store.market.write(.hourly([1, 5, 3]))
    #expect(
      try raw.rows("SELECT timestamp, close FROM market_data ORDER BY timestamp") == [
        ["2026-03-01T15:00:00+00:00", "1.0"], ["2026-03-01T16:00:00+00:00", "5.0"],
        ["2026-03-01T17:00:00+00:00", "3.0"],
      ])
  }

  @Test func featuresThatAreNoTextStayWhereNoneAreGiven() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let raw = try scratch.raw()
    try store.market.write(.hourly([1, 2, 3]))
    try raw.execute("UPDATE market_data SET features = x'00ff' WHERE close = 2")
    var batch = BarBatch.hourly([4, 5, 6])
    batch.features = [BarBatch.FeatureColumn("a@1", [1, .nan, 1], qualities: [.ready, nil, .ready])]
    try store.market.write(batch)
    #expect(
      try raw.rows("SELECT close, hex(features) FROM market_data WHERE typeof(features) = 'blob'") == [
        ["5.0", "00FF"]
      ])
    batch.features = [BarBatch.FeatureColumn("a@1", [1, 1, 1])]
    let error = try refused(.corrupt) { try store.market.write(batch) }
    #expect(error.message.contains("EURUSD 1h 2026-03-01T16:00:00+00:00"))
  }

  @Test func theFirstBarThatIsMissingIsNamed() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([0, 1, 2]))
    var batch = BarBatch.hourly([])
    batch.close = nil
    batch.timestamps = (0..<5).map { threeOClock + Int64($0) * hour }
    batch.features = [BarBatch.FeatureColumn("a@1", [1, 2, 3, 4, 5])]
    let error = try refused(.missingBar) { try store.market.writeFeatures(batch) }
    #expect(error.row == 3)
    #expect(error.message.contains("2026-03-01T18:00:00+00:00"))
    #expect(
      try store.market.read(["EURUSD"], "1h", features: .json).featuresJSON(0) == nil, "nothing was written")
  }

  // MARK: Batches that are packed ahead

  private func large(_ rows: Int) -> BarBatch {
    var batch = BarBatch.hourly((0..<rows).map(Double.init))
    for feature in 0..<12 {
      var column = BarBatch.FeatureColumn(
        "f\(feature)@1", Array(repeating: .nan, count: rows), quality: .ready)
      for row in 0..<rows {
        // Some rows have no such feature.
        if (row + feature) % 5 == 0 {
          column.qualities?[row] = nil
        } else {
          column.values[row] = Double(row * feature) / 7
        }
      }
      batch.features.append(column)
    }
    return batch
  }

  @Test func aLargeBatchIsStoredAsManySmallOnesAre() throws {
    let scratch = try Scratch()
    let whole = try scratch.store("whole.db")
    let parts = try scratch.store("parts.db")
    let batch = large(3_000)
    try whole.market.write(batch)
    for start in stride(from: 0, to: 3_000, by: 100) {
      try parts.market.write(slice(batch, start..<start + 100))
    }
    let expected = try scratch.raw("parts.db").rows(Self.everything)
    #expect(try scratch.raw("whole.db").rows(Self.everything) == expected)
    // Half of the rows are there already: some are compared, the others inserted.
    _ = try whole.market.delete(
      "EURUSD", "1h", TimeRange(start: threeOClock + 1_000 * hour, end: threeOClock + 2_000 * hour))
    try whole.market.write(batch)
    let rows = "SELECT timestamp, close, features FROM market_data ORDER BY timestamp"
    #expect(try scratch.raw("whole.db").rows(rows) == scratch.raw("parts.db").rows(rows))
  }

  @Test func aBadRowOfALargeBatchIsNamedAndNothingIsWritten() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var batch = large(3_000)
    batch.features[3].values[2_345] = .infinity
    let error = try refused(.invalidFeature) { try store.market.write(batch) }
    #expect((error.row, error.key) == (2_345, "f3@1"))
    #expect(try store.market.read(["EURUSD"], "1h").count == 0)
    try store.market.write(large(3_000))
    #expect(try refused(.invalidFeature) { try store.market.write(batch) }.row == 2_345)
  }
}
