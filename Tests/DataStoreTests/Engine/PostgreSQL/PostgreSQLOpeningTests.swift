// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Names of stores on a server, and what is refused.
@Suite struct PostgreSQLAddressTests {
  @Test(arguments: [
    ("postgresql://user:secret@host/db", "postgresql://user@host/db"),
    ("postgres://user:se?cr:et@host:5432/db?x=1", "postgres://user@host:5432/db?x=1"),
    ("postgresql://host/db?user=u&password=secret&port=1", "postgresql://host/db?user=u&port=1"),
    ("postgresql://host/db?p%61ssword=secret", "postgresql://host/db"),
    ("postgresql://host/db?sslpassword=secret&sslmode=require", "postgresql://host/db?sslmode=require"),
    ("postgresql:///db", "postgresql:///db"),
    ("postgresql://a,b:1/db?target_session_attrs=any", "postgresql://a,b:1/db?target_session_attrs=any"),
    ("postgresql://user:se@cret@host/db", "postgresql://user@host/db"),
    ("postgresql://user:se/cret@host/db?x=1", "postgresql://user@host/db?x=1"),
    ("postgresql://user:se?cr=et@host/db", "postgresql://user@host/db"),
    ("postgresql://host:1/db?pasword=secret&user=a@b", "postgresql://host:1/db?user=a@b"),
    ("postgresql://user@[::1]:5432/db?passfile=/x", "postgresql://user@[::1]:5432/db?passfile=/x"),
    ("postgresql://user:secret@[::1]:5432/db", "postgresql://user@[::1]:5432/db"),
    ("postgresql://[::1]:5432/db?user=a@b", "postgresql://[::1]:5432/db?user=a@b"),
  ])
  func passwordsAreNotShown(_ url: String, _ shown: String) {
    #expect(ExactText(ShownURL.withoutSecrets(url)) == ExactText(shown))
  }

  @Test(arguments: ["postgresql:/host/db", "mysql://host/db", "postgresqlx://h", "file:x"])
  func otherURIsAreRefused(_ path: String) {
    #expect(code { () throws(StoreError) in _ = try Store(path) } == .invalid)
  }

  @Test func instantsGoThereAndBack() {
    let instants: [Int64] = [
      .min + 1, .min + 2, -1, 0, 1, 999, 1000, 946_684_799_999_999_999, 946_684_800_000_000_000, .max,
    ]
    for instant in instants { #expect(ServerTime(instant).instant == instant) }
    #expect(ServerTime(microseconds: .max, nanoseconds: 0).instant == nil)
    #expect(ServerTime(microseconds: .min, nanoseconds: 0).instant == nil)
    #expect(ServerTime(microseconds: 0, nanoseconds: 1000).instant == nil)
  }

  @Test func parametersAreFoundOutsideOfQuotes() throws {
    let parameters = [QueryParameter(.integer(1), name: "a"), QueryParameter(.integer(2), name: "b")]
    let named = try QuerySQL(
      "SELECT :b, :a, :b, ':a', x::text, \":a\" -- :a\n, $q$:a$q$ /* :a */", parameters)
    #expect(named.sql == "SELECT $1, $2, $1, ':a', x::text, \":a\" -- :a\n, $q$:a$q$ /* :a */")
    #expect(named.values.count == 2)
    let marks = try QuerySQL(
      "SELECT ?, '?', E'\\'?', ?", [QueryParameter(.integer(1)), QueryParameter(.null)])
    #expect(marks.sql == "SELECT $1, '?', E'\\'?', $2")
    #expect(
      code { () throws(StoreError) in _ = try QuerySQL("SELECT $2", [QueryParameter(.null)]) } == .invalid)
    #expect(code { () throws(StoreError) in _ = try QuerySQL("SELECT :c", parameters) } == .invalid)
  }
}

/// Schemas that are a store, and others.
@Suite(.enabled(if: Server.isThere, "DATA_STORE_POSTGRESQL names no server"))
struct PostgreSQLOpeningTests {
  @Test func aSecondOpeningFindsTheTables() throws {
    let server = try Server()
    let first = try server.store()
    try first.state.set("key", json: "1")
    let second = try server.store()
    #expect(try second.state.get("key") == "1")
    #expect(try second.check() == [])
  }

  @Test func otherColumnsAreRefused() throws {
    let server = try Server()
    _ = try server.store()
    try server.run("ALTER TABLE \(server.schema).system_state ADD COLUMN note text")
    #expect(code { () throws(StoreError) in _ = try Store(server.url) } == .schema)
  }

  @Test func anotherVersionIsRefused() throws {
    let server = try Server()
    _ = try server.store()
    try server.run("COMMENT ON TABLE \(server.schema).market_data IS 'data_store schema 2'")
    #expect(code { () throws(StoreError) in _ = try Store(server.url) } == .schema)
  }

  @Test func aReadOnlyStoreMakesNoTables() throws {
    let server = try Server()
    #expect(
      code { () throws(StoreError) in _ = try Store(server.url, StoreOptions(isReadOnly: true)) } == .schema)
    #expect(try server.text("SELECT to_regclass('\(server.schema).market_data') IS NULL") == "t")
  }

  @Test func partitionedTablesAreTakenAsTheyAre() throws {
    let server = try Server()
    let table = ServerSchema.marketData.ddl(server.schema)
    try server.run(table + " PARTITION BY HASH (symbol)")
    for part in 0..<3 {
      try server.run(
        "CREATE TABLE \(server.schema).part\(part) PARTITION OF \(server.schema).market_data"
          + " FOR VALUES WITH (MODULUS 3, REMAINDER \(part))")
    }
    let store = try server.store()
    for symbol in ["A", "B", "C", "D"] { try store.market.write(Bar(timestamp: 0), symbol, "1h") }
    #expect(try store.market.series().map(\.symbol) == ["A", "B", "C", "D"])
    #expect(try store.check() == [])
  }
}

/// The code of the error that a call throws.
private func code(_ body: () throws(StoreError) -> Void) -> StoreError.Code? {
  do throws(StoreError) {
    try body()
    return nil
  } catch {
    return error.code
  }
}
