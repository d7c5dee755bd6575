// SPDX-License-Identifier: MIT
import CSQLite
import Testing

@testable import DataStore

/// Files that carry SQL of their own: it never runs here, and it stops no write.
@Suite(.filesOnly(.file)) struct HostileFileTests {
  private func planted(_ sql: String) throws -> (Scratch, Store) {
    let scratch = try Scratch()
    try scratch.store().market.write(.hourly([1]))
    try scratch.raw().execute(sql)
    return (scratch, try scratch.store())
  }

  @Test(arguments: [
    "BEFORE INSERT ON market_data BEGIN SELECT raise(ABORT, 'gotcha'); END",
    "AFTER INSERT ON market_data BEGIN DELETE FROM system_state; END",
    "AFTER UPDATE ON market_data BEGIN DELETE FROM market_data; END",
    "BEFORE DELETE ON market_data BEGIN SELECT raise(ABORT, 'gotcha'); END",
    "AFTER INSERT ON system_state BEGIN DELETE FROM market_data; END",
    "AFTER INSERT ON market_requests BEGIN DELETE FROM market_data; END",
  ])
  func aTriggerNeverRunsAndIsReported(body: String) throws {
    let (scratch, store) = try planted("CREATE TRIGGER evil \(body)")
    try store.state.set("k", json: "1")
    try store.market.write(.hourly([1, 2]))
    try store.market.write(.hourly([10, 20]))
    try store.market.record(
      MarketRequest(symbol: "EURUSD", timeframe: "1h", start: 0, end: 1, providerUsed: "p"))
    #expect(try store.closes() == [10, 20])
    #expect(try store.market.delete("EURUSD", "1h") == 2)
    #expect(try store.state.get("k") == "1")
    let findings = try store.check()
    #expect(findings.count == 1)
    #expect(findings.first?.contains("'evil'") == true)
    store.close()
    #expect(try scratch.raw().integer("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'") == 1)
  }

  @Test func aTriggerOnATableOfItsOwnIsItsOwnAffair() throws {
    let (scratch, store) = try planted(
      "CREATE TABLE notes(x); CREATE TRIGGER own AFTER INSERT ON notes BEGIN DELETE FROM notes; END")
    #expect(try store.check() == [])
    withExtendedLifetime(scratch) {}
  }

  @Test func viewsDoNotRun() throws {
    let (scratch, store) = try planted("CREATE VIEW bait AS SELECT randomblob(10) FROM market_data")
    try refused(.invalid) { try store.query("SELECT * FROM bait") }
    try store.market.write(.hourly([2]))
    #expect(try store.closes() == [2])
    withExtendedLifetime(scratch) {}
  }

  @Test(arguments: [
    "TABLE pragma_index_list(name, partial)", "VIEW pragma_table_xinfo AS SELECT 'key' AS name",
  ])
  func nothingStandsInForSQLitesOwnFunctions(thing: String) throws {
    let (scratch, store) = try planted("CREATE \(thing)")
    try store.market.write(.hourly([2]))
    #expect(try store.closes() == [2])
    #expect(try store.check() == [])
    withExtendedLifetime(scratch) {}
  }

  @Test(arguments: [
    "CREATE INDEX sly ON market_data(abs(close))",
    "CREATE INDEX sly ON market_data(close) WHERE close > 1",
    "CREATE INDEX sly ON system_state(key COLLATE other)",
    "CREATE UNIQUE INDEX sly ON market_data(close)",
  ])
  func anIndexThatInterferesIsRefused(sql: String) throws {
    let scratch = try Scratch()
    try scratch.store().close()
    let raw = try scratch.raw()
    sqlite3_create_collation(raw.handle, "other", SQLITE_UTF8, nil) { _, _, _, _, _ in 0 }
    try raw.execute(sql)
    let error = try refused(.schema) { try scratch.store() }
    #expect(error.message.contains("'sly'"))
  }

  @Test func anIndexThatOnlySortsIsWelcome() throws {
    let (scratch, store) = try planted("CREATE INDEX by_close ON market_data(close, source COLLATE NOCASE)")
    try store.market.write(.hourly([2]))
    #expect(try store.check() == [])
    withExtendedLifetime(scratch) {}
  }

  @Test func whatAnotherTableComputesIsNotComputedByACheck() throws {
    // Looked at, the row would be an integer overflow.
    let (scratch, store) = try planted(
      """
      CREATE TABLE other(x); CREATE INDEX by_x ON other(x); INSERT INTO other VALUES (-9223372036854775808);
      PRAGMA writable_schema=ON;
      UPDATE sqlite_schema SET sql = 'CREATE INDEX by_x ON other(abs(x))' WHERE name = 'by_x';
      """)
    #expect(try store.check() == [])
    withExtendedLifetime(scratch) {}
  }

  @Test func aTableThatGoesWhileTheStoreIsOpenIsNoFaultOfOurs() throws {
    let (scratch, store) = try planted("CREATE TABLE notes(x)")
    try scratch.raw().execute("DROP TABLE market_data")
    try refused(.schema) { try store.closes() }
    try refused(.schema) { try store.market.write(.hourly([1])) }
  }

  @Test func aFileThatIsRefusedKeepsTheWALBesideIt() throws {
    let scratch = try Scratch()
    // The first page, which will be spoilt, is in the file and not in the WAL.
    try scratch.store().market.write(.hourly([1]))
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2, 3]))
    let wal = try contents(scratch.path("bars.db-wal"))
    store.close()
    var file = try contents(scratch.path())
    file[0] = 0x20
    try write(file, to: scratch.path())
    try write(wal, to: scratch.path("bars.db-wal"))
    try refused(.schema) { try scratch.store() }
    #expect(try contents(scratch.path()) == file)
    #expect(try contents(scratch.path("bars.db-wal")) == wal)
  }

  @Test func aTableCannotStandInForTheRowsOfABatch() throws {
    let (scratch, store) = try planted(
      "CREATE TABLE ds_bars(symbol, timeframe, timestamp, close); INSERT INTO ds_bars VALUES (1, 2, 3, 4)")
    try store.market.write(.hourly([5, 6]))
    #expect(try store.closes() == [5, 6])
    withExtendedLifetime(scratch) {}
  }

  @Test func namesOfAnyKindAreData() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let names = [
      "'; DROP TABLE market_data; --", "\"", "%", "_", "a\"b'c", "\u{1F600}", "NULL", "?1", "x y", "-", "é",
      "e\u{301}",
    ]
    for (place, name) in names.enumerated() {
      try store.market.write(.hourly([Double(place)], symbol: name))
      try store.state.set(name, json: "\(place)")
    }
    for (place, name) in names.enumerated() {
      #expect(try store.closes(name) == [Double(place)])
      #expect(try store.state.get(name) == "\(place)")
      #expect(try store.state.entries(prefix: name).map(\.key).contains { $0.utf8.elementsEqual(name.utf8) })
    }
    #expect(try store.market.series().count == names.count)
    #expect(try store.check() == [])
  }

  @Test func damagedPagesAreFindingsAndTypedErrors() throws {
    let scratch = try Scratch()
    do {
      let store = try scratch.store()
      try store.market.write(.hourly((0..<3_000).map(Double.init)))
    }
    let sound = try contents(scratch.path())
    var random = Seeded()
    for _ in 0..<25 {
      var bytes = sound
      // The first page holds the header, without which there is no store to open.
      for _ in 0..<20 {
        bytes[Int.random(in: 8_192..<bytes.count, using: &random)] = UInt8(truncatingIfNeeded: random.next())
      }
      try write(bytes, to: scratch.path())
      do throws(StoreError) {
        let store = try Store(scratch.path(), StoreOptions(durability: .normal, timeout: 0))
        _ = try store.check()
        _ = try? store.market.read(["EURUSD"], "1h", features: .all)
        _ = try? store.market.write(.hourly((0..<100).map(Double.init)))
      } catch {
        #expect([.corrupt, .schema].contains(error.code), "\(random): \(error.message)")
      }
    }
  }

  // MARK: The inventory, which leaps from series to series

  /// 0xFF, and a BLOB, come behind the texts that stand for them: a leap from there would find the same series again.
  @Test(arguments: [
    ("symbol", "CAST(x'FF' AS TEXT)", "\u{FFFD} 1h"), ("symbol", "x'42'", "B 1h"),
    ("timeframe", "CAST(x'31FF' AS TEXT)", "B 1\u{FFFD}"), ("timeframe", "x'3168'", "B 1h"),
  ])
  func aNameThatIsNoTextIsListedOnceAndHidesNoOther(column: String, value: String, shown: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let symbols = ["A", "B", "C", "\u{FFFD}C", "\u{10FFFF}"]
    for symbol in symbols { try store.market.write(.hourly([1, 2], symbol: symbol)) }
    try scratch.raw().execute("UPDATE market_data SET \(column) = \(value) WHERE symbol = 'B'")
    let counted = try store.market.series()
    let leapt = try store.market.series(counts: false)
    #expect(leapt.map { "\($0.symbol) \($0.timeframe)" } == counted.map { "\($0.symbol) \($0.timeframe)" })
    #expect(leapt.map(\.first) == counted.map(\.first))
    #expect(leapt.map(\.last) == counted.map(\.last))
    let names = leapt.map { "\($0.symbol) \($0.timeframe)" }
    #expect(names.sorted() == (symbols.filter { $0 != "B" }.map { "\($0) 1h" } + [shown]).sorted())
  }

  /// Each symbol in the file in turn becomes another one, in the table or in the index, on inner pages or leaves.
  @Test func theInventoryOfAnIndexOutOfOrderEnds() throws {
    let scratch = try Scratch(in: "/dev/shm")
    try scratch.specifiedFile(pageSize: 512).execute("PRAGMA journal_mode=WAL")
    let symbols = ["SYM-B", "SYM-D", "SYM-F"]
    for symbol in symbols {
      try scratch.store().market.write(.hourly((0..<20).map { Double($0) }, symbol: symbol))
    }
    try scratch.raw().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    let sound = try contents(scratch.path())
    let prefix = Array("SYM-".utf8)
    let places = sound.indices.dropLast(5).filter { Array(sound[$0..<$0 + 4]) == prefix }.map { $0 + 4 }
    #expect(places.count >= 2 * 20 * symbols.count)
    for place in places {
      for letter in [UInt8(ascii: "A"), UInt8(ascii: "G"), 0xFF] {
        var spoilt = sound
        spoilt[place] = letter
        try write(spoilt, to: scratch.path("spoilt.db"))
        let store = try scratch.store("spoilt.db")
        let found = try store.market.series(counts: false)
        #expect((1...symbols.count + 2).contains(found.count))
        store.close()
      }
    }
  }
}
