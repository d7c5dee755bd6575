// SPDX-License-Identifier: MIT
import CSQLite
import Glibc
import Testing

@testable import DataStore

/// Reads that fetch the file's pages by themselves: what they bring is what SQLite brings, of the same snapshot.
@Suite struct PagesTests {
  private static let timeframe = "1h"
  private static let settings = Connection.Settings(timeout: 5, synchronous: "NORMAL", walLimit: 1 << 22)

  /// What a read brought, in a form that can be compared.
  private struct Found: Equatable {
    var times: [Int64] = []
    var numbers: [[UInt64]] = []
    var texts: [[String?]] = []
    var gaps: [Bool] = []
    var features: [String?] = []
  }

  /// A connection that has read, as those of the pool have.
  private func reader(_ scratch: Scratch) throws -> StoreConnection {
    let connection = try StoreConnection(scratch.path(), .readOnly, Self.settings)
    _ = try Schema.integer("SELECT count(*) FROM sqlite_schema", connection)
    return connection
  }

  private func snapshot<Result>(_ reader: StoreConnection, _ body: () throws -> Result) throws -> Result {
    try reader.statement("BEGIN").run()
    defer { try? reader.statement("COMMIT").run() }
    return try body()
  }

  private func found(_ reader: StoreConnection, _ symbol: String) -> Found {
    let bars = Bars(reader.collector.end(), symbols: [symbol], timeframe: Self.timeframe)
    return Found(
      times: bars.timestamps,
      numbers: [bars.open, bars.high, bars.low, bars.close, bars.volume, bars.latencySec].map { column in
        column.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern }
      },
      texts: [bars.source, bars.quality], gaps: bars.isGap,
      features: (0..<bars.count).map { bars.featuresJSON($0) })
  }

  private static let shape = ReadShape(features: .json)

  /// The rows of a series by way of SQLite.
  private func bySQLite(_ reader: StoreConnection, _ symbol: String, _ range: TimeRange = .all) throws
    -> Found
  {
    try snapshot(reader) {
      reader.collector.begin(Self.shape)
      var none: SeriesPages?
      try reader.collect(
        SeriesRead(key: SeriesKey(symbol, Self.timeframe), range: range), Self.shape, &none)
      return found(reader, symbol)
    }
  }

  /// The same from the pages; nil where they were left to SQLite.
  private func byPages(_ reader: StoreConnection, _ symbol: String, _ range: TimeRange = .all) throws
    -> Found?
  {
    try snapshot(reader) { () -> Found? in
      guard var pages = try SeriesPages(reader) else { return nil }
      return collect(reader, &pages, symbol, range)
    }
  }

  private func collect(
    _ reader: StoreConnection, _ pages: inout SeriesPages, _ symbol: String, _ range: TimeRange = .all
  ) -> Found? {
    reader.collector.begin(Self.shape)
    reader.collector.beginSymbol("\(symbol) \(Self.timeframe)", range, skip: 0)
    let low = Array((range.start.map(Timestamp.text) ?? "").utf8)
    let high = range.end.map { Array(Timestamp.text($0).utf8) }
    let isWhole = withBytes(symbol) { symbol in
      withBytes(Self.timeframe) { timeframe in
        withBytes(low) { low in
          guard let high else {
            return pages.collect(symbol, timeframe, from: low, to: nil, reader.collector)
          }
          return withBytes(high) { pages.collect(symbol, timeframe, from: low, to: $0, reader.collector) }
        }
      }
    }
    reader.collector.endSymbol(skip: 0, limit: nil, fromEnd: false)
    let rows = found(reader, symbol)
    return isWhole ? rows : nil
  }

  /// Symbols of which some need two bytes for their length, or more than a small page holds.
  private static let symbols = [
    "A", "EURUSD", String(repeating: "LONG", count: 16), String(repeating: "w", count: 120),
  ]

  private func insert(_ raw: RawDatabase, _ random: inout Seeded, rows: Int) throws {
    try raw.execute("BEGIN")
    for _ in 0..<rows {
      let time = Timestamp.text(threeOClock + Int64.random(in: 0..<2000, using: &random) * hour)
      let number = { (random: inout Seeded) -> String in
        random.pick([
          "NULL", "0", "1", "-3", "70000", "5000000000", "-9e18", "0.1", "1e300", "2.5", "123456.75",
        ])
      }
      let features = random.pick([
        "NULL", "''", "'{}'", "'\(String(repeating: "f", count: random.pick([5, 300, 5000, 40_000])))'",
      ])
      try raw.execute(
        """
        INSERT OR REPLACE INTO market_data VALUES ('\(random.pick(Self.symbols))', '\(Self.timeframe)', '\(time)',
        \(number(&random)), \(number(&random)), \(number(&random)), \(number(&random)), \(number(&random)),
        \(random.pick(["NULL", "'mt5'", "''", "'a long name of a source, longer than others'"])),
        \(random.pick(["NULL", "'ok'"])), \(random.pick(["NULL", "0", "1", "7"])), \(number(&random)), \(features))
        """)
    }
    if random.oneIn(3) { try raw.execute("DELETE FROM market_data WHERE rowid % 7 = 3") }
    try raw.execute("COMMIT")
  }

  private func fold(_ raw: RawDatabase) {
    sqlite3_wal_checkpoint_v2(raw.handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
  }

  @Test(arguments: [512, 1024, 4096, 8192, 65_536])
  func pagesBringWhatSQLiteBrings(pageSize: Int) throws {
    var random = Seeded()
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    let reader = try reader(scratch)
    var compared = 0
    for round in 0..<25 {
      try insert(raw, &random, rows: random.pick([1, 10, 120]))
      if random.oneIn(4) { fold(raw) }
      for symbol in Self.symbols {
        let first = Int64.random(in: -10..<2010, using: &random)
        let range = random.pick([
          TimeRange.all,
          TimeRange(
            start: threeOClock + first * hour,
            end: threeOClock + Int64.random(in: first..<2010, using: &random) * hour),
        ])
        let expected = try bySQLite(reader, symbol, range)
        guard let found = try byPages(reader, symbol, range) else {
          // A key that goes on in another page is SQLite's to follow.
          #expect(pageSize == 512, "\(symbol.prefix(8)), round \(round), \(random)")
          continue
        }
        #expect((found == expected), "\(symbol.prefix(8)), round \(round), \(random)")
        compared += found.times.count
      }
    }
    #expect(compared > (pageSize == 512 ? 0 : 1000))
  }

  @Test func aLongWALIsSearchedInAllOfItsParts() throws {
    var random = Seeded()
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: 1024)
    // The first part of the index knows 4,062 frames, each of the others 4,096.
    for _ in 0..<40 { try insert(raw, &random, rows: 60) }
    let frames = StorePath.size("\(scratch.path())-wal") / 1048
    #expect(frames > 2 * 4096 + 100)
    let reader = try reader(scratch)
    let found = try #require(try byPages(reader, "EURUSD"))
    #expect((try found == bySQLite(reader, "EURUSD")))
    #expect(found.times.count > 100)
  }

  @Test func theSnapshotStaysWhileOthersCommitAndFoldTheWALIn() throws {
    var random = Seeded()
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: 4096)
    let reader = try reader(scratch)
    for isFolded in [false, true, false, true] {
      try insert(raw, &random, rows: 300)
      if isFolded { fold(raw) }
      let expected = try bySQLite(reader, "A")
      try reader.statement("BEGIN").run()
      if var pages = try SeriesPages(reader) {
        for _ in 0..<5 {
          #expect((collect(reader, &pages, "A") == expected), "\(random)")
          // The first commit after all was folded in starts the WAL over.
          try insert(raw, &random, rows: 100)
          fold(raw)
        }
      } else {
        Issue.record("no pages")
      }
      try reader.statement("COMMIT").run()
      #expect(try bySQLite(reader, "A") != expected)
    }
  }

  @Test func readsBesideCommitsSeeEachOfThemWholeOrNotAtAll() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let store = try scratch.store(timeout: 60)
    let symbols = ["A", "B", "C"]
    @Sendable func batch(_ value: Double) -> [BarBatch] {
      symbols.map { .hourly(Array(repeating: value, count: 400), symbol: $0) }
    }
    for part in batch(0) { try store.market.write(part) }
    let other = try scratch.store(timeout: 60)
    let writer = Worker {
      for value in 1...300 {
        try other.transaction { () throws(StoreError) in
          for part in batch(Double(value)) { try other.market.write(part) }
        }
      }
    }
    var last = 0.0
    var seen = 0
    while last < 300 {
      let closes = try store.market.read(symbols, "1h", columns: .close).close
      #expect(closes.count == 1200)
      #expect(Set(closes).count == 1)
      let value = closes.first ?? -1
      #expect(value >= last)
      if value > last { seen += 1 }
      last = value
      if seen == 0, value < 0 { break }
    }
    try writer.join()
    #expect(seen > 0)
  }

  // MARK: What is left to SQLite

  @Test func ownTransactionsAreReadBySQLite() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: 4096)
    try raw.insertBar("A", Timestamp.text(threeOClock), close: 1)
    let reader = try reader(scratch)
    let isRead = try snapshot(reader) {
      // The snapshot begins before any code looks at the WAL.
      _ = try Schema.integer("SELECT count(*) FROM market_data", reader)
      let pages = try SeriesPages(reader)
      return pages != nil
    }
    #expect(!isRead)
    let store = try scratch.store()
    let closes = try store.transaction { () throws(StoreError) in
      try store.market.write(.hourly(Array(repeating: 2, count: 100)))
      return try store.market.read(["EURUSD"], "1h", columns: .close).close
    }
    #expect(closes.count == 100)
  }

  @Test(arguments: [
    ("timestamp)", "timestamp DESC)"), ("open        REAL,", "open REAL DEFAULT 7,"),
    ("features    JSON,", "features JSON, extra TEXT,"), ("timestamp)\n)", "timestamp)) WITHOUT ROWID"),
  ])
  func tablesThatAreOtherwiseAreReadBySQLite(part: String, other: String) throws {
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.raw()
    try raw.execute("PRAGMA journal_mode=WAL")
    let ddl = Schema.marketData.ddl.replacing(part, with: other)
    #expect(ddl != Schema.marketData.ddl)
    try raw.execute(ddl)
    try expectNoPages(try reader(scratch))
  }

  private func expectNoPages(_ reader: StoreConnection) throws {
    let isRead = try snapshot(reader) {
      let pages = try SeriesPages(reader)
      return pages != nil
    }
    #expect(!isRead)
  }

  @Test func valuesOfOtherTypesAreReadBySQLite() throws {
    for (column, value) in [
      ("close", "'text'"), ("open", "x'00'"), ("source", "x'61'"), ("features", "1"), ("is_gap", "'no'"),
      ("timestamp", "'yesterday'"), ("timestamp", "x'32'"), ("quality", "CAST(x'ff' AS TEXT)"),
    ] {
      let scratch = try Scratch(in: "/dev/shm")
      let raw = try scratch.specifiedFile(pageSize: 4096)
      for bar in 0..<3 { try raw.insertBar("A", Timestamp.text(threeOClock + Int64(bar) * hour), close: 1) }
      try raw.execute("UPDATE market_data SET \(column) = \(value) WHERE rowid = 2")
      let reader = try reader(scratch)
      #expect(try byPages(reader, "A") == nil, "\(column) \(value)")
      try refused(.corrupt) { try scratch.store().market.read(["A"], "1h", features: .json) }
    }
  }

  @Test func damagedPagesNeitherCrashNorBringOtherRows() throws {
    var random = Seeded()
    let scratch = try Scratch(in: "/dev/shm")
    do {
      let raw = try scratch.specifiedFile(pageSize: 1024)
      for _ in 0..<4 { try insert(raw, &random, rows: 60) }
      fold(raw)
      try raw.execute("PRAGMA journal_mode=DELETE; PRAGMA journal_mode=WAL")
    }
    let sound = try contents(scratch.path())
    for round in 0..<(Proof.isFull ? 3000 : 200) {
      let name = "damaged.db"
      var bytes = sound
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 1024..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      for suffix in ["", "-wal", "-shm"] { unlink(scratch.path(name) + suffix) }
      try write(bytes, to: scratch.path(name))
      guard let reader = try? StoreConnection(scratch.path(name), .readWrite, Self.settings),
        (try? Schema.integer("SELECT count(*) FROM sqlite_schema", reader)) != nil
      else { continue }
      for symbol in Self.symbols.prefix(3) {
        guard let found = try? byPages(reader, symbol), let expected = try? bySQLite(reader, symbol) else {
          continue
        }
        guard found != expected else { continue }
        // Where keys are out of order, a search finds what it meets first, SQLite's as well as ours.
        let verdict = try Schema.text("PRAGMA integrity_check(1)", reader)
        #expect(verdict != "ok", "round \(round), \(random)")
      }
    }
  }

  @Test func anIndexEntryOutOfItsOrderIsLeftToSQLiteWhichGoesOnBehindIt() throws {
    let scratch = try Scratch()
    do {
      let raw = try scratch.specifiedFile(pageSize: 512)
      for step in 0..<100 {
        try raw.insertBar("A", Timestamp.text(threeOClock + Int64(step) * hour), close: Double(step))
      }
      fold(raw)
    }
    var bytes = try contents(scratch.path())
    let key = Array("A1h2026".utf8)
    let leaves = stride(from: 0, to: bytes.count, by: 512).filter { bytes[$0] == 10 }
    let leaf = leaves[leaves.count / 2]
    let place = try #require((leaf..<leaf + 500).first { Array(bytes[$0..<$0 + key.count]) == key })
    bytes[place + 2] = UInt8(ascii: "g")
    for suffix in ["-wal", "-shm"] { unlink(scratch.path() + suffix) }
    try write(bytes, to: scratch.path())
    let reader = try reader(scratch)
    #expect(try byPages(reader, "A") == nil)
    #expect(try scratch.store().closes("A").count >= 99)
  }

  @Test func columnsThatOutgrowTheBlockOfTheFirstSymbolKeepTheirRows() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    // More than a megabyte of columns: a block of their own.
    let closes = (0..<20_000).map { Double($0) }
    try store.market.write(.hourly(closes, symbol: "A"))
    try store.market.write(.hourly(closes.reversed(), symbol: "B"))
    let bars = try store.market.read(["A", "B"], "1h")
    #expect(bars.close == closes + closes.reversed())
    #expect(bars.timestamps.count == 40_000 && bars.open.allSatisfy(\.isNaN))
  }

  /// Pages of the database that lie side by side, fetched at once, with newer ones of some of them in the WAL.
  @Test(arguments: [1024, 8192]) func runsOfPagesLeaveThoseOfTheWALInTheirPlaces(pageSize: Int) throws {
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    try raw.execute(
      """
      WITH RECURSIVE row(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM row WHERE number < 19999)
      INSERT INTO market_data(symbol, timeframe, timestamp, close, source)
      SELECT 'A', '1h', strftime('%Y-%m-%dT%H:00:00Z', 1772377200 + 3600 * number, 'unixepoch'), number, 'mt5' FROM row
      """)
    fold(raw)
    let reader = try reader(scratch)
    for _ in 0..<3 {
      let expected = try bySQLite(reader, "A")
      #expect(expected.times.count > 18_000)
      #expect((try byPages(reader, "A") == expected))
      // Some pages in a row, then one here and there, then those at the end.
      try raw.execute(
        """
        UPDATE market_data SET close = close + 0.5
        WHERE rowid BETWEEN 5000 AND 5400 OR rowid % 1999 = 0 OR rowid > 19990;
        DELETE FROM market_data WHERE rowid BETWEEN 9000 AND 9100
        """)
    }
  }

  /// Many chunks of features, of which one thread still unpacks some while the other fetches the next pages: each row has
  /// its own values. Some of the rows lie in pages of the WAL.
  @Test func featuresAreUnpackedFromThePagesThatTheyWereReadWith() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: 8192)
    let features = (0..<20).map {
      #""key\#($0)@1":{"value":' || (number * 20 + \#($0)) || '.5,"quality":"ready"}"#
    }
    try raw.execute(
      """
      WITH RECURSIVE row(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM row WHERE number < 9999)
      INSERT INTO market_data(symbol, timeframe, timestamp, source, features)
      SELECT 'A', '1h', strftime('%Y-%m-%dT%H:00:00+00:00', 1772377200 + 3600 * number, 'unixepoch'),
        'mt4', '{\(features.joined(separator: ","))}' FROM row
      """)
    fold(raw)
    try raw.execute("UPDATE market_data SET source = 'mt5' WHERE rowid BETWEEN 4000 AND 4200")
    let reader = try reader(scratch)
    for _ in 0..<3 {
      let bars = try snapshot(reader) {
        guard var pages = try SeriesPages(reader) else { throw RawDatabase.Failure(message: "no pages") }
        reader.collector.begin(ReadShape(columns: [], features: .columns))
        reader.collector.beginSymbol("A 1h", .all, skip: 0)
        // Damage would be SQLite's to look at, and its rows right.
        let isWhole = withBytes("A") { symbol in
          withBytes("1h") {
            pages.collect(symbol, $0, from: Bytes(start: nil, count: 0), to: nil, reader.collector)
          }
        }
        #expect(isWhole)
        try reader.collector.settle()
        reader.collector.endSymbol(skip: 0, limit: nil, fromEnd: false)
        return Bars(reader.collector.end(), symbols: ["A"], timeframe: "1h")
      }
      try #require(bars.count == 10_000 && bars.featureColumns.count == 20)
      for column in bars.featureColumns {
        let key = try #require(Int(column.key.text.dropFirst(3).dropLast(2)))
        let expected = (0..<10_000).map { Double($0 * 20 + key) + 0.5 }
        #expect(column.values.elementsEqual(expected), "key \(key)")
      }
    }
  }
}
