// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// The latest bars whose records are kept, beside what a store finds that keeps none.
@Suite(.filesOnly(.internals)) struct LatestRecordsTests {
  /// All that a bar has.
  private struct Latest: Equatable {
    let instant: Int64
    let numbers: [UInt64]
    let texts: [String?]
    let flags: [Bool]

    init(_ bar: Bar) {
      instant = bar.timestamp
      numbers = BarColumn.table.indices.map { bar.numbers[$0].isNaN ? .max : bar.numbers[$0].bitPattern }
      texts = BarColumn.table.indices.map { bar.texts[$0] }
      flags = BarColumn.table.indices.map { bar.flags[$0] }
    }
  }

  private func latest(_ store: Store, _ symbol: String) throws -> Latest? {
    try store.market.latestBar(symbol, timeframe).map(Latest.init)
  }

  private struct Stop: Error {}

  /// What writes to the file: the store that is asked, others, and another tool.
  private struct Desk {
    var random: Seeded
    let raw: RawDatabase
    let symbols: [String]
    /// Whether rows go so rarely that the file mostly has no free pages.
    var isTidy = false
    var newest: [String: Int64] = [:]
    var number = 0

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func mayDelete() -> Bool { !isTidy || chance(5) }

    /// Frees pages and takes them for something else, perhaps all of them, before anybody sees it.
    mutating func moveAbout(_ symbol: String) throws {
      try raw.execute("BEGIN IMMEDIATE")
      for _ in 0..<3 { try delete(random.pick(symbols), by: nil) }
      if chance(30) { try raw.execute("DELETE FROM market_data WHERE symbol = '\(symbol)'") }
      for _ in 0..<Int.random(in: 20...200, using: &random) { try insert(random.pick(symbols)) }
      try raw.execute("COMMIT")
    }

    /// Some time near the latest: a new bar, the same, or one before.
    mutating func time(_ symbol: String) -> Int64 {
      let last = newest[symbol] ?? threeOClock
      let steps: Int64 = chance(60) ? 1 : Int64.random(in: -4...3, using: &random)
      let time = last + steps * minute
      newest[symbol] = max(last, time)
      return time
    }

    mutating func bar(_ symbol: String) -> Bar {
      var bar = Bar(timestamp: time(symbol))
      number += 1
      let values = [Double(number), 0.1, -0.0, 0, .nan, .infinity, 1e300, 9_007_199_254_740_993, -1.5]
      for column in [BarColumns.open, .high, .low, .close, .volume, .latencySec] where chance(70) {
        bar[number: column] = random.pick(values)
      }
      for column in [BarColumns.source, .quality] where chance(70) {
        bar[text: column] = random.pick([nil, "", "feed", "Börse", String(repeating: "long", count: 40)])
      }
      if chance(50) { bar[flag: .isGap] = chance(50) }
      if chance(20) { bar.featuresJSON = features() }
      return bar
    }

    mutating func features() -> String? {
      number += 1
      // Some are too long to be kept.
      let many = (0..<(chance(10) ? 80 : Int.random(in: 1...3, using: &random))).map {
        "\"key\($0)@1\": {\"value\": \(number), \"quality\": \"ready\"}"
      }
      return "{\(many.joined(separator: ", "))}"
    }

    mutating func batch(_ symbols: [String], _ rows: Int) -> BarBatch {
      var times: [Int64] = []
      var names: [String] = []
      for _ in 0..<rows {
        let symbol = random.pick(symbols)
        names.append(symbol)
        times.append(time(symbol))
      }
      var batch = BarBatch(symbols: names, timeframe: timeframe, timestamps: times)
      number += 1
      batch.close = times.indices.map { Double(number) + Double($0) / 256 }
      return batch
    }

    mutating func insert(_ symbol: String) throws {
      number += 1
      try raw.execute(
        "INSERT OR REPLACE INTO market_data(symbol, timeframe, timestamp, open) VALUES ('\(symbol)', '\(timeframe)',"
          + " '\(Timestamp.text(time(symbol)))', \(number).5)")
    }

    mutating func delete(_ symbol: String, by store: Store?) throws {
      let cut = (newest[symbol] ?? threeOClock) - Int64.random(in: 0...3, using: &random) * minute
      newest[symbol] = cut
      guard let store else {
        return try raw.execute(
          "DELETE FROM market_data WHERE symbol = '\(symbol)' AND timestamp > '\(Timestamp.text(cut))'")
      }
      _ = try store.market.delete(symbol, timeframe, (cut + 1)...Int64.max)
    }

    /// Writes something by way of `store`.
    mutating func write(_ store: Store) throws {
      let symbol = random.pick(symbols)
      switch Int.random(in: 0..<20, using: &random) {
      case 0...9: try store.market.write(bar(symbol), symbol, timeframe, replace: chance(10))
      case 10: try store.market.write(batch([symbol], Int.random(in: 2...150, using: &random)))
      case 11: try store.market.write(batch(symbols, Int.random(in: 2...30, using: &random)))
      case 12: if mayDelete() { try delete(symbol, by: store) }
      case 13:
        var batch = BarBatch(
          symbol: symbol, timeframe: timeframe, timestamps: [newest[symbol] ?? threeOClock])
        batch.featuresJSON = [features()]
        // It may not be there.
        do throws(StoreError) { _ = try store.market.writeFeatures(batch) } catch {}
      case 14: try store.state.set("key\(Int.random(in: 0...9, using: &random))", json: "\(number)")
      default: try store.market.write(bar(symbol), symbol, timeframe)
      }
    }
  }

  @Test(arguments: [(512, 40, false), (4096, 12, false), (4096, 300, false), (512, 200, true)])
  func areThoseThatAreStoredWhoeverWrites(pageSize: Int, series: Int, isTidy: Bool) throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    let stores = try TwoWays(scratch.path())
    let second = try scratch.store()
    let symbols = (0..<series).map { "S\($0)" }
    var desk = Desk(random: Seeded(), raw: raw, symbols: symbols, isTidy: isTidy)
    for step in 0..<500 {
      let symbol = desk.random.pick(symbols)
      switch Int.random(in: 0..<100, using: &desk.random) {
      case 0..<55: try desk.write(stores.fast)
      case 55..<62: try desk.write(second)
      case 62..<66: try desk.write(stores.plain)
      case 66..<76: for _ in 0..<Int.random(in: 1...20, using: &desk.random) { try desk.insert(symbol) }
      case 76..<78: if desk.mayDelete() { try desk.delete(symbol, by: nil) }
      case 78..<84:
        // What a transaction writes it sees, and what is taken back is gone.
        let keepsAll = desk.chance(50)
        let keepsInner = desk.chance(50)
        do {
          try stores.fast.transaction { () throws in
            try desk.write(stores.fast)
            do {
              try stores.fast.transaction { () throws in
                try desk.write(stores.fast)
                if !keepsInner { throw Stop() }
              }
            } catch is Stop {}
            try desk.write(stores.fast)
            if !keepsAll { throw Stop() }
          }
        } catch is Stop {}
      case 84: try raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      case 85: try raw.execute("PRAGMA wal_checkpoint(RESTART)")
      case 86: try raw.execute("PRAGMA wal_checkpoint(PASSIVE)")
      case 87: _ = try stores.fast.checkpoint()
      case 88: try stores.fast.backup(to: scratch.path("copy.db"), overwrite: true)
      case 89: try raw.execute("CREATE TABLE IF NOT EXISTS other(a); DROP TABLE other")
      case 90: if isTidy || desk.chance(10) { try raw.execute("VACUUM") }
      case 95, 96: if desk.chance(isTidy ? 50 : 10) { try desk.moveAbout(symbol) }
      case 91: if desk.chance(isTidy ? 2 : 10) { try raw.execute("DELETE FROM market_data") }
      case 92:
        // Another form, of a time that may be the latest.
        let time = Timestamp.text((desk.newest[symbol] ?? threeOClock) + minute / 2)
        try raw.execute(
          "INSERT OR REPLACE INTO market_data(symbol, timeframe, timestamp, open) VALUES ('\(symbol)', '\(timeframe)',"
            + " '\(time.replacing("+00:00", with: "Z"))', \(step))")
      case 93, 94: try raw.execute("DELETE FROM market_data WHERE timestamp LIKE '%Z'")
      default: break
      }
      for _ in 0..<6 {
        let symbol = desk.random.pick(symbols)
        let expected = try latest(stores.plain, symbol)
        try #require(try latest(stores.fast, symbol) == expected, "\(desk.random), step \(step): \(symbol)")
        try #require(try latest(second, symbol) == expected, "\(desk.random), step \(step): \(symbol)")
      }
    }
  }

  /// After a write the bar is read without pages, and as it is stored.
  @Test func aWrittenBarReadsAsItIsStored() throws {
    let scratch = try Scratch()
    let stores = try TwoWays(scratch.path())
    var desk = Desk(random: Seeded(), raw: try scratch.raw(), symbols: ["A", "B"])
    for step in 0..<300 {
      let symbol = desk.random.pick(desk.symbols)
      try stores.fast.market.write(desk.bar(symbol), symbol, timeframe)
      let found = try latest(stores.fast, symbol)
      try #require(found == (try latest(stores.plain, symbol)), "\(desk.random), step \(step)")
    }
  }

  /// A program that has asked for many series has the others read ahead, which changes nothing of what it is told.
  @Test func readingAheadKeepsAllSeries() throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 1024)
    let symbols = (0..<500).map { "S\($0)" }
    try raw.execute("BEGIN")
    for (number, symbol) in symbols.enumerated() {
      for step in 0..<Int64(number % 30 + 1) {
        try raw.execute(
          "INSERT INTO market_data(symbol, timeframe, timestamp, open) VALUES ('\(symbol)', '\(timeframe)',"
            + " '\(Timestamp.text(threeOClock + step * minute))', \(number))")
      }
    }
    try raw.execute("COMMIT")
    let settings = Connection.Settings(timeout: 5, synchronous: "NORMAL", walLimit: 1 << 22)
    let reader = try StoreConnection(scratch.path(), .readOnly, settings)
    reader.openWAL()
    let known = StoreKnowledge(isReadOnly: true)
    reader.join(known, writes: false)
    #expect(try reader.readAhead(series: 100, notices: 0, shouldStop: { false }) == .more)
    #expect(try reader.readAhead(series: 1000, notices: 0, shouldStop: { false }) == .end)
    #expect(known.latest.count == symbols.count)
    for (number, symbol) in symbols.enumerated() {
      let instant = try withBytes(symbol) { symbol in
        try withBytes(timeframe) { try reader.latestRecord(symbol, $0, notices: 0)?.instant }
      }
      #expect(instant == threeOClock + Int64(number % 30) * minute)
    }
    let stores = try TwoWays(scratch.path())
    for _ in 0..<3 {
      for symbol in symbols { try #require(try latest(stores.fast, symbol) == latest(stores.plain, symbol)) }
    }
  }

  @Test func recordsStayWithinTheirBound() throws {
    var records = KeptRecords()
    var random = Seeded()
    let head = KeptRecords.Head(instant: 0, found: 1, confirmed: 1, trail: PageTrail())
    func keep(_ number: Int, _ bytes: Int) throws {
      try withBytes("S\(number)") { symbol in
        try withBytes(timeframe) { timeframe in
          try withBytes([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: bytes)) { record in
            var head = head
            head.instant = Int64(number)
            let isKept = records.keep(head, record, symbol, timeframe)
            #expect(isKept)
            let found = records.find(symbol, timeframe)
            #expect((found != nil) == (bytes <= KeptRecords.longestRecord))
            guard let found else { return }
            let isThis = found.head.pointee.instant == Int64(number) && found.bytes.equals(record)
            #expect(isThis)
          }
        }
      }
    }
    for number in 0..<5000 {
      try keep(number, Int.random(in: 0...2500, using: &random))
      try keep(Int.random(in: 0...number, using: &random), Int.random(in: 0...2500, using: &random))
    }
    let (bytes, count) = (records.bytes, records.count)
    #expect(bytes <= KeptRecords.mostBytes)
    #expect(count > 1000)
    records.removeAll()
    let left = records.count
    #expect(left == 0)
  }
}

private let timeframe = "1m"
private let minute = 60 * second
