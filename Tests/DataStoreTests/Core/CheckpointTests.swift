// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct CheckpointTests {
  @Test func countsTheFramesOfTheWAL() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly((0..<2_000).map(Double.init)))
    let info = try store.info()
    let result = try store.checkpoint()
    #expect(Int64(result.walFrames) == (info.walBytes - 32) / (info.pageSize + 24))
    #expect(result.walFrames > 0)
    #expect(result.checkpointed == result.walFrames)
    #expect(result.heldBack == 0)
    #expect(try store.info().fileBytes > 100_000)
    #expect(try store.checkpoint().heldBack == 0)
  }

  @Test func aReaderOfAnOlderMomentHoldsFramesBackUntilItIsDone() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1]))
    let raw = try scratch.raw()
    try raw.execute("BEGIN")
    #expect(try raw.integer("SELECT count(*) FROM market_data") == 1)
    try store.market.write(.hourly((0..<500).map(Double.init)))
    let held = try store.checkpoint()
    #expect(held.heldBack > 0)
    #expect(held.checkpointed + held.heldBack == held.walFrames)
    #expect(try raw.integer("SELECT count(*) FROM market_data") == 1, "it still sees its own moment")
    try raw.execute("COMMIT")
    #expect(try store.checkpoint().heldBack == 0)
    #expect(try raw.integer("SELECT count(*) FROM market_data") == 500)
  }

  @Test func theWALStaysWithinItsLimitUnderManyCommits() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let megabyte = "\"" + String(repeating: "x", count: 1 << 20) + "\""
    var largest: Int64 = 0
    for number in 0..<48 {
      try store.state.set("k\(number % 8)", json: megabyte)
      largest = max(largest, try store.info().walBytes)
    }
    #expect(largest > Checkpointer.limitBytes, "there was something to fold in")
    #expect(largest <= Checkpointer.limitBytes + (2 << 20))
    #expect(try store.check() == [])
  }

  @Test func aPinnedReaderLetsTheWALGrowButLosesNothing() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.state.set("k", json: "0")
    let raw = try scratch.raw()
    try raw.execute("BEGIN")
    #expect(try raw.integer("SELECT count(*) FROM system_state") == 1)
    let megabyte = "\"" + String(repeating: "x", count: 1 << 20) + "\""
    for number in 0..<24 { try store.state.set("k\(number)", json: megabyte) }
    #expect(try store.info().walBytes > Checkpointer.limitBytes)
    #expect(try raw.integer("SELECT count(*) FROM system_state") == 1)
    try raw.execute("COMMIT")
    #expect(try store.checkpoint().heldBack == 0)
    // The next commit starts the WAL over.
    try store.state.set("k", json: "1")
    let before = try store.info().walBytes
    for number in 0..<4 { try store.state.set("k\(number)", json: megabyte) }
    #expect(try store.info().walBytes == before)
    #expect(try store.check() == [])
    #expect(try store.state.entries(values: false).count == 25)
  }

  @Test func losesNoRowThatOthersWriteMeanwhile() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 600)
    let raw = try scratch.raw()
    let isDone = Kept(false)
    let worker = Worker {
      defer { isDone.value = true }
      for number in 0..<400 {
        try raw.execute(
          "INSERT INTO system_state VALUES ('raw\(number)', \(number), '2026-03-01T15:00:00+00:00')")
      }
    }
    var own = 0
    while !isDone.value {
      try store.state.set("own\(own)", json: "\(own)")
      own += 1
      let result = try store.checkpoint()
      #expect(result.checkpointed + result.heldBack == result.walFrames)
    }
    try worker.join()
    #expect(try store.state.entries(prefix: "raw").count == 400)
    #expect(try store.state.entries(prefix: "own").count == own)
    #expect(try store.check() == [])
    store.close()
    #expect(try raw.integer("SELECT count(*) FROM system_state") == 400 + own)
  }

  @Test func isRefusedWithinATransactionAndWhereAnotherToolWrites() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.beginTransaction()
    try refused(.invalid) { try store.checkpoint() }
    try store.rollBackTransaction()
    let raw = try scratch.raw()
    try raw.execute("BEGIN IMMEDIATE")
    try refused(.busy) { try store.checkpoint() }
    try raw.execute("ROLLBACK")
    try store.checkpoint()
  }

  @Test func connectionsOfOtherClientsAreToldNotToCheckpoint() throws {
    let scratch = try Scratch()
    let script = try scratch.store().connectionScript()
    let raw = try scratch.raw()
    try raw.execute(script)
    #expect(try raw.text("PRAGMA journal_mode") == "wal")
    #expect(try raw.integer("PRAGMA synchronous") == 1)
    #expect(try raw.integer("PRAGMA temp_store") == 2)
    #expect(try raw.integer("PRAGMA wal_autocheckpoint") == 0)
  }
}
