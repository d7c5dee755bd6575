// SPDX-License-Identifier: MIT
import CSQLite
import Glibc
import Testing

@testable import DataStore

/// Files that go away under an open store: SQLite would go on acknowledging what is lost.
@Suite(.filesOnly(.file)) struct FileWatchTests {
  private func opened(_ scratch: Scratch) throws -> Store {
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    return store
  }

  /// A store that has made so many calls that it is told by notices; before, each call looks for itself.
  private func longOpened(_ scratch: Scratch) throws -> Store {
    let store = try opened(scratch)
    #expect(!hasNotices(store))
    for _ in 0..<40 { try store.state.set("k", json: "1") }
    #expect(hasNotices(store))
    return store
  }

  private func hasNotices(_ store: Store) -> Bool { (store.file.watch.noticesSoFar ?? -1) >= 0 }

  private func expectClosed(_ store: Store) throws {
    try refused(.closed) { try store.market.write(.hourly([2, 3])) }
    try refused(.closed) { try store.state.set("k", json: "1") }
    try refused(.closed) { try store.beginTransaction() }
    try refused(.closed) { try store.checkpoint() }
  }

  @Test func aDeletedFileIsNoticed() throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    unlink(scratch.path())
    try expectClosed(store)
    try refused(.closed) { try store.closes() }
    store.close()
    #expect(!scratch.names.contains("bars.db"))
  }

  @Test(arguments: ["a", "a/b", "a/b/c"])
  func aMovedFolderAboveItIsNoticedAtTheNextCall(folder: String) throws {
    let scratch = try Scratch()
    for name in ["a", "a/b", "a/b/c"] { mkdir(scratch.path(name), 0o700) }
    let store = try Store(scratch.path("a/b/c/bars.db"))
    try store.market.write(.hourly([1]))
    #expect(try store.closes() == [1])
    #expect(rename(scratch.path(folder), scratch.path("moved")) == 0)
    // Readers first: what they have seen of it stays to be seen for writers.
    try refused(.closed) { try store.closes() }
    try expectClosed(store)
    #expect(rename(scratch.path("moved"), scratch.path(folder)) == 0)
    try store.market.write(.hourly([1, 2]))
    #expect(try store.closes() == [1, 2])
  }

  @Test func aFileThatWasMovedAndPutBackTogetherWithItsWALLosesNothing() throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    #expect(rename(scratch.path(), scratch.path("moved.db")) == 0)
    try expectClosed(store)
    try refused(.closed) { try store.closes() }
    #expect(rename(scratch.path("moved.db"), scratch.path()) == 0)
    store.close()
    #expect(try scratch.store().closes() == [1])
  }

  @Test(arguments: ["", "-wal", "-shm"])
  func noticesTellOfAFileThatIsGone(suffix: String) throws {
    let scratch = try Scratch()
    let store = try longOpened(scratch)
    #expect(rename(scratch.path() + suffix, scratch.path("moved")) == 0)
    try expectClosed(store)
    #expect(rename(scratch.path("moved"), scratch.path() + suffix) == 0)
    try store.market.write(.hourly([1, 2]))
    unlink(scratch.path() + suffix)
    try expectClosed(store)
    store.close()
  }

  @Test func noticesBeginOnlyForFilesThatAreInOrder() throws {
    let scratch = try Scratch()
    try scratch.store("other.db").market.write(.hourly([7, 8]))
    let store = try opened(scratch)
    #expect(rename(scratch.path(), scratch.path("moved.db")) == 0)
    #expect(rename(scratch.path("other.db"), scratch.path()) == 0)
    for _ in 0..<40 { try expectClosed(store) }
    #expect(!hasNotices(store))
    #expect(rename(scratch.path("moved.db"), scratch.path()) == 0)
    for _ in 0..<40 { try store.state.set("k", json: "1") }
    #expect(hasNotices(store))
    unlink(scratch.path())
    try expectClosed(store)
  }

  @Test func locksThatAreDroppedAreMissedOnceNoticesHaveBegun() throws {
    let scratch = try Scratch()
    let store = try longOpened(scratch)
    Glibc.close(open(scratch.path(), O_RDONLY))
    try refused(.closed) { try store.market.write(.hourly([2])) }
    store.close()
  }

  @Test func aMovedFileKeepsItsCommitsWhenTheStoreIsClosedMeanwhile() throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    #expect(rename(scratch.path(), scratch.path("moved.db")) == 0)
    store.close()
    // The WAL is not ours to fold in or to delete any more.
    #expect(scratch.names.contains("bars.db-wal"))
    #expect(rename(scratch.path("moved.db"), scratch.path()) == 0)
    #expect(try scratch.store().closes() == [1])
  }

  @Test func anotherFileInItsPlaceIsNotTakenForIt() throws {
    let scratch = try Scratch()
    try scratch.store("other.db").market.write(.hourly([7, 8]))
    let store = try opened(scratch)
    #expect(rename(scratch.path("other.db"), scratch.path()) == 0)
    try expectClosed(store)
    try refused(.closed) { try store.closes() }
  }

  @Test(arguments: ["-wal", "-shm"])
  func aSideFileThatIsGoneStopsTheWriter(suffix: String) throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    unlink(scratch.path() + suffix)
    try expectClosed(store)
    store.close()
  }

  @Test func aTransactionWhoseFileWentAwayIsNotCommitted() throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    try store.beginTransaction()
    try store.market.write(.hourly([9]))
    #expect(rename(scratch.path(), scratch.path("moved.db")) == 0)
    try refused(.closed) { try store.commitTransaction() }
    #expect(rename(scratch.path("moved.db"), scratch.path()) == 0)
    try store.rollBackTransaction()
    #expect(try store.closes() == [1])
    try store.market.write(.hourly([1, 2]))
    store.close()
    #expect(try scratch.store().closes() == [1, 2])
  }

  @Test func whatWasAcknowledgedOutlivesTheNextOpening() throws {
    let scratch = try Scratch()
    let store = try opened(scratch)
    // A second store comes and goes; it must not take the first one's locks or WAL with it.
    try scratch.store().state.set("k", json: "1")
    try store.market.write(.hourly([1, 2]))
    store.close()
    #expect(try scratch.store().closes() == [1, 2])
  }
}

