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
    let copy = try scratch.file("copy.db")
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
    #expect(try scratch.file("copy.db").closes() == [1])
  }

  @Test(.filesOnly(.file)) func theStoreItselfIsAlwaysRefused() throws {
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

  @Test(.filesOnly(.file), arguments: ["-wal", "-shm", "-journal"])
  func theStoresOwnFilesAreAlwaysRefused(suffix: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    #expect(symlink(scratch.folder, scratch.path("folder")) == 0)
    let side = "bars.db" + suffix
    var targets = [side, "./" + side, "folder/" + side]
    if link(scratch.path(side), scratch.path("hard")) == 0 { targets.append("hard") }
    let before = scratch.names
    for target in targets {
      for overwrite in [false, true] {
        try refused(.invalid) { try store.backup(to: scratch.path(target), overwrite: overwrite) }
      }
    }
    #expect(scratch.names == before)
    try store.market.write(.hourly([2]))
    store.close()
    #expect(try scratch.store().closes() == [2])
  }

  @Test(arguments: ["-wal", "-journal"], [false, true])
  func aTargetBesideWhatWasLeftIsRefused(suffix: String, isThere: Bool) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    try write(Array("left".utf8), to: scratch.path("copy.db" + suffix))
    if isThere { try write(Array("mine".utf8), to: scratch.path("copy.db")) }
    let before = scratch.names
    for overwrite in [false, true] {
      let error = try refused(.invalid) {
        try store.backup(to: scratch.path("copy.db"), overwrite: overwrite)
      }
      #expect(overwrite || !isThere ? error.message.contains(suffix) : error.message.contains("exists"))
    }
    #expect(scratch.names == before)
    #expect(try contents(scratch.path("copy.db" + suffix)) == Array("left".utf8))
    if isThere { #expect(try contents(scratch.path("copy.db")) == Array("mine".utf8)) }
  }

  @Test func theFilesOfAnotherDatabaseAreRefused() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let other = try scratch.file("other.db")
    for suffix in ["-wal", "-shm", "-journal"] {
      for overwrite in [false, true] {
        try refused(.invalid) {
          try store.backup(to: scratch.path("other.db" + suffix), overwrite: overwrite)
        }
      }
    }
    try other.state.set("k", json: "1")
    #expect(try other.state.get("k") == "1")
  }

  @Test func aReplacedFileKeepsItsPermissions() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try write([], to: scratch.path("copy.db"))
    #expect(chmod(scratch.path("copy.db"), 0o600) == 0)
    try store.backup(to: scratch.path("copy.db"), overwrite: true)
    var status = stat()
    #expect(stat(scratch.path("copy.db"), &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func aTargetThatIsInUseIsRefused() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let used = try scratch.file("used.db")
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

  @Test func itIsOneSnapshotWhileOthersWrite() throws {
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
      #expect(Set(try scratch.file(name).state.entries().map(\.json)).count == 1)
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
    #expect(try scratch.file("copy.db").state.get("k") == "1")
  }
}
