// SPDX-License-Identifier: MIT
import CSQLite
import FaultVFS
import Glibc
import Testing

@testable import DataStore

// Within FaultTests: one fault is armed at a time.
extension FaultTests {
  /// Transactions of more pages than SQLite's cache takes, whose frames go to the WAL before they are committed, and in
  /// pieces longer than SQLite's own.
  @Suite(.filesOnly(.internals)) struct FrameGatheringTests {
    /// About 700 bytes per row: a few thousand are more than the cache holds.
    private static func bars(_ symbol: String, rows: Int) -> BarBatch {
      var batch = BarBatch(
        symbol: symbol, timeframe: "1h", timestamps: (0..<rows).map { threeOClock + Int64($0) * hour })
      batch.close = (0..<rows).map { Double($0) }
      let source = String(repeating: symbol, count: 700 / symbol.utf8.count)
      batch.source = Array(repeating: source, count: rows)
      return batch
    }

    private static let manyRows = 6000

    /// The bars of a symbol that are as `bars` made them.
    private static func soundBars(_ symbol: String, _ raw: RawDatabase) throws -> Int {
      try raw.integer(
        """
        SELECT count(*) FROM market_data WHERE symbol = '\(symbol)' AND length(source) > 690
        AND replace(source, '\(symbol)', '') = ''
        """)
    }

    /// What another connection finds in the file: exactly these bars, and no damage.
    private static func expect(_ rows: [String: Int], _ scratch: Scratch, _ run: String = "") throws {
      let raw = try scratch.raw()
      #expect(try raw.text("PRAGMA integrity_check") == "ok", "\(run)")
      for (symbol, count) in rows { #expect(try soundBars(symbol, raw) == count, "\(symbol) \(run)") }
      #expect(try raw.integer("SELECT count(*) FROM market_data") == rows.values.reduce(0, +), "\(run)")
    }

    @Test(.enabled(if: FastPaths.chosen(wanted: true).paths.contains(.frames)))
    func framesAreWrittenInLongPieces() throws {
      #expect(fault_vfs_install() == SQLITE_OK)
      let scratch = try Scratch()
      let store = try scratch.store()
      fault_vfs_arm(scratch.folder + "/", Int32(FAULT_WRITE), Int32.max, SQLITE_FULL, 0)
      try store.transaction { () throws(StoreError) in
        try store.market.write(Self.bars("A", rows: Self.manyRows))
        // The checkpoint that follows a large commit is not of interest here.
        let writes = Int(fault_vfs_operations())
        let bytes = StorePath.size(scratch.path() + "-wal")
        #expect(bytes > 1 << 20, "the cache was to overflow")
        #expect(writes * 50_000 < bytes, "\(writes) writes for \(bytes) bytes")
      }
      #expect(fault_vfs_disarm() == 0)
      try Self.expect(["A": Self.manyRows], scratch)
    }

    @Test(.enabled(if: FastPaths.chosen(wanted: true).paths.contains(.frames)))
    func aLiveBarIsOneWrite() throws {
      #expect(fault_vfs_install() == SQLITE_OK)
      let scratch = try Scratch()
      let store = try scratch.store()
      try store.market.write(Self.bars("A", rows: 10))
      fault_vfs_arm(scratch.folder + "/", Int32(FAULT_WRITE), Int32.max, SQLITE_FULL, 0)
      try store.market.write(Self.bars("A", rows: 1))
      try store.market.write(Self.bars("B", rows: 1))
      #expect(
        fault_vfs_operations() == 1,
        "a bar that is stored already writes nothing, a new one its frames at once"
      )
      #expect(fault_vfs_disarm() == 0)
      try Self.expect(["A": 10, "B": 1], scratch)
    }

    @Test func whatATransactionWroteIsReadWithinIt() throws {
      let scratch = try Scratch()
      let store = try scratch.store()
      try store.transaction { () throws(StoreError) in
        try store.market.write(Self.bars("A", rows: Self.manyRows))
        try store.market.write(Self.bars("B", rows: Self.manyRows))
        for symbol in ["A", "B"] {
          let bars = try store.market.read([symbol], "1h")
          #expect(bars.count == Self.manyRows)
          #expect(bars.close.indices.allSatisfy { bars.close[$0] == Double($0) })
        }
      }
      try Self.expect(["A": Self.manyRows, "B": Self.manyRows], scratch)
    }

    @Test func framesOfARolledBackTransactionAreNeverWrittenOverThoseOfOthers() throws {
      let scratch = try Scratch()
      let store = try scratch.store()
      try store.state.set("k", json: "0")
      var expected: [String: Int] = [:]
      // Of several sizes, so that something is left over in most of them.
      for round in 0..<5 {
        try store.beginTransaction()
        try store.market.write(Self.bars("A", rows: Self.manyRows + 37 * round))
        try store.rollBackTransaction()
        // Frames at the same places, by a connection that folds nothing in.
        let symbol = "B\(round)"
        try scratch.raw().execute(
          """
          WITH RECURSIVE row(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM row WHERE number < 9000)
          INSERT INTO market_data(symbol, timeframe, timestamp, source)
          SELECT '\(symbol)', '1h', printf('2026-01-01T00:00:00.%09dZ', number), replace(hex(zeroblob(175)), '00', '\(symbol)\(symbol)')
          FROM row
          """)
        expected[symbol] = 9000
        try store.state.set("k", json: "\(round)")
        try Self.expect(expected, scratch, "round \(round)")
      }
      store.close()
      try Self.expect(expected, scratch)
    }

    @Test func framesThatAreWrittenTwiceAreThereWhenThePowerGoes() throws {
      let scratch = try Scratch()
      let store = try scratch.store()
      try store.market.write(Self.bars("K", rows: 1))
      try store.transaction { () throws(StoreError) in
        try store.market.write(Self.bars("A", rows: 2000))
        try store.market.write(Self.bars("B", rows: 2000))
        // SQLite writes those frames again in their places, and the checksums of all that follow.
        var changed = Self.bars("A", rows: 2000)
        changed.close = changed.close?.map { $0 + 0.5 }
        try store.market.write(changed)
        try store.market.write(Self.bars("B", rows: 2001))
      }
      for suffix in ["", "-wal"] {
        try copyOfOpen(scratch.path() + suffix, to: scratch.path("copy.db\(suffix)"))
      }
      let copy = try scratch.raw("copy.db")
      #expect(try copy.text("PRAGMA integrity_check") == "ok")
      #expect(
        try copy.integer(
          "SELECT count(*) FROM market_data WHERE symbol = 'A' AND close = cast(close AS INT) + 0.5") == 2000)
      #expect(try Self.soundBars("B", copy) == 2001)
    }

