// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

@Suite struct TransactionTests {
  @Test func bothReposBecomeVisibleAtOnce() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.transaction { () throws(StoreError) in
      try store.market.write(.hourly([1]))
      try store.state.set("k", json: "1")
    }
    #expect(try store.closes() == [1])
    #expect(try store.state.get("k") == "1")
  }

  @Test func anErrorTakesAllOfItBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try refused(.invalid) {
      try store.transaction { () throws(StoreError) in
        try store.market.write(.hourly([1]))
        try store.state.set("k", json: "1")
        try store.state.set("bad", json: "nan")
      }
    }
    #expect(try store.closes().isEmpty)
    #expect(try store.state.entries().isEmpty)
  }

  @Test func itsThreadReadsItsOwnWritesAndOthersTheLastCommit() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    try store.beginTransaction()
    try store.market.write(.hourly([10, 20]))
    try store.state.set("k", json: "1")
    #expect(try store.closes() == [10, 20])
    #expect(try store.market.latestBar("EURUSD", "1h")?.close == 20)
    #expect(try store.state.get("k") == "1")
    #expect(try store.query("SELECT count(*) FROM market_data").columns[0].integers == [2])
    #expect(try elsewhere { try store.closes() } == [1])
    #expect(try elsewhere { try store.state.get("k") == nil })
    try store.commitTransaction()
    #expect(try elsewhere { try store.closes() } == [10, 20])
  }

  @Test func othersWritesWaitAndWithoutATimeoutAreBusyAtOnce() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let other = try scratch.store()
    try store.beginTransaction()
    let error = try refused(.busy) { try elsewhere { try store.market.write(.hourly([9])) } }
    #expect(error.message.contains("thread"))
    try refused(.busy) { try other.market.write(.hourly([9])) }
    try store.commitTransaction()
    try elsewhere { try store.state.set("k", json: "1") }
    try other.market.write(.hourly([2]))
    #expect(try store.closes() == [2])
  }

  @Test func aWriteThatWaitedGoesThroughAfterTheCommit() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    try store.beginTransaction()
    try store.state.set("k", json: "1")
    let worker = Worker {
      let isSwapped = try store.state.compareAndSet("k", expected: "1", json: "2")
      #expect(isSwapped)
    }
    store.lane.awaitWaiters(1)
    try store.commitTransaction()
    try worker.join()
    #expect(try store.state.get("k") == "2")
  }

  @Test func aRefusedCallInsideIsUndoneAlone() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.transaction { () throws(StoreError) in
      try store.market.write(.hourly([1]))
      var bad = BarBatch.hourly([5, 6])
      bad.features = [BarBatch.FeatureColumn("k@1", [1, .infinity])]
      do throws(StoreError) { try store.market.write(bad) } catch {
        if error.code != .invalidFeature { throw error }
      }
      try store.state.set("k", json: "1")
    }
    #expect(try store.closes() == [1])
    #expect(try store.state.get("k") == "1")
  }

  @Test func nestedOnesAreSavepoints() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.beginTransaction()
    try store.state.set("outer", json: "1")
    try store.beginTransaction()
    try store.state.set("inner", json: "1")
    try store.beginTransaction()
    try store.state.set("innermost", json: "1")
    try store.rollBackTransaction()
    #expect(try store.state.entries().map(\.key) == ["inner", "outer"])
    try store.commitTransaction()
    #expect(try elsewhere { try store.state.entries().isEmpty }, "only the outermost commit stores")
    try store.commitTransaction()
    #expect(try elsewhere { try store.state.entries().map(\.key) } == ["inner", "outer"])
  }

  @Test func rollingTheOuterBackTakesACommittedInnerWithIt() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.beginTransaction()
    try store.transaction { () throws(StoreError) in try store.state.set("inner", json: "1") }
    try store.rollBackTransaction()
    #expect(try store.state.entries().isEmpty)
  }

  @Test func endingWhatWasNotBegunIsRefused() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try refused(.invalid) { try store.commitTransaction() }
    try refused(.invalid) { try store.rollBackTransaction() }
    try store.beginTransaction()
    try refused(.invalid) { try elsewhere { try store.commitTransaction() } }
    try refused(.invalid) { try elsewhere { try store.rollBackTransaction() } }
    try store.commitTransaction()
    try refused(.invalid) { try store.commitTransaction() }
  }

  @Test func closingRollsBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.beginTransaction()
    try store.market.write(.hourly([1]))
    store.close()
    try refused(.closed) { try store.commitTransaction() }
    #expect(try scratch.store().closes().isEmpty)
  }

  @Test func aWaitingWriterLeavesWhenTheStoreIsClosed() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    try store.beginTransaction()
    let worker = Worker { try refused(.closed) { try store.state.set("k", json: "1") } }
    store.lane.awaitWaiters(1)
    store.close()
    try worker.join()
  }

  @Test func aNewThreadDoesNotInheritADeadOnesTransaction() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let dead = try elsewhere {
      try store.beginTransaction()
      try store.state.set("orphan", json: "1")
      return pthread_self()
    }
    // The system gives thread handles out again; whether it does is not ours to say, and no matter.
    var metTheSameHandle = false
    for _ in 0..<20 {
      let handle = try elsewhere {
        try refused(.busy) { try store.state.set("k", json: "1") }
        try refused(.invalid) { try store.commitTransaction() }
        #expect(try store.state.get("orphan") == nil)
        return pthread_self()
      }
      metTheSameHandle = metTheSameHandle || handle == dead
    }
    #expect(metTheSameHandle, "glibc hands the stack of a dead thread to the next one")
    store.close()
    #expect(try scratch.store().state.entries().isEmpty)
  }
}
