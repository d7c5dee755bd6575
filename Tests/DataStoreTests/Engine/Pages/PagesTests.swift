// SPDX-License-Identifier: MIT
import CSQLite
import Glibc
import Testing

@testable import DataStore

/// Reads that fetch the file's pages by themselves bring what SQLite brings, of the same snapshot.
@Suite(.filesOnly(.internals)) struct PagesTests {
  private static let timeframe = "1h"

  /// Whether a reader of the file would take the rows from its pages.
  private func readsPages(_ scratch: Scratch) throws -> Bool {
    let settings = Connection.Settings(timeout: 5, synchronous: "NORMAL", walLimit: 1 << 22)
    let reader = try StoreConnection(scratch.path(), .readOnly, settings)
    // As those of the pool have.
    _ = try reader.integer("SELECT count(*) FROM sqlite_schema")
    try reader.statement("BEGIN").run()
    defer { try? reader.statement("COMMIT").run() }
    return try reader.beginPages(notices: nil)
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

  @Sendable private func fold(_ raw: RawDatabase) {
    sqlite3_wal_checkpoint_v2(raw.handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
  }

  @Test(arguments: [512, 1024, 4096, 8192, 65_536])
  func pagesBringWhatSQLiteBrings(pageSize: Int) throws {
    var random = Seeded()
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    #expect(try readsPages(scratch))
    let stores = try TwoWays(scratch.path())
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
        let found = try stores.agree("\(symbol.prefix(8)), round \(round), \(random)") {
          store throws(StoreError) in try store.rows(symbol, range)
        }
        if case .result(let rows) = found { compared += rows.times.count }
      }
    }
    #expect(compared > 1000)
  }

  @Test func aLongWALIsSearchedInAllOfItsParts() throws {
    var random = Seeded()
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: 1024)
    // The first part of the index knows 4,062 frames, each of the others 4,096.
    for _ in 0..<40 { try insert(raw, &random, rows: 60) }
    let frames = StorePath.size("\(scratch.path())-wal") / 1048
    #expect(frames > 2 * 4096 + 100)
    let found = try TwoWays(scratch.path()).agree { store throws(StoreError) in try store.rows("EURUSD") }
    guard case .result(let rows) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(rows.times.count > 100)
  }

  /// The first commit after all was folded in starts the WAL over: pages that a read still needs may be overwritten then.
  @Test func readsBesideCommitsSeeEachOfThemWholeOrNotAtAll() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let store = try scratch.store(timeout: 60)
    let symbols = ["A", "B", "C"]
    @Sendable func batch(_ value: Double) -> [BarBatch] {
      symbols.map { .hourly(Array(repeating: value, count: 400), symbol: $0) }
    }
    for part in batch(0) { try store.market.write(part) }
    let other = try scratch.store(timeout: 60)
    let raw = try scratch.raw()
    let writer = Worker {
      for value in 1...300 {
        try other.transaction { () throws(StoreError) in
          for part in batch(Double(value)) { try other.market.write(part) }
        }
        if value % 3 == 0 { fold(raw) }
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
    let store = try scratch.store()
    try store.market.write(.hourly(Array(repeating: 1, count: 100)))
    let closes = try store.transaction { () throws(StoreError) in
      try store.market.write(.hourly(Array(repeating: 2, count: 100)))
      return try store.market.read(["EURUSD"], "1h", columns: .close).close
    }
    #expect(closes == Array(repeating: 2, count: 100))
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
    for bar in 0..<100 { try raw.insertBar("A", Timestamp.text(threeOClock + Int64(bar) * hour), close: 1.5) }
    #expect(try !readsPages(scratch))
    // Some of them are not stores; what opens is read alike.
    guard let stores = try? TwoWays(scratch.path()) else { return }
    try stores.agree { store throws(StoreError) in try store.rows("A") }
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
      let found = try TwoWays(scratch.path()).agree("\(column) \(value)") { store throws(StoreError) in
        try store.rows("A")
      }
      guard case .failure(StoreError.Code.corrupt.rawValue, _) = found else {
        Issue.record("\(column) \(value): \(found)")
        continue
      }
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
    var opened = 0
    defer { #expect(opened > 0) }
    for round in 0..<(Proof.isFull ? 3000 : 200) {
      let name = "damaged.db"
      var bytes = sound
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 1024..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      for suffix in ["", "-wal", "-shm"] { unlink(scratch.path(name) + suffix) }
      try write(bytes, to: scratch.path(name))
      guard let stores = try? TwoWays(scratch.path(name)) else { continue }
      opened += 1
      for symbol in Self.symbols.prefix(3) {
        guard let found = try? stores.fast.rows(symbol), let expected = try? stores.plain.rows(symbol) else {
          continue
        }
        guard found != expected else { continue }
        // Where keys are out of order, a search finds what it meets first, SQLite's as well as ours.
        #expect(try stores.plain.check() != [], "round \(round), \(random)")
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
    let found = try TwoWays(scratch.path()).agree { store throws(StoreError) in try store.rows("A") }
    guard case .result(let rows) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(rows.times.count >= 99)
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
    let stores = try TwoWays(scratch.path())
    for _ in 0..<3 {
      let found = try stores.agree { store throws(StoreError) in try store.rows("A") }
      guard case .result(let rows) = found, rows.times.count > 18_000 else {
        Issue.record("too few rows, or an error")
        return
      }
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
    let store = try scratch.store()
    for _ in 0..<3 {
      let bars = try store.market.read(["A"], "1h", columns: [], features: .all)
      try #require(bars.count == 10_000 && bars.featureColumns.count == 20)
      for column in bars.featureColumns {
        let key = try #require(Int(column.key.text.dropFirst(3).dropLast(2)))
        let expected = (0..<10_000).map { Double($0 * 20 + key) + 0.5 }
        #expect(column.values.elementsEqual(expected), "key \(key)")
      }
    }
  }
}
