// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct WriterLaneTests {
  private static let now = Deadline(secondsFromNow: 0)
  private static let late = Deadline(secondsFromNow: 600)

  @Test func isTakenAgainByItsThreadAndGivenBackAsOften() throws {
    let lane = WriterLane()
    #expect(!lane.isMine)
    try lane.enter(until: Self.now)
    try lane.enter(until: Self.now)
    #expect(lane.isMine)
    #expect(try elsewhere { lane.isMine } == false)
    lane.leave()
    try elsewhere { try refused(.busy) { try lane.enter(until: Self.now) } }
    lane.leave()
    #expect(!lane.isMine)
    try elsewhere {
      try lane.enter(until: Self.now)
      lane.leave()
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
          lane.leave()
        })
      lane.awaitWaiters(number + 1)
    }
    lane.leave()
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
      lane.leave()
    }
    lane.awaitWaiters(1)
    lane.leave()
    try lane.enter(until: Self.late)
    order.update { $0.append("comer") }
    lane.leave()
    try worker.join()
    #expect(order.value == ["waiter", "comer"])
  }

  @Test func whoGivesUpLeavesTheLineInOrder() throws {
    let lane = WriterLane()
    try lane.enter(until: Self.now)
    let worker = Worker {
      try lane.enter(until: Self.late)
      lane.leave()
    }
    lane.awaitWaiters(1)
    try elsewhere { try refused(.busy) { try lane.enter(until: Self.now) } }
    #expect(lane.waiters == 1)
    lane.leave()
    try worker.join()
    try lane.enter(until: Self.now)
    lane.leave()
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
      lane.leave()
    }
    lane.awaitWaiters(1)
    lane.leave()
    try next.join()
  }

  @Test func closingSendsEverybodyAway() throws {
    let lane = WriterLane()
    try lane.enter(until: Self.now)
    let workers = (0..<3).map { _ in Worker { try refused(.closed) { try lane.enter(until: Self.late) } } }
    lane.awaitWaiters(3)
    lane.close()
    for worker in workers { try worker.join() }
    lane.leave()
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
          lane.leave()
        }
      }
    }
    for worker in workers { try worker.join() }
    #expect(total.value == 1_200)
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
