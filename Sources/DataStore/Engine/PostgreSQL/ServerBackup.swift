// SPDX-License-Identifier: MIT
import Glibc

extension PostgreSQLEngine {
  /// Writes a store of SQLite's beside the target, as of one snapshot, and moves it to the target, which appears whole or
  /// not at all. Bars are counted, which take the time, and not the pages of the file.
  func backup(to target: String, overwrite: Bool) throws(StoreError) {
    try checkOpen()
    let location = try StorePath(target, as: "target")
    try SQLiteEngine.checkPlace(location, overwrite)
    let scratch = try location.besides(".backup-" + String(UInt64.random(in: 1 << 40..<1 << 41), radix: 36))
    defer { for suffix in ["", "-wal", "-shm", "-journal"] { unlink(scratch + suffix) } }
    let reporter = ProgressReporter.current
    try withSnapshot { () throws(StoreError) in
      let file = try SQLiteEngine(scratch, StoreOptions(durability: .normal))
      defer { file.close() }
      monitor.locked {
        for place in snapshots.indices where snapshots[place].thread == ThreadID.current {
          snapshots[place].file = file
        }
      }
      var bars: Int?
      if reporter != nil { bars = Int(try info().marketDataRows) }
      // The calls that it consists of are parts, which do not end what is reported.
      try ProgressReporter.call(reporter, .rows, of: bars) { () throws(StoreError) in
        let call = LongCall([interrupts])
        var copy = StoreCopy(from: self, to: file, chunk: 10_000, call, reporter)
        let result = try copy.run()
        try reporter?.finish(result.bars)
        try call.check()
        // Closing does so, too, but would not tell of a full disk.
        _ = try ProgressReporter.during(nil) { () throws(StoreError) in try file.checkpoint() }
      }
      file.close()
      try SQLiteEngine.publish(closed: scratch, as: target, overwrite: overwrite)
    }
  }

  /// Has all reads of this thread within `body` see one snapshot: what was committed when it begins.
  private func withSnapshot(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    try call { () throws(StoreError) in
      let session = try takeSession(until: Deadline(secondsFromNow: options.timeout))
      defer { giveBack(session) }
      session.waitsUntil = Deadline(secondsFromNow: options.timeout)
      try session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      defer { if session.isInTransaction, !session.isLost { rollBack(session) } }
      let thread = ThreadID.current
      monitor.locked { snapshots.append((thread, session, nil)) }
      defer { monitor.locked { snapshots.removeAll { $0.session === session } } }
      try body()
    }
  }

  /// The session whose snapshot this thread's reads see.
  var snapshotOfThisThread: Session? {
    let thread = ThreadID.current
    return monitor.locked { snapshots.isEmpty ? nil : snapshots.last { $0.thread == thread }?.session }
  }
}
