// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Files that something else made.
@Suite(.filesOnly(.text)) struct ForeignFileTests {
  private static let ddl = Schema.tables.map(\.ddl).joined(separator: ";")

  /// Files that are not a store, each with what made it.
  private static let strangers: [(name: String, sql: String)] = [
    ("another program's", "CREATE TABLE notes(text); INSERT INTO notes VALUES ('mine')"),
    ("a view in a table's place", "CREATE TABLE t(x); CREATE VIEW market_data AS SELECT * FROM t"),
    ("a virtual table in a table's place", "CREATE VIRTUAL TABLE market_data USING fts5(symbol)"),
    ("a column less", "CREATE TABLE system_state(key TEXT PRIMARY KEY, value JSON NOT NULL)"),
    (
      "a column more",
      "CREATE TABLE system_state(key TEXT PRIMARY KEY, value JSON NOT NULL, updated_at TEXT NOT NULL, more TEXT)"
    ),
    (
      "another type",
      "CREATE TABLE system_state(key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at TEXT NOT NULL)"
    ),
    (
      "another key",
      "CREATE TABLE system_state(key TEXT, value JSON NOT NULL, updated_at TEXT NOT NULL PRIMARY KEY)"
    ),
    (
      "a generated column",
      "CREATE TABLE system_state(key TEXT PRIMARY KEY, value JSON NOT NULL, updated_at TEXT NOT NULL, g AS (key))"
    ),
    (
      "a key that folds case",
      "CREATE TABLE system_state(key TEXT PRIMARY KEY COLLATE NOCASE, value JSON NOT NULL, updated_at TEXT NOT NULL)"
    ),
    ("an index over an expression", ddl + "; CREATE INDEX evil ON system_state(abs(value))"),
    ("a partial index", ddl + "; CREATE INDEX evil ON system_state(value) WHERE value > 1"),
    ("a newer version", ddl + "; PRAGMA user_version=2"),
    ("a negative version", ddl + "; PRAGMA user_version=-1"),
  ]

  @Test(arguments: strangers.map(\.name))
  func anSQLiteFileThatIsNoStoreIsRefusedAndStaysAsItWas(name: String) throws {
    let sql = try #require(Self.strangers.first { $0.name == name }).sql
    for mode in ["delete", "wal"] {
      let scratch = try Scratch()
      do {
        let raw = try scratch.raw()
        try raw.execute("PRAGMA journal_mode=\(mode)")
        try raw.execute(sql)
      }
      let before = try contents(scratch.path())
      for isReadOnly in [false, true] {
        try refused(.schema) { try Store(scratch.path(), StoreOptions(timeout: 0, isReadOnly: isReadOnly)) }
        #expect(try contents(scratch.path()) == before)
        // A file in WAL mode cannot be looked at without its side files; they stay empty.
        #expect(mode == "wal" || scratch.names == ["bars.db"])
        #expect(StorePath.size(scratch.path() + "-wal") == 0)
      }
    }
  }

  @Test(arguments: [
    Array("x".utf8), Array("symbol,timeframe,timestamp\n".utf8), [UInt8](repeating: 0, count: 512),
    [UInt8](repeating: 0xFF, count: 10_000),
    Array("SQLite format 2\0 and then something else altogether".utf8),
  ])
  func aFileOfAnotherKindIsRefusedAndStaysAsItWas(bytes: [UInt8]) throws {
    let scratch = try Scratch()
    try write(bytes, to: scratch.path())
    for isReadOnly in [false, true] {
      try refused(.schema) { try Store(scratch.path(), StoreOptions(timeout: 0, isReadOnly: isReadOnly)) }
      #expect(try contents(scratch.path()) == bytes)
      #expect(scratch.names == ["bars.db"])
    }
  }

  @Test func aFileThatTheSpecificationsModuleWroteOpensAsItIs() throws {
    let scratch = try Scratch()
    do {
      let raw = try scratch.raw()
      try raw.execute(
        """
        PRAGMA journal_mode=WAL; \(Self.ddl);
        INSERT INTO market_data VALUES ('EURUSD', '1h', '2026-03-01T15:00:00+00:00', 1, 2, 0.5, 1.5, 100, 'mt5', 'ok', 0,
          0.2, '{"rsi@2.1": {"value": 55.5, "quality": "ready"}}');
        INSERT INTO market_requests VALUES ('EURUSD', '1h', '2026-03-01T16:00:00+00:00', 'mt5', 1,
          '2026-03-01T00:00:00+00:00', '2026-03-01T23:00:00+00:00', 0.5, 3, 'ok', NULL);
        INSERT INTO system_state VALUES ('cooldown', '{"until": null}', '2026-03-01T16:00:00+00:00');
        CREATE TABLE notes(text)
        """)
    }
    let store = try scratch.store()
    let bars = try store.market.read(["EURUSD"], "1h", features: .keys(["rsi@2.1"]))
    #expect(bars.timestamps == [threeOClock])
    #expect(bars.close == [1.5])
    #expect(bars.source == ["mt5"])
    #expect(bars.features[0].values == [55.5])
    #expect(try store.market.requests().map(\.fallbackUsed) == [true])
    #expect(try store.state.get("cooldown") == "{\"until\": null}")
    #expect(try store.check() == [])
    store.close()
    let raw = try scratch.raw()
    #expect(try raw.integer("PRAGMA user_version") == 0, "it is taken as it is")
    #expect(try raw.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'notes'") == 1)
  }

  @Test func missingTablesAreAddedAndOthersLeftAlone() throws {
    let scratch = try Scratch()
    do {
      let raw = try scratch.raw()
      try raw.execute(Schema.tables[2].ddl)
      try raw.execute("INSERT INTO system_state VALUES ('k', 1, '2026-03-01T16:00:00+00:00')")
      try raw.execute("CREATE TABLE notes(text); INSERT INTO notes VALUES ('mine')")
    }
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    #expect(try store.state.get("k") == "1")
    #expect(try store.query("SELECT text FROM notes").columns[0].bytes == Array("mine".utf8))
    #expect(try store.check() == [])
  }

  @Test func tableNamesInAnotherCaseAreOurs() throws {
    let scratch = try Scratch()
    let ddl = Self.ddl.replacing("market_data", with: "MARKET_DATA").replacing("symbol ", with: "Symbol ")
    try scratch.raw().execute(ddl)
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    #expect(try store.closes() == [1])
  }
}

extension String {
  /// (The standard library's own needs a newer library than some hosts have.)
  fileprivate func replacing(_ old: String, with new: String) -> String {
    var rest = self[...]
    var result = ""
    while let match = rest.indices.first(where: { rest[$0...].hasPrefix(old) }) {
      result += rest[..<match] + new
      rest = rest[match...].dropFirst(old.count)
    }
    return result + rest
  }
}
