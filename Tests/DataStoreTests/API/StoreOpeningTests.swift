// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

@Suite struct StoreOpeningTests {
  // MARK: New files

  @Test(.filesOnly(.file)) func anAbsentAndAnEmptyFileBecomeAStore() throws {
    let scratch = try Scratch()
    try write([], to: scratch.path("empty.db"))
    for name in ["absent.db", "empty.db"] {
      try scratch.store(name).close()
      let raw = try scratch.raw(name)
      #expect(try raw.integer("PRAGMA user_version") == 1)
      #expect(try raw.text("PRAGMA journal_mode") == "wal")
      #expect(
        try raw.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
          == [["market_data"], ["market_requests"], ["system_state"]])
      #expect(
        try raw.integer("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL") == 0)
    }
  }

  @Test func closingTwiceIsFineAndLeavesOneFile() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2]))
    store.close()
    store.close()
    #expect(scratch.names == (Places.areOnServer ? [] : ["bars.db"]))
    try refused(.closed) { try store.market.write(.hourly([3])) }
    try refused(.closed) { try store.closes() }
    try refused(.closed) { try store.market.write(.hourly([])) }
    try refused(.closed) { try store.state.get("k") }
    try refused(.closed) { try store.checkpoint() }
    try refused(.closed) { try store.beginTransaction() }
    try refused(.closed) { try store.interrupt() }
    try refused(.closed) { try store.query("SELECT 1") }
    try refused(.closed) { try store.connectionScript() }
    try refused(.closed) { try store.market.scan(["EURUSD"], "1h") }
    #expect(try scratch.store().closes() == [1, 2])
  }

  @Test(.filesOnly(.file)) func closingAfterReadsFoldsTheWALInToo() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2]))
    #expect(try store.closes() == [1, 2])
    store.close()
    #expect(scratch.names == ["bars.db"])
  }

  @Test func twoStoresOnOneFileSeeEachOthersCommits() throws {
    let scratch = try Scratch()
    let first = try scratch.store()
    let second = try scratch.store()
    try first.market.write(.hourly([1]))
    try second.market.write(.hourly([1, 2]))
    #expect(try first.closes() == [1, 2])
    first.close()
    try second.market.write(.hourly([1, 2, 3]))
    second.close()
    #expect(try scratch.store().closes() == [1, 2, 3])
  }

  @Test(.filesOnly(.file)) func aStoreThatIsLetGoClosesItself() throws {
    let scratch = try Scratch()
    do { try scratch.store().market.write(.hourly([1])) }
    #expect(scratch.names == ["bars.db"])
  }

  // MARK: Options and paths

  @Test(arguments: [-1, -0.001, 1_000_001, .infinity, -.infinity, .nan] as [Double])
  func aTimeoutOutsideItsRangeIsRefusedBeforeAnythingIsMade(timeout: Double) throws {
    let scratch = try Scratch()
    let error = try refused(.invalid) { try scratch.store(timeout: timeout) }
    #expect(error.key == "timeout")
    #expect(scratch.names.isEmpty)
  }

  @Test func theLongestTimeoutIsTaken() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: StoreOptions.maximumTimeout)
    try store.market.write(.hourly([1]))
    #expect(try store.closes() == [1])
  }

  @Test(arguments: ["", ".", "/tmp", "/tmp/", "/dev/null", "/tmp/no_such_folder_of_data_store/bars.db"])
  func aPathThatCannotBeAFileIsRefused(path: String) throws {
    let error = try #require(throws: StoreError.self) { _ = try Store(path) }
    #expect([.invalid, .storage].contains(error.code), "\(error.message)")
  }

  @Test(.filesOnly(.file)) func symbolicLinksAreFollowedAndDanglingOnesRefused() throws {
    let scratch = try Scratch()
    try scratch.store("real.db").market.write(.hourly([1]))
    #expect(symlink("real.db", scratch.path("link.db")) == 0)
    let store = try scratch.store("link.db")
    #expect(store.path == scratch.path("real.db"))
    #expect(try store.closes() == [1])
    try store.market.write(.hourly([1, 2]))
    store.close()
    #expect(symlink("nowhere.db", scratch.path("dangling.db")) == 0)
    let error = try refused(.storage) { try scratch.store("dangling.db") }
    #expect(error.message.contains("symbolic link"))
    #expect(!scratch.names.contains("nowhere.db"))
  }

  @Test(
    arguments: [
      ":memory:", "file:bars.db", "file:bars.db?mode=ro", "FILE:bars.db", "sqlite:///bars.db",
      "sqlite:/bars.db",
      "sqlite+aiosqlite:///bars.db", "jdbc:sqlite:bars.db", "s3://bucket/bars.db", "bars.db\0",
      "a\0b",
    ])
  func whatIsNoPathIsRefusedWithTheRemedy(path: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for options in [StoreOptions(), StoreOptions(isReadOnly: true)] {
      let error = try refused(.invalid) { try Store(path, options) }
      #expect(error.key == "path")
    }
    let error = try refused(.invalid) { try store.backup(to: path) }
    #expect(error.key == "target")
  }

  @Test(.filesOnly(.file), arguments: ["file:x.db", ":memory:", "sqlite:x", "a:b", "12:30"])
  func aFileMayHaveAnOddName(name: String) throws {
    let scratch = try Scratch()
    try scratch.store(name).close()
    #expect(scratch.names == [name])
  }

  @Test(.filesOnly(.file)) func aPathThatIsTooLongSaysSo() throws {
    let scratch = try Scratch()
    for name in [String(repeating: "n", count: 248), String(repeating: "n", count: 300)] {
      let error = try refused(.storage) { try scratch.store(name) }
      #expect(error.message.contains("too long"))
    }
    #expect(scratch.names.isEmpty)
    try scratch.store(String(repeating: "n", count: 247)).state.set("k", json: "1")
  }

  // MARK: What was left beside

  @Test(.filesOnly(.file), arguments: ["-wal", "-journal"], [false, true])
  func aNewStoreBesideWhatWasLeftIsRefused(suffix: String, isThere: Bool) throws {
    let scratch = try Scratch()
    let left: [UInt8]
    if suffix == "-wal" {
      left = Array("what was committed last".utf8)
    } else {
      // The header of a journal of a database of two pages.
      left =
        [0xd9, 0xd5, 5, 0xf9, 0x20, 0xa1, 0x63, 0xd7] + [0, 0, 0, 1, 1, 2, 3, 4]
        + [0, 0, 0, 2, 0, 0, 2, 0, 0, 0, 16, 0]
    }
    try write(left, to: scratch.path("bars.db" + suffix))
    if isThere { try write([], to: scratch.path()) }
    let before = scratch.names
    for options in [StoreOptions(), StoreOptions(isReadOnly: true)] {
      let error = try refused(.storage) { try Store(scratch.path(), options) }
      #expect(error.message.contains(suffix))
    }
    #expect(scratch.names == before)
    #expect(try contents(scratch.path("bars.db" + suffix)) == left)
  }

  @Test(.filesOnly(.file)) func theJournalOfAMakingThatWasCutIsNoObstacle() throws {
    let scratch = try Scratch()
    var journal = [UInt8](repeating: 0, count: 512)
    journal[12...15] = [1, 2, 3, 4]
    journal[22] = 2
    for magic in [[], [0xd9, 0xd5, 5, 0xf9, 0x20, 0xa1, 0x63, 0xd7]] as [[UInt8]] {
      journal.replaceSubrange(0..<magic.count, with: magic)
      try write(journal, to: scratch.path("bars.db-journal"))
      try write([], to: scratch.path())
      let store = try scratch.store()
      try store.market.write(.hourly([1]))
      store.close()
      #expect(scratch.names == ["bars.db"])
      unlink(scratch.path())
    }
    // A part of its first write.
    try write([0xd9, 0xd5, 5, 0xf9, 0x20, 0xa1], to: scratch.path("bars.db-journal"))
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
  }

  @Test(.filesOnly(.file)) func theFilesBesideADatabaseAreNoStores() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for suffix in ["-wal", "-shm", "-journal"] {
      try refused(.invalid) { try scratch.store("bars.db" + suffix) }
    }
    try store.market.write(.hourly([1]))
    #expect(try store.check() == [])
  }

  @Test(.filesOnly(.file)) func aRelativePathIsResolvedOnce() throws {
    let scratch = try Scratch()
    let up = String(repeating: "../", count: 40)
    let store = try Store(up + scratch.path("bars.db").dropFirst())
    #expect(store.path == scratch.path("bars.db"))
  }

  @Test(.filesOnly(.info)) func thePragmasOfTheSpecificationHold() throws {
    let scratch = try Scratch()
    for (durability, word) in [(Durability.full, "FULL"), (.normal, "NORMAL")] {
      let store = try scratch.store(durability: durability)
      let info = try store.info()
      #expect(info.journalMode == "wal")
      #expect(info.synchronous == word)
      #expect(info.durability == durability)
      #expect(try store.query("PRAGMA temp_store").columns[0].integers == [2])
      #expect(try store.query("PRAGMA wal_autocheckpoint").columns[0].integers == [0])
    }
  }

  @Test(
    arguments: [
      (3_006_023, true), (3_007_000, false), (3_040_001, false), (3_044_005, false), (3_044_006, true),
      (3_045_000, false), (3_050_006, false), (3_050_007, true), (3_051_000, false), (3_051_002, false),
      (3_051_003, true), (3_052_000, true),
    ] as [(Int, Bool)])
  func theVersionsWithTheWALResetBugAreKnown(version: Int, isSafe: Bool) {
    #expect(SQLiteEngine.isWALResetSafe(version) == isSafe)
  }

  // MARK: Read-only

  @Test func aReadOnlyStoreReadsAndWritesNothing() throws {
    let scratch = try Scratch()
    try scratch.store().market.write(.hourly([1]))
    let before = Places.areOnServer ? [] : try contents(scratch.path())
    let store = try Store(scratch.place(), StoreOptions(timeout: 0, isReadOnly: true))
    #expect(try store.closes() == [1])
    #expect(try store.check() == [])
    try refused(.storage) { try store.market.write(.hourly([2])) }
    try refused(.storage) { try store.state.set("k", json: "1") }
    try refused(.storage) { try store.market.delete("EURUSD", "1h") }
    try refused(.storage) { try store.beginTransaction() }
    try refused(.storage) { try store.checkpoint() }
    try store.backup(to: scratch.path("copy.db"))
    store.close()
    if !Places.areOnServer { #expect(try contents(scratch.path()) == before) }
    #expect(try scratch.file("copy.db").closes() == [1])
  }

  @Test func aReadOnlyStoreSeesWhatAWriterCommits() throws {
    let scratch = try Scratch()
    let writer = try scratch.store()
    try writer.market.write(.hourly([1]))
    let reader = try Store(scratch.place(), StoreOptions(isReadOnly: true))
    #expect(try reader.closes() == [1])
    try writer.market.write(.hourly([1, 2]))
    #expect(try reader.closes() == [1, 2])
  }

  @Test(.filesOnly(.file)) func aReadOnlyStoreNeedsAFileThatIsComplete() throws {
    let scratch = try Scratch()
    func readOnly(_ name: String) throws { _ = try Store(scratch.path(name), StoreOptions(isReadOnly: true)) }
    try refused(.storage) { try readOnly("absent.db") }
    #expect(scratch.names.isEmpty)
    try write([], to: scratch.path("empty.db"))
    try refused(.schema) { try readOnly("empty.db") }
    try scratch.raw("partial.db").execute(Schema.tables[0].ddl)
    try refused(.schema) { try readOnly("partial.db") }
  }
}