    @Test func aReadThatFailsWithinATransactionTakesNothingFromIt() throws {
      #expect(fault_vfs_install() == SQLITE_OK)
      let scratch = try Scratch()
      let store = try scratch.store()
      var isStored = true
      do throws(StoreError) {
        try store.transaction { () throws(StoreError) in
          try store.market.write(Self.bars("A", rows: Self.manyRows))
          fault_vfs_arm(scratch.folder + "/", Int32(FAULT_WRITE), 1, SQLITE_FULL, 0)
          let bars = try? store.market.read(["A"], "1h")
          #expect(fault_vfs_disarm() == 1)
          #expect(bars == nil)
        }
      } catch {
        isStored = false
      }
      store.close()
      try Self.expect(["A": isStored ? Self.manyRows : 0], scratch)
    }

    @Test func aSavepointThatIsRolledBackLeavesNothing() throws {
      struct Unwanted: Error {}
      let scratch = try Scratch()
      let store = try scratch.store()
      try store.transaction { () throws(StoreError) in
        try store.market.write(Self.bars("A", rows: Self.manyRows))
        try store.beginTransaction()
        try store.market.write(Self.bars("B", rows: Self.manyRows))
        try store.market.write(Self.bars("A", rows: Self.manyRows / 2))
        try store.rollBackTransaction()
        try store.market.write(Self.bars("C", rows: Self.manyRows))
      }
      try Self.expect(["A": Self.manyRows, "C": Self.manyRows], scratch)
      store.close()
      try Self.expect(["A": Self.manyRows, "C": Self.manyRows], scratch)
    }

    @Test(arguments: [false, true]) func aWriteThatFailsTakesTheWholeTransactionBack(isForGood: Bool) throws {
      #expect(fault_vfs_install() == SQLITE_OK)
      var n: Int32 = 1
      while true {
        let scratch = try Scratch()
        let store = try scratch.store()
        try store.market.write(Self.bars("A", rows: 10))
        fault_vfs_arm(scratch.folder + "/", Int32(FAULT_WRITE), n, SQLITE_FULL, isForGood ? 1 : 0)
        var isStored = true
        do throws(StoreError) {
          try store.market.write(Self.bars("B", rows: Self.manyRows))
        } catch {
          #expect(error.code == .storage)
          isStored = false
        }
        let failed = fault_vfs_disarm()
        #expect(failed > 0 || isStored)
        // What is left of it must not come to light in the next commit, here or elsewhere.
        let other = try scratch.store()
        try other.market.write(Self.bars("C", rows: 20))
        other.close()
        try store.market.write(Self.bars("D", rows: 30))
        try Self.expect(
          ["A": 10, "B": isStored ? Self.manyRows : 0, "C": 20, "D": 30], scratch, "n = \(n)")
        if failed == 0 { break }
        n += max(n / 8, 1)
      }
      #expect(n > 10)
    }
  }
}

/// Copies a file that connections of this process have open. The descriptor stays open: to close it would be to drop
/// their locks.
private func copyOfOpen(_ path: String, to copy: String) throws {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  var bytes = [UInt8](repeating: 0, count: Int(StorePath.size(path)))
  #expect(pread(descriptor, &bytes, bytes.count, 0) == bytes.count)
  try write(bytes, to: copy)
}
