// SPDX-License-Identifier: MIT
import DataStore
import DataStoreFoundation
import Testing

private struct Stop: Error {}

@Suite struct AsyncStoreTests {
  @Test func manyTasksShareOneStore() async throws {
    let scratch = try Scratch()
    let desk = AsyncStore(try scratch.store())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<50 {
        group.addTask {
          try await desk.transaction { store in
            let count = try store.state.get("count", as: Int.self) ?? 0
            try store.state.set("count", count + 1)
            try store.state.set("\(number)", number)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await desk.run { try $0.state.get("count", as: Int.self) } == 50)
    #expect(try desk.store.state.entries().count == 51)
  }

  @Test func whatABodyThrowsTakesItsTransactionBack() async throws {
    let scratch = try Scratch()
    let desk = AsyncStore(try scratch.store())
    await #expect(throws: Stop.self) {
      try await desk.transaction { store in
        try store.state.set("k", 1)
        throw Stop()
      }
    }
    #expect(try await desk.run { try $0.state.get("k") } == nil)
    let error = await #expect(throws: StoreError.self) {
      try await desk.run { try $0.state.set("", json: "1") }
    }
    #expect(error?.code == .invalid)
    desk.store.close()
    let closed = await #expect(throws: StoreError.self) { try await desk.run { try $0.state.get("k") } }
    #expect(closed?.code == .closed)
  }

  @Test func aCancelledTaskStopsItsCall() async throws {
    let scratch = try Scratch()
    let desk = AsyncStore(try scratch.store())
    let endless = Task {
      try await desk.run { store in
        try store.query(
          "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
        ).count
      }
    }
    // One that waits for its turn never begins.
    let waiting = Task { try await desk.run { try $0.state.set("k", 1) } }
    waiting.cancel()
    endless.cancel()
    await #expect(throws: CancellationError.self) { try await endless.value }
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(try await desk.run { try $0.state.get("k") } == nil)
  }
}
