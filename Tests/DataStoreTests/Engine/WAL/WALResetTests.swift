// SPDX-License-Identifier: MIT
import CSQLite
import FaultVFS
import IntruderVFS
import PowerCutVFS
import Testing

@testable import DataStore

/// SQLite 3.7.0 to 3.51.2 can lose commits when a writer starts the WAL over while a checkpoint that has looked at it
/// is about to act (https://sqlite.org/wal.html#walresetbug). Here another program commits and checkpoints in the middle
/// of what a victim does to the file, from each of its operations on in turn.
@Suite(.filesOnly(.internals)) struct WALResetTests {
  // MARK: The store

  @Test func losesNothingToItsCheckpoints() throws {
    let outcome = try everyMoment { path in
      let store = try Store(path)
      return Victim { commits in
        for key in try commits() { try store.state.set(key, json: "1") }
        try store.checkpoint()
      } finish: {
        store.close()
      }
    }
    outcome.expectNoLoss()
  }

  @Test func losesNothingToItsAutomaticCheckpoints() throws {
    var checkpoints = 0
    let outcome = try everyMoment { path in
      var options = StoreOptions()
      options.checkpointBytes = 1
      let store = try Store(path, options)
      return Victim { commits in
        for key in try commits() { try store.state.set(key, json: "1") }
        if try store.info().lastCheckpoint != nil { checkpoints += 1 }
      } finish: {
        store.close()
      }
    }
    outcome.expectNoLoss()
    #expect(checkpoints >= outcome.moments)
  }

  /// They begin without the lock of a reader (`ReadLockSparing`).
  @Test func losesNothingOfLiveBars() throws {
    let outcome = try everyMoment { path in
      let store = try Store(path)
      return Victim { commits in
        for key in try commits() {
          var bar = Bar(timestamp: threeOClock)
          bar.close = 1
          try store.market.write(bar, key, "1h")
        }
      } finish: {
        store.close()
      }
    }
    outcome.expectNoLoss()
  }

  @Test func losesNothingToConnectionsThatAreSetUpAsItAsksFor() throws {
    let outcome = try everyMoment { path in
      let store = try Store(path)
      let raw = try RawDatabase(path)
      // As such a connection is by default; the script is to change it.
      try raw.execute("PRAGMA wal_autocheckpoint=1")
      try raw.execute(store.connectionScript())
      return Victim { commits in
        for key in try commits() { try raw.insert(key) }
      } finish: {
        store.close()
      }
    }
    outcome.expectNoLoss()
  }

  // MARK: Controls

  @Test func aPlainCheckpointLosesCommits() throws {
    let outcome = try everyMoment { path in
      let raw = try RawDatabase(path)
      return Victim { commits in
        for key in try commits() { try raw.insert(key) }
        try raw.execute("PRAGMA wal_checkpoint")
      } finish: {
      }
    }
    outcome.expectLossWhereSQLiteHasTheBug("control, plain checkpoint")
  }

  @Test func aPlainAutomaticCheckpointLosesCommits() throws {
    let outcome = try everyMoment { path in
      let raw = try RawDatabase(path)
      try raw.execute("PRAGMA wal_autocheckpoint=1")
      return Victim { commits in
        for key in try commits() { try raw.insert(key) }
      } finish: {
      }
    }
    outcome.expectLossWhereSQLiteHasTheBug("control, automatic checkpoint")
  }

  // MARK: How it is done

  /// Another program at the file: commits the keys that it is given, and may checkpoint.
  private struct Victim {
    let act: (() throws -> [String]) throws -> Void
    let finish: () -> Void

    init(_ act: @escaping (() throws -> [String]) throws -> Void, finish: @escaping () -> Void) {
      (self.act, self.finish) = (act, finish)
    }
  }

  private struct Outcome {
    var moments = 0
    /// Of the intruder's commits.
    var taken = 0
    var refused = 0
    var lost = 0
    var corrupt = 0

    func expectNoLoss() {
      #expect(lost == 0 && corrupt == 0, "\(self)")
      #expect(moments > 4 && taken > 0 && refused > 0, "the intruder was there: \(self)")
      Proof.figure("WAL reset, the store: moments", moments)
      Proof.figure("WAL reset, the store: commits lost", lost)
    }

    func expectLossWhereSQLiteHasTheBug(_ name: String) {
      let isSafe = SQLiteEngine.isWALResetSafe(Connection.libraryVersionNumber)
      #expect((lost > 0) != isSafe, "\(Connection.libraryVersion): \(self)")
      Proof.figure("WAL reset, \(name): commits lost", lost)
    }
  }

  /// Lets the intruder in from the victim's first operation on, then from its second on, and so on to its last.
  private func everyMoment(_ victim: (String) throws -> Victim) throws -> Outcome {
    #expect(intruder_vfs_install() == SQLITE_OK)
    // Those of other tests may lie above it.
    #expect(fault_vfs_install() == SQLITE_OK && power_cut_vfs_install() == SQLITE_OK)
    var outcome = Outcome()
    var operations = Int32.max
    while outcome.moments < Int(operations) {
      outcome.moments += 1
      let scratch = try Scratch(in: "/dev/shm")
      let path = try StorePath(scratch.path()).resolved
      try Store(path).close()
      let intruder = try Intruder(path)
      var isAcknowledged = false
      do {
        let victim = try victim(path)
        // A WAL of some length, and a connection that has seen it shorter.
        for _ in 0..<50 { intruder.commit() }
        try victim.act { [] }
        for _ in 0..<50 { intruder.commit() }
        operations = intruder.during(Int32(outcome.moments)) {
          isAcknowledged = (try? victim.act { ["victim"] }) != nil
        }
        for _ in 0..<3 { intruder.commit() }
        victim.finish()
      }
      (outcome.taken, outcome.refused) = (outcome.taken + intruder.taken, outcome.refused + intruder.refused)
      intruder.leave()
      let raw = try RawDatabase(path)
      let stored = try raw.rows("SELECT key FROM system_state UNION SELECT symbol FROM market_data")
      let acknowledged = Set(intruder.keys + (isAcknowledged ? ["victim"] : []))
      outcome.lost += acknowledged.subtracting(stored.compactMap { $0[0] }).count
      if try raw.text("PRAGMA integrity_check") != "ok" { outcome.corrupt += 1 }
    }
    return outcome
  }

  /// Another program.
  private final class Intruder {
    private(set) var keys: [String] = []
    private(set) var taken = 0
    private(set) var refused = 0
    private var raw: RawDatabase?
    private var number = 0

    init(_ path: String) throws {
      raw = try RawDatabase(path)
      self.path = path
      sqlite3_busy_timeout(raw?.handle, 0)
    }

    private let path: String

    @discardableResult
    func commit() -> Bool {
      number += 1
      guard let raw, (try? raw.insert("intruder \(number)")) != nil else { return false }
      keys.append("intruder \(number)")
      return true
    }

    /// Runs `body`, and in the middle of it, from its n-th operation on, commits and checkpoints four times. Returns how
    /// many operations there were.
    func during(_ n: Int32, _ body: () -> Void) -> Int32 {
      intruder_vfs_begin(
        path, n,
        { me in
          guard let me else { return }
          Unmanaged<Intruder>.fromOpaque(me).takeUnretainedValue().intrude()
        }, Unmanaged.passUnretained(self).toOpaque())
      body()
      return intruder_vfs_end()
    }

    private func intrude() {
      // Any number would keep a writer from ever getting its turn.
      guard taken < 4 else { return }
      if commit() { taken += 1 } else { refused += 1 }
      try? raw?.execute("PRAGMA wal_checkpoint")
    }

    func leave() { raw = nil }
  }
}

extension RawDatabase {
  fileprivate func insert(_ key: String) throws {
    try execute("INSERT INTO system_state VALUES ('\(key)', 1, '2026-03-01T15:00:00+00:00')")
  }
}
