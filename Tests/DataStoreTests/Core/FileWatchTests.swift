// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

/// Files that go away under an open store: SQLite would go on acknowledging what nobody will find.
@Suite struct FileWatchTests {
  private func opened(_ scratch: Scratch) throws -> Store {
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    return store
  }

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
