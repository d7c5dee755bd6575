// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite(.filesOnly(.locks)) struct BusyWaitTests {
  /// A connection's wait, and the line as another process has it.
  private struct Pair {
    let wait: BusyWait
    private let mine: LineMember
    private let theirs: LineMember

    init(timeout: Double = 600) throws {
      let scratch = try Scratch()
      (mine, theirs) = (LineMember(scratch.path()), LineMember(scratch.path()))
      wait = BusyWait(timeout: timeout, interruption: Interruption())
      wait.line = mine.line
    }

    var others: TicketLock { theirs.line }

    /// How many calls begin before one has stood in line.
    func callsUntilInLine() throws -> Int {
      for calls in 0..<1_000 {
        try wait.giveWay()
        if wait.isInLine { return calls }
      }
      return 1_000
    }
  }

  @Test func nobodyStandsInLineWhereNobodyWaits() throws {
    let pair = try Pair()
    #expect(try pair.callsUntilInLine() == 1_000)
    #expect(pair.others.isEmpty)
  }

  @Test func aTurnHasSoManyCallsWhileAnotherWaits() throws {
    let pair = try Pair()
    try pair.wait.giveWay()
    let place = try #require(pair.others.join())
    #expect(try pair.callsUntilInLine() < BusyWait.callsOfTurn)
    #expect(pair.others.isFirst(place))
    pair.wait.leaveLine()
    #expect(!pair.wait.isInLine)
    #expect(try pair.callsUntilInLine() == 0, "it went ahead of the other, for one call")
    pair.others.leave(place)
    pair.wait.leaveLine()
  }

  @Test func whoFindsTheLockTakenStandsInLineUntilItHasIt() throws {
    let pair = try Pair()
    #expect(pair.wait.again() == 1)
    #expect(pair.wait.isInLine)
    let place = try #require(pair.others.join())
    #expect(!pair.others.isFirst(place))
    #expect(pair.wait.again() == 1)
    pair.wait.leaveLine()
    #expect(pair.others.isFirst(place))
  }

  @Test func whoHasNoTimeDoesNotStandInLine() throws {
    let pair = try Pair(timeout: 0)
    let place = try #require(pair.others.join())
    try pair.wait.giveWay()
    #expect(!pair.wait.isInLine)
    #expect(pair.wait.again() == 0)
    #expect(!pair.wait.isInLine)
    pair.others.leave(place)
  }

  @Test func giveWayEndsWithTheCallsTime() throws {
    let pair = try Pair()
    _ = try #require(pair.others.join())
    pair.wait.deadline = Deadline(secondsFromNow: 0.01)
    try pair.wait.giveWay()
    #expect(pair.wait.deadline.isPast)
    #expect(pair.wait.again() == 0)
    pair.wait.leaveLine()
  }

  @Test func withoutALineItWaitsAsEver() throws {
    let wait = BusyWait(timeout: 600, interruption: Interruption())
    try wait.giveWay()
    #expect(wait.again() == 1)
    #expect(!wait.isInLine)
    wait.leaveLine()
  }
}
