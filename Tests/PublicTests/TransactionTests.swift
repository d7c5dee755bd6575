// SPDX-License-Identifier: MIT
import DataStore
import DataStoreFoundation
import Testing

private struct Stop: Error {}

@Suite struct TransactionBodyTests {
  @Test func anyErrorTakesEverythingBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(throws: Stop.self) {
      try store.transaction {
        try store.state.set("k", 1)
        try store.market.write(.hourly([1]))
        throw Stop()
      }
    }
    #expect(try store.state.get("k") == nil)
    #expect(try store.market.read(["EURUSD"], "1h").count == 0)
    let count = try store.transaction {
      try store.state.set("k", 1)
      return try store.market.write(.hourly([1, 2]))
    }
    #expect(count == 2)
    #expect(try store.state.get("k", as: Int.self) == 1)
    // A body whose errors have a type throws that type.
    let error = #expect(throws: StoreError.self) {
      try store.transaction { () throws(StoreError) in
        try store.state.delete("k")
        try store.state.set("", json: "1")
      }
    }
    #expect(error?.code == .invalid)
    #expect(try store.state.get("k", as: Int.self) == 1)
  }
}
