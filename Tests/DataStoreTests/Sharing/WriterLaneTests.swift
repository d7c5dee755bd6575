// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct WriterLaneTests {
  private static let now = Deadline(secondsFromNow: 0)
  private static let late = Deadline(secondsFromNow: 600)

  @Test func isTakenAgainByItsThreadAndGivenBackAsOften() throws {
    let lane = WriterLane()
    try lane.enter(until: Self.now)
    try lane.enter(until: Self.now)
    #expect(lane.leave() == nil)
    try elsewhere { try refused(.busy) { try lane.enter(until: Self.now) } }
    #expect(lane.leave() == nil)
    try elsewhere {
      try lane.enter(until: Self.now)
      #expect(lane.leave() == nil)
    }
  }

  @Test func firstComeFirstServed() throws {
    let lane = WriterLane()
    let order = Kept<[Int]>([])
    try lane.enter(until: Self.now)
    var workers: [Worker] = []
    for number in 0..<8 {
      workers.append(
        Worker {
          try lane.enter(until: Self.late)
          order.update { $0.append(number) }
          #expect(lane.leave() == nil)
        })
      lane.awaitWaiters(number + 1)
    }
    #expect(lane.leave() == nil)
    for worker in workers { try worker.join() }
    #expect(order.value == Array(0..<8))
    #expect(lane.waiters == 0)
  }

  @Test func whoLeavesAndComesBackStandsBehindWhoWaits() throws {
    let lane = WriterLane()
    let order = Kept<[String]>([])
    try lane.enter(until: Self.now)
    let worker = Worker {
      try lane.enter(until: Self.late)
      order.update { $0.append("waiter") }
      #expect(lane.leave() == nil)
    }
    lane.awaitWaiters(1)
    #expect(lane.leave() == nil)
    try lane.enter(until: Self.late)
    order.update { $0.append("comer") }
    #expect(lane.leave() == nil)
    try worker.join()
    #expect(order.value == ["waiter", "comer"])
  }

  @Test func whoGivesUpLeavesTheLineInOrder() throws {
    let lane = WriterLane()
    try lane.enter(until: Self.now)
    let worker = Worker {
      try lane.enter(until: Self.late)
      #expect(lane.leave() == nil)
    }
    lane.awaitWaiters(1)
    try elsewhere { try refused(.busy) { try lane.enter(until: Self.now) } }
    #expect(lane.waiters == 1)
    #expect(lane.leave() == nil)
    try worker.join()
    try lane.enter(until: Self.now)
    #expect(lane.leave() == nil)
  }

  @Test func interruptingReachesWhoWaitsNowAndNobodyLater() throws {
    let lane = WriterLane()
    try lane.enter(until: Self.now)
    let worker = Worker { try refused(.interrupted) { try lane.enter(until: Self.late) } }
    lane.awaitWaiters(1)
    lane.interrupt()
    try worker.join()
    let next = Worker {
      try lane.enter(until: Self.late)
      #expect(lane.leave() == nil)
    }
    lane.awaitWaiters(1)
    #expect(lane.leave() == nil)
    try next.join()
  }

  @Test func closingSendsEverybodyAway() throws {
    let lane = WriterLane()
    try lane.enter(until: Self.now)
    let workers = (0..<3).map { _ in Worker { try refused(.closed) { try lane.enter(until: Self.late) } } }
    lane.awaitWaiters(3)
    lane.close()
    for worker in workers { try worker.join() }
    #expect(lane.leave() == nil)
    try refused(.closed) { try lane.enter(until: Self.late) }
  }

  @Test func manyThreadsNeverHoldItTogether() throws {
    let lane = WriterLane()
    let inside = Kept(0)
    let total = Kept(0)
    let workers = (0..<6).map { _ in
      Worker {
        for _ in 0..<200 {
          try lane.enter(until: Self.late)
          inside.update { $0 += 1 }
          #expect(inside.value == 1)
          inside.update { $0 -= 1 }
          total.update { $0 += 1 }
          #expect(lane.leave() == nil)
        }
      }
    }
    for worker in workers { try worker.join() }
    #expect(total.value == 1_200)
  }

  @Test func aTransactionKeepsItBetweenCallsForItsThread() throws {
    let lane = WriterLane()
    let transaction = TransactionID.next()
    #expect(!lane.enterTransaction())
    try lane.enter(until: Self.now)
    #expect(!lane.enterTransaction(), "a call without a transaction reads as ever")
    lane.keep(for: transaction)
    #expect(lane.leave() == nil)
    try elsewhere {
      #expect(!lane.enterTransaction())
      try refused(.busy) { try lane.enter(until: Self.now) }
    }
    #expect(lane.enterTransaction())
    lane.end(from: 0)
    #expect(lane.leave() == nil)
    #expect(!lane.enterTransaction())
    try elsewhere {
      try lane.enter(until: Self.now)
      #expect(lane.leave() == nil)
    }
  }

  @Test func aTransactionKeepsItForItsTaskAlone() throws {
    let lane = WriterLane()
    Store.thisThreadRuns(task: 1)
    defer { Store.thisThreadRuns(task: 0) }
    try lane.enter(until: Self.late)
    lane.keep(for: .next())
    #expect(lane.leave() == nil)
    for other in [2, 0, -1] {
      Store.thisThreadRuns(task: other)
      #expect(!lane.enterTransaction())
      let error = try refused(.busy) { try lane.enter(until: Self.late) }
      #expect(error.message.contains("task"))
    }
    Store.thisThreadRuns(task: 1)
    try lane.enter(until: Self.late)
    lane.end(from: 0)
    #expect(lane.leave() == nil)
    Store.thisThreadRuns(task: 2)
    try lane.enter(until: Self.late)
    #expect(lane.leave() == nil)
  }

  @Test func whatIsGivenUpIsTakenBackByWhoNoticed() throws {
    let lane = WriterLane()
    let (outer, inner) = (TransactionID.next(), TransactionID.next())
    try lane.enter(until: Self.now)
    lane.keep(for: outer)
    lane.keep(for: inner)
    #expect(lane.leave() == nil)
    try elsewhere {
      #expect(lane.giveUp(.next()) == .over)
      #expect(lane.giveUp(inner) == .now(1))
      lane.end(from: 1)
      #expect(lane.leave() == nil)
      try refused(.busy) { try lane.enter(until: Self.now) }
    }
    #expect(lane.enterTransaction(), "the outer one keeps the turn")
    #expect(lane.leave() == nil)
    try elsewhere {
      #expect(lane.giveUp(outer) == .now(0))
      lane.end(from: 0)
      #expect(lane.leave() == nil)
      try lane.enter(until: Self.now)
      #expect(lane.leave() == nil)
    }
    #expect(lane.giveUp(outer) == .over)
  }

  @Test func whatIsGivenUpDuringACallIsTakenBackByThatCall() throws {
    let lane = WriterLane()
    let (outer, inner) = (TransactionID.next(), TransactionID.next())
    try lane.enter(until: Self.now)
    lane.keep(for: outer)
    lane.keep(for: inner)
    try lane.enter(until: Self.now)
    #expect(try elsewhere { lane.giveUp(inner) } == .later)
    #expect(try elsewhere { lane.giveUp(outer) } == .later)
    #expect(lane.leave() == nil, "a call within the call")
    #expect(lane.leave() == 0)
    lane.end(from: 0)
    #expect(lane.leave() == nil)
    try elsewhere {
      try lane.enter(until: Self.now)
      #expect(lane.leave() == nil)
    }
  }

  @Test func itsOwnerWaitsWhileItsTransactionIsTakenBack() throws {
    let lane = WriterLane()
    let transaction = TransactionID.next()
    let isTakenBack = Kept(false)
    let (given, entering) = (Gate(), Gate())
    let owner = Worker {
      try lane.enter(until: Self.now)
      lane.keep(for: transaction)
      #expect(lane.leave() == nil)
      given.open()
      entering.wait()
      try lane.enter(until: Self.late)
      #expect(isTakenBack.value)
      #expect(lane.leave() == nil)
    }
    given.wait()
    #expect(lane.giveUp(transaction) == .now(0))
    entering.open()
    isTakenBack.value = true
    lane.end(from: 0)
    #expect(lane.leave() == nil)
    try owner.join()
  }

  @Test func everyThreadHasANumberThatNoOtherEverHas() throws {
    let mine = ThreadID.current
    #expect(mine == ThreadID.current)
    let others = try (0..<50).map { _ in try elsewhere { Kept(ThreadID.current) }.value }
    for (place, other) in others.enumerated() {
      #expect(other != mine)
      #expect(!others[..<place].contains(other))
    }
  }
}
