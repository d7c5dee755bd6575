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

  @Test func aThreadThatEndsInsideIsRolledBackAndOthersWriteOn() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let left = try elsewhere {
      let outer = try store.beginTransaction()
      try store.state.set("orphan", json: "1")
      try store.beginTransaction()
      try store.market.write(.hourly([1]))
      return outer
    }
    try store.state.set("k", json: "1")
    #expect(try store.state.entries().map(\.key) == ["k"])
    #expect(try store.closes().isEmpty)
    let error = try refused(.invalid) { try store.end(left, commit: true) }
    #expect(error.message.contains("over already"))
    try scratch.store().state.set("other", json: "1")
  }

  @Test func aThreadThatEndsInsideLetsWhoWaitsWrite() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    let (begun, ending) = (Gate(), Gate())
    let dying = Worker {
      try store.beginTransaction()
      try store.state.set("k", json: "1")
      begun.open()
      ending.wait()
    }
    begun.wait()
    let waiting = Worker {
      let isSwapped = try store.state.compareAndSet("k", expected: nil, json: "2")
      #expect(isSwapped)
    }
    store.lane.awaitWaiters(1)
    ending.open()
    try dying.join()
    try waiting.join()
    #expect(try store.state.get("k") == "2")
  }

  @Test func aThreadThatEndsInsideOfSeveralStoresRollsEachBack() throws {
    let (scratch, another) = (try Scratch(), try Scratch())
    let (first, second) = (try scratch.store(), try another.store())
    try elsewhere {
      for store in [first, second] {
        try store.transaction { () throws(StoreError) in try store.state.set("kept", json: "1") }
        try store.beginTransaction()
        try store.state.set("lost", json: "1")
      }
    }
    for store in [first, second] {
      try store.state.set("later", json: "1")
      #expect(try store.state.entries().map(\.key) == ["kept", "later"])
    }
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
        try refused(.invalid) { try store.commitTransaction() }
        #expect(try store.state.get("orphan") == nil)
        try store.state.set("k", json: "1")
        return pthread_self()
      }
      metTheSameHandle = metTheSameHandle || handle == dead
    }
    #expect(metTheSameHandle, "glibc hands the stack of a dead thread to the next one")
    #expect(try store.state.entries().map(\.key) == ["k"])
  }

  @Test func itBelongsToTheTaskThatBeganIt() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    defer { Store.thisThreadRuns(task: 0) }
    try store.state.set("k", json: "0")
    Store.thisThreadRuns(task: 1)
    let transaction = try store.beginTransaction()
    try store.state.set("k", json: "1")
    for other in [2, 0] {
      Store.thisThreadRuns(task: other)
      #expect(try store.state.get("k") == "0")
      try refused(.busy) { try store.state.set("k", json: "2") }
      try refused(.busy) { try store.market.write(.hourly([1])) }
      try refused(.busy) { try store.beginTransaction() }
      try refused(.busy) { try store.checkpoint() }
      try refused(.invalid) { try store.commitTransaction() }
      try refused(.invalid) { try store.rollBackTransaction() }
    }
    Store.thisThreadRuns(task: 1)
    #expect(try store.state.get("k") == "1")
    try store.end(transaction, commit: true)
    Store.thisThreadRuns(task: 2)
    #expect(try store.state.get("k") == "1")
    try store.state.set("k", json: "2")
  }

  @Test func endedInAnotherThreadOrTaskItIsRolledBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    defer { Store.thisThreadRuns(task: 0) }
    for isOtherThread in [true, false] {
      for commit in [true, false] {
        Store.thisThreadRuns(task: 0)
        let transaction = try store.beginTransaction()
        try store.state.set("lost", json: "1")
        if !isOtherThread { Store.thisThreadRuns(task: 7) }
        let end = { @Sendable in
          let error = try refused(.invalid) { try store.end(transaction, commit: commit) }
          #expect(error.message.contains("another thread or task"))
        }
        if isOtherThread { try elsewhere(end) } else { try end() }
        try elsewhere { try store.state.set("k", json: "1") }
        Store.thisThreadRuns(task: 0)
        try refused(.invalid) { try store.end(transaction, commit: commit) }
        try store.state.set("k", json: "2")
      }
    }
    #expect(try store.state.entries().map(\.key) == ["k"])
  }

  @Test func anInnerOneLeftElsewhereFailsTheOuter() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let outer = try store.beginTransaction()
    try store.state.set("outer", json: "1")
    let inner = try store.beginTransaction()
    try store.state.set("inner", json: "1")
    try elsewhere { try refused(.invalid) { try store.end(inner, commit: true) } }
    try refused(.invalid) { try store.state.set("late", json: "1") }
    try refused(.invalid) { try store.state.get("outer") }
    try refused(.invalid) { try store.end(outer, commit: true) }
    try store.state.set("after", json: "1")
    #expect(try store.state.entries().map(\.key) == ["after"])
  }

  @Test func endedOutOfOrderBothAreRolledBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let outermost = try store.beginTransaction()
    try store.state.set("outermost", json: "1")
    let outer = try store.beginTransaction()
    try store.state.set("outer", json: "1")
    let inner = try store.beginTransaction()
    try store.state.set("inner", json: "1")
    let error = try refused(.invalid) { try store.end(outer, commit: true) }
    #expect(error.message.contains("order"))
    try refused(.invalid) { try store.end(inner, commit: true) }
    try store.end(outermost, commit: true)
    #expect(try store.state.entries().map(\.key) == ["outermost"])

    let first = try store.beginTransaction()
    let second = try store.beginTransaction()
    try store.state.set("outermost", json: "2")
    try refused(.invalid) { try store.end(first, commit: true) }
    try elsewhere { try store.state.set("k", json: "1") }
    try refused(.invalid) { try store.end(second, commit: true) }
    #expect(try store.state.get("outermost") == "1")
  }

  @Test func aBodyThatLeavesAnotherOpenIsRolledBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try refused(.invalid) {
      try store.transaction { () throws(StoreError) in
        try store.state.set("k", json: "1")
        try store.beginTransaction()
      }
    }
    try refused(.invalid) {
      try store.transaction { () throws(StoreError) in
        try store.state.set("kept", json: "1")
        try store.commitTransaction()
      }
    }
    try elsewhere { try store.state.set("other", json: "1") }
    #expect(try store.state.entries().map(\.key) == ["kept", "other"])
  }

  @Test func closingInsideSaysThatItWasRolledBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let transaction = try store.beginTransaction()
    store.close()
    let error = try refused(.closed) { try store.end(transaction, commit: true) }
    #expect(error.message.contains("rolled back"))
  }
}
