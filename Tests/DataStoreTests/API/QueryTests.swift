// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct QueryTests {
  @Test(.filesOnly(.query)) func givesColumnsByType() throws {
    let scratch = try Scratch()
    let rows = try scratch.store().query(
      "SELECT 1 AS i, 2.5 AS r, 'text' AS t, x'00ff' AS b, NULL AS n UNION ALL SELECT NULL, 1, '', x'', 'x'")
    #expect(rows.count == 2)
    #expect(rows.columns.map(\.name) == ["i", "r", "t", "b", "n"])
    #expect(rows.columns.map(\.types) == [[1, 0], [2, 1], [3, 3], [4, 4], [0, 3]])
    #expect(rows.columns[0].integers == [1, 0])
    #expect(rows.columns[1].reals == [2.5, 0])
    #expect(rows.columns[1].integers == [0, 1])
    #expect((rows.columns[2].offsets, rows.columns[2].bytes) == ([0, 4, 4], Array("text".utf8)))
    #expect((rows.columns[3].offsets, rows.columns[3].bytes) == ([0, 2, 2], [0, 255]))
    #expect((rows.columns[4].offsets, rows.columns[4].bytes) == ([0, 0, 1], Array("x".utf8)))
  }

  @Test func bindsByPositionAndByName() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let byPosition = try store.query(
      "SELECT ?, ?, ?, ?, ?, ?",
      [
        .init(.integer(.min)), .init(.real(-0.5)), .init(.text("é")), .init(.blob([])), .init(.null),
        .init(.time(threeOClock)),
      ])
    #expect(byPosition.columns.map { $0.types[0] } == [1, 2, 3, 4, 0, 3])
    #expect(byPosition.columns[0].integers == [.min])
    #expect(byPosition.columns[5].bytes == Array("2026-03-01T15:00:00+00:00".utf8))
    let byName = try store.query(
      "SELECT :a, @b, $c, :a",
      [.init(.integer(3), name: "c"), .init(.integer(1), name: "a"), .init(.integer(2), name: "b")])
    #expect(byName.columns.map { $0.integers[0] } == [1, 2, 3, 1])
    try refused(.invalid) { try store.query("SELECT ?, ?", [.init(.null)]) }
    try refused(.invalid) { try store.query("SELECT ?", [.init(.null), .init(.null)]) }
    try refused(.invalid) { try store.query("SELECT :a, :b", [.init(.null, name: "a")]) }
    try refused(.invalid) { try store.query("SELECT ?", [.init(.time(.min))]) }
  }

  /// In either dialect.
  private static let writing = [
    "INSERT INTO system_state VALUES ('k', 1, '')", "UPDATE market_data SET close = 1",
    "DELETE FROM market_data",
    "DROP TABLE market_data", "CREATE TABLE x(y)", "CREATE TEMP TABLE x(y)", "CREATE TEMP VIEW v AS SELECT 1",
    "ALTER TABLE market_data ADD COLUMN x", "VACUUM", "REINDEX", "ANALYZE", "BEGIN", "COMMIT", "ROLLBACK",
    "SAVEPOINT s", "EXPLAIN INSERT INTO system_state VALUES ('k', 1, '')",
    "WITH n AS (SELECT 1) INSERT INTO system_state SELECT 'k', 1, '' FROM n", "SELECT 1; SELECT 2",
    "SELECT 1; DELETE FROM market_data",
    "", "   ", "-- nothing", ";", "SELEC 1", "SELECT nothing FROM nowhere",
    "SELECT 1\u{0}; DROP TABLE market_data",
  ]

  private static let writingToFiles = [
    "VACUUM INTO '/tmp/data_store_never.db'", "ATTACH ':memory:' AS other", "DETACH main", "BEGIN IMMEDIATE",
    "PRAGMA journal_mode=DELETE", "PRAGMA user_version=7", "PRAGMA wal_checkpoint", "PRAGMA synchronous=OFF",
    "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA writable_schema=1", "PRAGMA optimize",
    "PRAGMA incremental_vacuum", "SELECT load_extension('x')",
    "SELECT ds_nanoseconds('2026-03-01')", "SELECT ds_collect('2026-03-01')",
    "SELECT ds_merge_features('{}', '{}')",
    "REPLACE INTO system_state VALUES ('k', 1, '')", "SELECT abs(-9223372036854775808)", "SELECT json('{')",
  ]

  private static let writingToServers = [
    "TRUNCATE market_data", "COPY market_data TO STDOUT", "COPY market_data FROM STDIN",
    "SET search_path = x",
    "RESET ALL", "LOCK TABLE market_data", "SELECT 1 FROM market_data FOR UPDATE", "DO $$ BEGIN END $$",
    "CALL nothing()", "LISTEN x", "NOTIFY x", "DISCARD ALL", "PREPARE x AS SELECT 1", "EXECUTE x",
    "DECLARE x CURSOR FOR SELECT 1", "FETCH x", "CLOSE ALL", "SELECT 1 INTO x", "CHECKPOINT",
    "WITH n AS (DELETE FROM market_data RETURNING 1) SELECT * FROM n", "SELECT nextval('nothing')",
  ]

  @Test(arguments: writing + (Places.areOnServer ? writingToServers : writingToFiles))
  func whatDoesMoreThanReadIsRefused(sql: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    try refused(.invalid) { try store.query(sql) }
    try store.transaction { () throws(StoreError) in
      do throws(StoreError) {
        _ = try store.query(sql)
        Issue.record("refused within a transaction, too")
      } catch {
        if error.code != .invalid { throw error }
      }
    }
    #expect(try store.closes() == [1])
    #expect(try store.state.entries().isEmpty)
    #expect(try Places.areOnServer || store.info().journalMode == "wal")
  }

  private static let reading = [
    "SELECT count(*) FROM market_data", "WITH n(x) AS (VALUES (1)) SELECT x FROM n", "VALUES (1), (2)",
    "SELECT 1;", "SELECT 1; -- done",
  ]

  private static let readingFiles = [
    "PRAGMA table_info(market_data)", "PRAGMA user_version", "PRAGMA integrity_check",
    "SELECT * FROM pragma_table_info('market_data')", "EXPLAIN QUERY PLAN SELECT * FROM market_data",
    "SELECT value FROM json_each('[1,2]')", "SELECT name FROM sqlite_schema",
  ]

  private static let readingServers = [
    "SELECT value FROM json_array_elements('[1,2]')", "SELECT relname FROM pg_class",
  ]

  @Test(arguments: reading + (Places.areOnServer ? readingServers : readingFiles))
  func whatOnlyReadsRuns(sql: String) throws {
    let scratch = try Scratch()
    #expect(try scratch.store().query(sql).count > 0)
  }

  // MARK: Asked again

  @Test func theSameQuerySeesWhatWasStoredSinceAndOtherParameters() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let sql = "SELECT count(*), ? FROM system_state"
    for round in 1...20 {
      try store.state.set("\(round)", json: "1")
      let rows = try store.query(sql, [.init(.integer(Int64(-round)))])
      #expect(rows.columns.map(\.integers) == [[Int64(round)], [Int64(-round)]])
      try refused(.invalid) { try store.query(sql) }
      try refused(.invalid) { try store.query(sql, [.init(.null), .init(.null)]) }
    }
  }

  @Test func aQueryHoldsNoSnapshotOnceItHasReturned() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2, 3]))
    _ = try store.query("SELECT close FROM market_data")
    try refused(.invalid) { try store.query("SELECT json(close || '{') FROM market_data") }
    try store.market.write(.hourly([4, 5, 6]))
    #expect(try store.checkpoint().heldBack == 0)
  }

  @Test(.filesOnly(.query)) func aQueryIsJudgedAgainWhenTheSchemaHasChanged() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let raw = try scratch.raw()
    try raw.execute("CREATE TABLE other(a); INSERT INTO other VALUES (1)")
    let sql = "SELECT * FROM other"
    for _ in 0..<2 { #expect(try store.query(sql).columns.map(\.name) == ["a"]) }
    try raw.execute("ALTER TABLE other ADD COLUMN b DEFAULT 2")
    for _ in 0..<2 {
      let rows = try store.query(sql)
      #expect(rows.columns.map(\.name) == ["a", "b"])
      #expect(rows.columns.map(\.integers) == [[1], [2]])
    }
    // A function that only the store's own statements may call.
    try raw.execute("DROP TABLE other; CREATE VIEW other AS SELECT ds_now() AS a")
    let refusal = try refused(.invalid) { try store.query(sql) }
    #expect(refusal.message.contains("other"))
    try raw.execute("DROP VIEW other")
    // SQLite notices when it reads, not when it fails to prepare.
    _ = try store.state.get("k")
    let missing = try refused(.invalid) { try store.query(sql) }
    #expect(missing.message.contains("no such table"))
    try raw.execute("CREATE TABLE other(c)")
    #expect(try store.query(sql).columns.map(\.name) == ["c"])
  }

  @Test(.filesOnly(.query)) func whatWasRefusedStaysRefusedBesideQueriesThatAreKept() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for _ in 0..<3 {
      #expect(try store.query("SELECT 1").count == 1)
      #expect(try store.query("select user_version FROM pragma_user_version").count == 1)
      for sql in ["PRAGMA user_version=7", "SELECT ds_now()", "DELETE FROM system_state"] {
        try refused(.invalid) { try store.query(sql) }
      }
      try store.state.set("k", json: "1")
      #expect(try store.query("PRAGMA user_version").columns[0].integers == [1])
    }
  }

  @Test func moreQueriesThanAreKeptAreAllRight() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for number in (0..<40).map({ $0 % 13 }) {
      #expect(try store.query("SELECT \(number) AS n").columns[0].integers == [Int64(number)])
    }
  }
}
