// SPDX-License-Identifier: MIT
import CSQLite

/// Saves a short write four of the six locks that it takes: those of a reader, as which it begins.
///
/// A reader of a WAL holds a lock on a mark that says up to which frame a checkpoint may go meanwhile, and that keeps the
/// WAL from being started over. First it takes that lock exclusively, to bring the mark up to date (wal.c:
/// walTryBeginRead). The holder of the write lock needs neither: nobody else can commit then, nor start the WAL over,
/// and what a checkpoint writes to the database is what it would read there.
///
/// That leaves the time before: a statement that writes takes the write lock first of all, but for a look at the
/// database's first page (btree.c: sqlite3BtreeBeginTrans). If another process commits in between, what it shows may
/// be of no use. Where the page is sound SQLite finds, as soon as it has the lock, that the WAL's index has changed,
/// drops what it has read and begins again (wal.c: sqlite3WalBeginWriteTransaction, pager.c: pager_reset). Where it is
/// not, the statement fails before it has the lock, which is what `isExposed` tells: then it is run once more. Whatever
/// begins again, be it for that or because the schema has changed, gets all of its locks.
///
/// So this is for statements that write, and nothing else, outside a transaction. A lock costs half a microsecond here,
/// and a live bar some twelve in all.
struct ReadLockSparing {
  /// The locks of the four marks that move (wal.c: WAL_READ_LOCK). That of mark 0, where nothing of the WAL is
  /// read, is taken as ever.
  private static let marks: ClosedRange<Int32> = 4...7

  /// How many marks SQLite is told to be another's. Each once: where no mark will do, it asks again, and gets one.
  private var refusals = 0
  /// Whether the next mark is to be spared its lock, and then no more.
  private var isNextSpared = false
  /// The mark that SQLite takes for locked.
  private var spared: Int32?
  /// True from a spared lock until the lock on writing is there.
  private(set) var isExposed = false

  mutating func beginStatement() {
    isNextSpared = true
    refusals = Self.marks.count
  }

  mutating func endStatement() {
    isNextSpared = false
    refusals = 0
    isExposed = false
  }

  /// The lock on writing is taken.
  mutating func beginWriting() { isExposed = false }

  /// What to answer SQLite in place of the lock that it asks for, or gives back; nil if it is to get it.
  @inline(__always)
  mutating func answer(_ offset: Int32, _ count: Int32, _ flags: Int32) -> Int32? {
    guard count == 1, Self.marks.contains(offset) else { return nil }
    switch flags {
    case SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE where refusals > 0:
      refusals -= 1
      return SQLITE_BUSY
    case SQLITE_SHM_LOCK | SQLITE_SHM_SHARED where isNextSpared:
      isNextSpared = false
      refusals = 0
      spared = offset
      isExposed = true
      return SQLITE_OK
    case SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED where spared == offset:
      spared = nil
      return SQLITE_OK
    default:
      return nil
    }
  }
}
