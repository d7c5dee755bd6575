// SPDX-License-Identifier: MIT
import CSQLite
import FaultVFS
import Glibc
import Testing

@testable import DataStore

// Within FaultTests: one fault is armed at a time.
extension FaultTests {
  /// Checkpoints of more pages than are copied at a time.
  @Suite(.filesOnly(.internals)) struct CheckpointGatheringTests {
    private static let rows = 3000

    private static func bars(_ symbol: String, _ value: Double) -> BarBatch {
      var batch = BarBatch(
        symbol: symbol, timeframe: "1h", timestamps: (0..<rows).map { threeOClock + Int64($0) * hour })
      batch.close = (0..<rows).map { value + Double($0) }
      batch.source = Array(repeating: String(repeating: symbol, count: 300), count: rows)
      return batch
    }

    /// What the database file alone holds, without the WAL.
    private static func inDatabaseAlone(_ scratch: Scratch, _ value: Double) throws -> Int {
      let descriptor = open(scratch.path(), O_RDONLY | O_CLOEXEC)
      var bytes = [UInt8](repeating: 0, count: Int(StorePath.size(scratch.path())))
      // It stays open: to close it would be to drop the process's locks.
      #expect(pread(descriptor, &bytes, bytes.count, 0) == bytes.count)
      let copy = scratch.path("alone.db")
      for end in ["", "-wal", "-shm"] { unlink(copy + end) }
      try write(bytes, to: copy)
      let raw = try scratch.raw("alone.db")
      #expect(try raw.text("PRAGMA integrity_check") == "ok")
      return try raw.integer(
        "SELECT count(*) FROM market_data WHERE close = \(value) + (unixepoch(timestamp) - \(threeOClock / 1_000_000_000)) / 3600"
      )
    }

    @Test(.enabled(if: FastPaths.chosen(wanted: true).paths.contains(.frames)))
    func pagesAreCopiedInLongPieces() throws {
      #expect(fault_vfs_install() == SQLITE_OK)
      let scratch = try Scratch()
      let store = try scratch.store()
      let raw = try scratch.raw()
      try raw.execute("BEGIN")
      _ = try raw.integer("SELECT count(*) FROM market_data")
      // The reader holds all back, so that it is this checkpoint that is counted.
      try store.market.write(Self.bars("A", 0))
      try raw.execute("COMMIT")
      fault_vfs_arm(scratch.folder + "/", Int32(FAULT_WRITE | FAULT_READ), Int32.max, SQLITE_FULL, 0)
      let result = try store.checkpoint()
      let operations = Int(fault_vfs_operations())
      #expect(fault_vfs_disarm() == 0)
      #expect(result.heldBack == 0)
      #expect(result.walFrames > 200)
      #expect(operations * 4 < result.walFrames, "\(operations) for \(result.walFrames) frames")
      #expect(try Self.inDatabaseAlone(scratch, 0) == Self.rows)
    }

    @Test func aCheckpointThatIsHeldBackCopiesWhatItTells() throws {
      let scratch = try Scratch()
      let store = try scratch.store()
      try store.market.write(Self.bars("A", 0))
      try store.checkpoint()
      try store.market.write(Self.bars("A", 0.25))
      let reader = try scratch.raw()
      try reader.execute("BEGIN")
      #expect(try reader.integer("SELECT count(*) FROM market_data WHERE close = 0.25") == 1)
      try store.market.write(Self.bars("B", 0.5))
      let held = try store.checkpoint()
      #expect(held.heldBack > 0)
      #expect(held.checkpointed > 0)
      // A connection that comes now takes what was copied from the database.
      let raw = try scratch.raw()
      #expect(try raw.integer("SELECT count(*) FROM market_data") == 2 * Self.rows)
      #expect(try raw.text("PRAGMA integrity_check") == "ok")
      #expect(try reader.integer("SELECT count(*) FROM market_data") == Self.rows)
      try reader.execute("COMMIT")
      #expect(try store.checkpoint().heldBack == 0)
      #expect(try Self.inDatabaseAlone(scratch, 0.25) == Self.rows)
    }

    @Test(arguments: [false, true]) func aPieceThatIsNotWrittenFailsTheCheckpoint(isForGood: Bool) throws {
      #expect(fault_vfs_install() == SQLITE_OK)
      var n: Int32 = 1
      while true {
        let scratch = try Scratch()
        let store = try scratch.store()
        try store.market.write(Self.bars("A", 0))
        try store.checkpoint()
        let raw = try scratch.raw()
        try raw.execute("BEGIN")
        _ = try raw.integer("SELECT count(*) FROM market_data")
        try store.market.write(Self.bars("A", 0.25))
        try raw.execute("COMMIT")
        fault_vfs_arm(
          scratch.folder + "/", Int32(FAULT_READ | FAULT_WRITE | FAULT_TRUNCATE | FAULT_SYNC), n, SQLITE_FULL,
          isForGood ? 1 : 0)
        let result = try? store.checkpoint()
        let failed = fault_vfs_disarm()
        if result?.heldBack == 0 {
          #expect(try Self.inDatabaseAlone(scratch, 0.25) == Self.rows, "n = \(n)")
        } else {
          #expect(failed > 0)
        }
        // What is copied or not, the bars are there, and so are the next ones.
        #expect(try scratch.raw().integer("SELECT count(*) FROM market_data WHERE close = 0.25") == 1)
        try store.market.write(Self.bars("A", 0.5))
        #expect(try store.checkpoint().heldBack == 0)
        #expect(try Self.inDatabaseAlone(scratch, 0.5) == Self.rows, "n = \(n)")
        if failed == 0 { break }
        n += max(n / 8, 1)
      }
      #expect(n > 10)
    }
  }
}
