// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite(.filesOnly(.checkpoints)) struct CheckpointTests {
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

  @Test func aReaderOfAnOlderSnapshotHoldsFramesBackUntilItIsDone() throws {
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
    #expect(try raw.integer("SELECT count(*) FROM market_data") == 1, "it still sees its own snapshot")
    try raw.execute("COMMIT")
    #expect(try store.checkpoint().heldBack == 0)
    #expect(try raw.integer("SELECT count(*) FROM market_data") == 500)
  }

  @Test func aReaderOfAnOlderSnapshotSeesNothingOfLiveBars() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly(Array(repeating: 1, count: 500)))
    try store.checkpoint()
    // The reader takes these bars from the database, and holds the mark of a WAL with one commit in it.
    try store.market.write(.hourly([1], symbol: "USDJPY"))
    let reader = try scratch.raw()
    try reader.execute("BEGIN")
    #expect(try reader.integer("SELECT count(*) FROM sqlite_schema") > 0)
    let other = try scratch.raw()
    for row in 0..<500 {
      var bar = Bar(timestamp: threeOClock + Int64(row) * hour)
      bar.close = 2
      try store.market.write(bar, "EURUSD", "1h")
      if row % 50 == 0 { try other.execute("PRAGMA wal_checkpoint") }
    }
    #expect(try store.checkpoint().heldBack > 0)
    #expect(try reader.integer("SELECT count(*) FROM market_data WHERE close = 1") == 501)
    try reader.execute("COMMIT")
    #expect(try reader.integer("SELECT count(*) FROM market_data WHERE close = 2") == 500)
    #expect(try store.checkpoint().heldBack == 0)
  }

  @Test func anyoneFoldsInWhatLiveBarsWrote() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let raw = try scratch.raw()
    for round in 1...5 {
      for row in 0..<30 {
        var bar = Bar(timestamp: threeOClock + Int64(row) * hour)
        bar.close = Double(round)
        try store.market.write(bar, "S\(round)", "1h")
      }
      #expect(try raw.rows("PRAGMA wal_checkpoint(TRUNCATE)") == [["0", "0", "0"]])
      #expect(try store.info().walBytes == 0)
      #expect(try raw.integer("SELECT count(*) FROM market_data WHERE close = \(round)") == 30)
    }
    #expect(try store.check() == [])
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
    #expect(largest > StoreOptions().checkpointBytes, "there was something to fold in")
    #expect(largest <= StoreOptions().checkpointBytes + (2 << 20))
    #expect(try store.check() == [])
  }

  /// Two stores, as in two programs, with nothing but writers at work.
  @Test func theWALStaysWithinTwiceItsLimitUnderSustainedWriting() throws {
    let scratch = try Scratch()
    var options = StoreOptions(durability: .normal, timeout: 600)
    options.checkpointBytes = 1 << 20
    let stores = [try Store(scratch.path(), options), try Store(scratch.path(), options)]
    let largest = Kept<Int64>(0)
    let calls = Proof.isFull ? 4_000 : 200
    let writers = stores.enumerated().map { number, store in
      Worker {
        for call in 0..<calls {
          try store.market.write(.hourly((0..<200).map { Double(call + $0) }, symbol: "S\(number)"))
          let bytes = StorePath.size(store.path + "-wal")
          largest.update { $0 = max($0, bytes) }
        }
      }
    }
    for writer in writers { try writer.join() }
    #expect(largest.value > options.checkpointBytes, "there was something to fold in")
    #expect(largest.value <= 2 * options.checkpointBytes)
    #expect(try stores[0].check() == [])
    Proof.figure("WAL under sustained writing: its limit, bytes", Int(options.checkpointBytes))
    Proof.figure("WAL under sustained writing: its largest size, bytes", Int(largest.value))
  }

  /// Readers that come between the writers' calls do not keep the WAL from starting over.
  @Test func theWALStaysWithinTwiceItsLimitWhereReadersComeAndGo() throws {
    let scratch = try Scratch()
    var options = StoreOptions(durability: .normal)
    options.checkpointBytes = 256 << 10
    let stores = try (0..<3).map { _ in try Store(scratch.path(), options) }
    var largest: Int64 = 0
    for call in 0..<120 {
      let symbol = "S\(call % 7)"
      try stores[call % 3].market.write(.hourly((0..<200).map { Double(call + $0) }, symbol: symbol))
      for store in stores { #expect(try store.closes(symbol).last == Double(call + 199)) }
      largest = max(largest, StorePath.size(scratch.path() + "-wal"))
    }
    #expect(largest > options.checkpointBytes, "there was something to fold in")
    #expect(largest <= 2 * options.checkpointBytes)
    #expect(try stores[0].check() == [])
  }

  /// At each moment some reader is at work, so that without a pause the WAL would never start over.
  @Test func readersThatFollowEachOtherWithoutEndDoNotLetTheWALGrowWithoutEnd() throws {
    let scratch = try Scratch()
    var options = StoreOptions(durability: .normal, timeout: 600)
    options.checkpointBytes = 1 << 20
    let stores = try (0..<4).map { _ in try Store(scratch.path(), options) }
    let largest = Kept<Int64>(0)
    let isDone = Kept(false)
    let writers = stores[..<2].enumerated().map { number, store in
      Worker {
        for call in 0..<800 {
          try store.market.write(.hourly((0..<200).map { Double(call + $0) }, symbol: "S\(number)"))
          let bytes = StorePath.size(store.path + "-wal")
          largest.update { $0 = max($0, bytes) }
        }
      }
    }
    let readers = stores[2...].map { store in
      Worker { while !isDone.value { _ = try store.market.read(["S0", "S1"], "1h") } }
    }
    for writer in writers { try writer.join() }
    isDone.value = true
    for reader in readers { try reader.join() }
    // 1,600 calls of four pages and more. How close to its limit the WAL stays depends on how long the reads take: seven
    // megabytes where a sanitizer and another test run shared two cores.
    #expect(largest.value < 1_600 * 4 * 8_192 / 4)
    #expect(try stores[0].check() == [])
    Proof.figure("WAL under readers without end: its limit, bytes", Int(options.checkpointBytes))
    Proof.figure("WAL under readers without end: its largest size, bytes", Int(largest.value))
  }

  @Test func theWALIsBackWithinItsLimitOneCheckpointAfterAPinnedReaderLetGo() throws {
    let scratch = try Scratch()
    var options = StoreOptions(durability: .normal)
    options.checkpointBytes = 256 << 10
    let store = try Store(scratch.path(), options)
    try store.market.write(.hourly([1]))
    let raw = try scratch.raw()
    try raw.execute("BEGIN")
    #expect(try raw.integer("SELECT count(*) FROM market_data") == 1)
    func write(_ number: Int) throws {
      try store.market.write(.hourly((0..<200).map { Double(number + $0) }))
    }
    for number in 0..<100 { try write(number) }
    #expect(try store.info().walBytes > 4 * options.checkpointBytes)
    #expect(try #require(store.info().lastCheckpoint).result.heldBack > 0)
    try raw.execute("COMMIT")
    // The store's own checkpoint, as soon as it is due again.
    var number = 100
    while try store.info().lastCheckpoint?.result.heldBack != 0 {
      number += 1
      try #require(number < 200)
      try write(number)
    }
    // The next commit starts the WAL over and cuts the file.
    try write(number + 1)
    #expect(try store.info().walBytes <= options.checkpointBytes)
    #expect(try store.check() == [])
  }

  @Test func infoTellsOfTheLastCheckpoint() throws {
    let scratch = try Scratch()
    var options = StoreOptions()
    options.checkpointBytes = 128 << 10
    let store = try Store(scratch.path(), options)
    try store.market.write(.hourly([1]))
    #expect(try store.info().lastCheckpoint == nil)
    let other = try scratch.store()
    try other.checkpoint()
    #expect(try store.info().lastCheckpoint == nil, "another store's")
    #expect(try other.info().lastCheckpoint != nil)

    let before = Timestamp.now()
    let result = try store.checkpoint()
    let asked = try #require(try store.info().lastCheckpoint)
    #expect(asked.result == result)
    #expect((before...Timestamp.now()).contains(asked.time))

    try store.market.write(.hourly((0..<3_000).map(Double.init)))
    let automatic = try #require(try store.info().lastCheckpoint)
    #expect(automatic.time >= asked.time)
    #expect(automatic.result.walFrames > result.walFrames)
    #expect(automatic.result.heldBack == 0)
    // It is told where a transaction has the writer, too, and not by a reader.
    try store.transaction { () throws(StoreError) in
      #expect(try store.info().lastCheckpoint == automatic)
    }
    let reader = try Store(scratch.path(), StoreOptions(isReadOnly: true))
    #expect(try reader.info().lastCheckpoint == nil)
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
    #expect(try store.info().walBytes > StoreOptions().checkpointBytes)
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
