// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

@Suite struct InterruptTests {
  /// Interrupts again and again until the worker's call has ended: one that comes before the call begins is
  /// none of its business.
  private func interrupt(_ store: Store, until isDone: Kept<Bool>) throws {
    while !isDone.value {
      try store.interrupt()
      sched_yield()
    }
  }

  private func expectInterrupted(
    _ store: Store, _ body: @escaping @Sendable () throws -> Void
  ) throws {
    let isDone = Kept(false)
    let worker = Worker {
      defer { isDone.value = true }
      try refused(.interrupted) { try body() }
    }
    try interrupt(store, until: isDone)
    try worker.join()
  }

  @Test func stopsAnEndlessQuery() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try expectInterrupted(store) {
      _ = try store.query(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")
    }
    #expect(try store.query("SELECT 1").count == 1, "the connection is as good as before")
  }

  @Test func stopsAWriterThatStandsInLine() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    try store.beginTransaction()
    try expectInterrupted(store) { try store.state.set("k", json: "1") }
    try store.commitTransaction()
    #expect(try store.state.get("k") == nil)
  }

  @Test func stopsAWriterThatWaitsForAnotherProcess() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    let tool = try scratch.heldTool()
    try tool.beginWriting()
    try expectInterrupted(store) { try store.state.set("k", json: "1") }
    try tool.rollBack()
    #expect(try store.state.get("k") == nil)
    try store.state.set("k", json: "2")
  }

  @Test func leavesNothingOfAWriteThatItStopped() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let batch = BarBatch.hourly((0..<100_000).map(Double.init))
    let isDone = Kept(false)
    let written = Kept(false)
    let worker = Worker {
      defer { isDone.value = true }
      do {
        try store.market.write(batch)
        written.value = true
      } catch let error as StoreError {
        #expect(error.code == .interrupted, "\(error.message)")
      }
    }
    try interrupt(store, until: isDone)
    try worker.join()
    #expect(try store.info().marketDataRows == (written.value ? 100_000 : 0))
    #expect(try store.check() == [])
  }

  @Test func withNothingRunningItDoesNothing() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.interrupt()
    try store.market.write(.hourly([1]))
    #expect(try store.closes() == [1])
  }
}