/// Locks that a close() anywhere in the process drops, and those that stay.
@Suite(.filesOnly(.file)) struct FileAnchorTests {
  /// What any part of a process may do to a file.
  private func openAndClose(_ path: String) {
    let descriptor = open(path, O_RDONLY)
    #expect(descriptor >= 0)
    close(descriptor)
  }

  @Test(arguments: ["", "-shm"])
  func aCloseThatDropsTheLocksIsNoticedBeforeTheNextCommit(suffix: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    openAndClose(scratch.path() + suffix)
    try refused(.closed) { try store.market.write(.hourly([2])) }
    try refused(.closed) { try store.state.set("k", json: "1") }
    try refused(.closed) { try store.checkpoint() }
    #expect(try store.closes() == [1])
    store.close()
    #expect(scratch.names.contains("bars.db-wal"), "it may be another's by now")
    let again = try scratch.store()
    try again.state.set("k", json: "1")
    #expect(try again.closes() == [1])
  }

  @Test func aCloseInTheMidstOfACommitKeepsItFromBeingAcknowledged() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let path = scratch.path()
    let writer = try #require(store.file.writer)
    let meddler = Kept(path)
    sqlite3_commit_hook(
      writer.handle,
      { path in
        let path = path.map { Unmanaged<Kept<String>>.fromOpaque($0).takeUnretainedValue().value } ?? ""
        Glibc.close(open(path, O_RDONLY))
        return 0
      }, Unmanaged.passUnretained(meddler).toOpaque())
    do {
      try store.state.set("k", json: "1")
      Issue.record("it was acknowledged")
    } catch {
      #expect(error.code == .closed)
      #expect(error.message.contains("is unknown"))
    }
    sqlite3_commit_hook(writer.handle, nil, nil)
    withExtendedLifetime(meddler) {}
  }

  @Test func withoutNoticesEachCheckLooksForItself() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    for meddle in [{ self.openAndClose($0) }, { unlink($0 + "-wal") }] as [(String) -> Void] {
      let watch = FileWatch(scratch.path(), isReadOnly: false, wantsNotices: false)
      try watch.checkAll()
      try watch.checkCommitted()
      meddle(scratch.path())
      try refused(.closed) { try watch.checkAll() }
      try refused(.closed) { try watch.checkCommitted() }
      watch.end()
    }
  }

  @Test func theLastStoreToCloseFoldsTheWALIn() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let other = try scratch.store()
    try store.market.write(.hourly([1]))
    store.close()
    #expect(scratch.names.contains("bars.db-wal"))
    try other.state.set("k", json: "1")
    other.close()
    #expect(scratch.names == ["bars.db"])
  }
}
