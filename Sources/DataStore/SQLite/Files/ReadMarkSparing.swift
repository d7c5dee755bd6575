// SPDX-License-Identifier: MIT
import CSQLite

/// Spares a short write two of the six locks that it takes.
///
/// Who reads a WAL holds a lock that says up to which frame a checkpoint may go meanwhile: its mark. A write begins as a
/// reader, finds the mark as it was before the last commit, and takes a lock alone for a moment to bring it up to date.
/// Where others hold all of these locks SQLite does without: an older mark only keeps a checkpoint back, of another
/// process, and for as long as the write lasts (wal.c: walTryBeginRead). So for the few microseconds of a live bar they
/// are said to be held. Each of these locks costs 0.6 microseconds here, and a live bar twenty in all.
struct ReadMarkSparing {
  /// The locks of the four marks that move (wal.c: WAL_READ_LOCK).
  private static let locks: ClosedRange<Int32> = 4...7
  /// How many writes one mark serves: a checkpoint that others run beside writes without a pause gets on.
  private static let writesOfMark = 64

  private var writes = 0
  private var refusals = 0

  mutating func beginWrite() {
    writes += 1
    if writes < Self.writesOfMark {
      // Each once. Where no mark will do, SQLite asks again, and gets a lock.
      refusals = Self.locks.count
    } else {
      writes = 0
    }
  }

  mutating func endWrite() { refusals = 0 }

  /// Whether SQLite is told that another holds the lock which it asks for.
  mutating func refuses(_ offset: Int32, _ count: Int32, _ flags: Int32) -> Bool {
    guard refusals > 0, count == 1, Self.locks.contains(offset),
      flags == SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE
    else { return false }
    refusals -= 1
    return true
  }
}
