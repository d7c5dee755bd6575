// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Transactions on a server, and sessions that it ends.
@Suite(.enabled(if: Server.isThere, "DATA_STORE_POSTGRESQL names no server"))
struct PostgreSQLTransactionTests {
  private func value(_ store: Store, _ key: String) throws -> String? { try store.state.get(key) }

  /// Bars at these seconds.
  private func write(_ times: [Int64], close: Double, to store: Store) throws {
    var batch = BarBatch(symbol: "EURUSD", timeframe: "1h", timestamps: times.map { $0 * 1_000_000_000 })
    batch.close = times.map { _ in close }
    _ = try store.market.write(batch)
  }

  @Test func aFailedCallIsUndoneAlone() throws {
    let server = try Server()
    let store = try server.store()
    try store.transaction { () throws(StoreError) in
      try store.state.set("a", json: "1")
      let long = String(repeating: "k", count: 3000)
      do throws(StoreError) {
        try store.state.set(long, json: "1")
        Issue.record("a key of 3000 bytes was taken")
      } catch {
        #expect(error.code == .invalid)
      }
      do throws(StoreError) {
        _ = try store.query("SELECT nonsense")
        Issue.record("nonsense was found")
      } catch {
        #expect(error.code == .invalid)
      }
      try store.state.set("b", json: "2")
    }
    #expect(try value(store, "a") == "1")
    #expect(try value(store, "b") == "2")
  }

  @Test func aNestedOneIsTakenBackAlone() throws {
    let server = try Server()
    let store = try server.store()
    let outer = try store.beginTransaction()
    try store.state.set("a", json: "1")
    let inner = try store.beginTransaction()
    try write([0, 1], close: 1, to: store)
    try store.state.set("a", json: "2")
    try store.end(inner, commit: false)
    try write([1, 2], close: 3, to: store)
    #expect(try value(store, "a") == "1")
    try store.end(outer, commit: true)
    #expect(try value(store, "a") == "1")
    #expect(try store.market.series().map(\.bars) == [2])
  }

  @Test func othersWaitAndAreRefused() throws {
    let server = try Server()
    let first = try server.store()
    let second = try server.store(timeout: 0.1)
    let transaction = try first.beginTransaction()
    try first.state.set("a", json: "1")
    do throws(StoreError) {
      try second.state.set("b", json: "1")
      Issue.record("a writer did not wait for the transaction")
    } catch {
      #expect(error.code == .busy)
    }
    // Readers do not wait.
    #expect(try value(second, "a") == nil)
    try first.end(transaction, commit: true)
    #expect(try value(second, "a") == "1")
    try second.state.set("b", json: "1")
  }

  @Test func aSessionThatWasEndedIsReplaced() throws {
    let server = try Server()
    let store = try server.store()
    try store.state.set("a", json: "1")
    try end(server)
    #expect(try value(store, "a") == "1")
    try end(server)
    try store.state.set("a", json: "2")
    let transaction = try store.beginTransaction()
    try store.state.set("a", json: "3")
    try end(server)
    do throws(StoreError) {
      try store.end(transaction, commit: true)
      Issue.record("a lost transaction was committed")
    } catch {
      #expect(error.code == .storage)
    }
    #expect(try value(store, "a") == "2")
  }

  /// Ends all other sessions of stores in this schema, as an administrator does.
  private func end(_ server: Server) throws {
    try server.run(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'data_store'"
        + " AND pid <> pg_backend_pid() AND query LIKE '%\(server.schema)%'")
  }
}
