// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct TicketLockTests {
  private func members(_ count: Int) throws -> [LineMember] {
    let scratch = try Scratch()
    return (0..<count).map { _ in LineMember(scratch.path()) }
  }

  @Test func firstComeFirst() throws {
    let all = try members(3)
    let places = try all.map { try #require($0.line.join()) }
    #expect(zip(all, places).map { $0.line.isFirst($1) } == [true, false, false])
    all[1].line.leave(places[1])
    #expect(!all[2].line.isFirst(places[2]))
    all[0].line.leave(places[0])
    #expect(all[2].line.isFirst(places[2]))
    let again = try #require(all[0].line.join())
    #expect(!all[0].line.isFirst(again), "one that comes back stands behind those that wait")
    #expect(all[2].line.isFirst(places[2]))
  }

  @Test func storesOfOneProcessStandInItToo() throws {
    let all = try members(2)
    let places = try (0..<3).map { _ in try #require(all[0].line.join()) }
    let other = try #require(all[1].line.join())
    #expect(places.map(all[0].line.isFirst) == [true, false, false])
    for place in places {
      #expect(!all[1].line.isFirst(other))
      all[0].line.leave(place)
    }
    #expect(all[1].line.isFirst(other))
  }

  @Test func everybodySeesWhetherItIsEmpty() throws {
    let all = try members(3)
    #expect(all.map(\.line.isEmpty) == [true, true, true])
    let place = try #require(all[0].line.join())
    #expect(all.map(\.line.isEmpty) == [false, false, false])
    all[0].line.leave(place)
    #expect(all.map(\.line.isEmpty) == [true, true, true])
  }

  @Test func whoDiesLeavesIt() throws {
    var all = try members(2)
    _ = all[0].line.join()
    let place = try #require(all[1].line.join())
    #expect(!all[1].line.isFirst(place))
    all.removeFirst()
    #expect(all[0].line.isFirst(place))
  }

  @Test func whoIsStoppedIsForgotten() throws {
    let all = try members(2)
    let now = Deadline.now
    let stopped = try #require(all[0].line.join(now - TicketLock.oldest - 1))
    #expect(all[1].line.isEmpty)
    let place = try #require(all[1].line.join())
    #expect(all[1].line.isFirst(place))
    #expect(all[1].line.renewed(place) == place)
    let renewed = try #require(all[0].line.renewed(stopped))
    #expect(renewed >= now, "it goes to the end of the line when it runs again")
    #expect(!all[0].line.isFirst(renewed))
  }

  @Test func aDescriptorWithoutLocksHasNoPlaces() {
    let line = TicketLock(descriptor: -1)
    #expect(line.join() == nil)
    #expect(line.isEmpty)
  }
}
