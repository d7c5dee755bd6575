// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

@Suite struct BackupTests {
  @Test func theCopyIsAStoreOfItsOwn() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly((0..<2_000).map(Double.init)))
    try store.state.set("k", json: "1")
    try store.backup(to: scratch.path("copy.db"))
    try store.market.write(.hourly([99]))
    let copy = try scratch.store("copy.db")
    #expect(try copy.closes() == (0..<2_000).map(Double.init))
    #expect(try copy.state.get("k") == "1")
    #expect(try copy.check() == [])
    try copy.market.write(.hourly([7]))
    #expect(try store.closes()[0] == 99)
  }

  @Test func anExistingTargetIsRefusedUnlessToBeOverwritten() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    try write(Array("mine".utf8), to: scratch.path("copy.db"))
    try refused(.invalid) { try store.backup(to: scratch.path("copy.db")) }
    #expect(try contents(scratch.path("copy.db")) == Array("mine".utf8))
    try store.backup(to: scratch.path("copy.db"), overwrite: true)
    #expect(try scratch.store("copy.db").closes() == [1])
  }

  @Test func theStoreItselfIsAlwaysRefused() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    #expect(symlink("bars.db", scratch.path("link.db")) == 0)
    #expect(link(scratch.path("bars.db"), scratch.path("hard.db")) == 0)
    for name in ["bars.db", "link.db", "hard.db"] {
      for overwrite in [false, true] {
        try refused(.invalid) { try store.backup(to: scratch.path(name), overwrite: overwrite) }
      }
    }
    #expect(try store.closes() == [1])
  }

  @Test func aTargetThatIsInUseIsRefused() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let used = try scratch.store("used.db")
    try used.state.set("k", json: "1")
    try refused(.invalid) { try store.backup(to: scratch.path("used.db"), overwrite: true) }
    #expect(try used.state.get("k") == "1")
  }

  @Test func aFailedOneLeavesNothingBehind() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let before = scratch.names
    try refused(.storage) { try store.backup(to: scratch.path("no/such/folder.db")) }
    try refused(.storage) { try store.backup(to: scratch.folder) }
    try refused(.invalid) { try store.backup(to: "") }
    #expect(scratch.names == before)
  }

  @Test func itIsOfOneMomentWhileOthersWrite() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    @Sendable func write(_ value: Int) throws {
      try store.transaction { () throws(StoreError) in
        for key in 0..<20 { try store.state.set("k\(key)", json: "\(value)") }
      }
    }
    try write(0)
    let isDone = Kept(false)
    let worker = Worker {
      defer { isDone.value = true }
      for value in 1...60 { try write(value) }
    }
    var number = 0
    while !isDone.value {
      let name = "copy\(number).db"
      number += 1
      try store.backup(to: scratch.path(name))
      #expect(Set(try scratch.store(name).state.entries().map(\.json)).count == 1)
    }
    try worker.join()
  }

  @Test func withinATransactionItHoldsWhatWasCommitted() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.state.set("k", json: "1")
    try store.beginTransaction()
    try store.state.set("k", json: "2")
    try store.backup(to: scratch.path("copy.db"))
    try store.rollBackTransaction()
    #expect(try scratch.store("copy.db").state.get("k") == "1")
  }
}
