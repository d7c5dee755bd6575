// SPDX-License-Identifier: MIT
import CSQLite
import Glibc
import Synchronization

/// Copies the WAL into the database file in the one way that is safe on every SQLite.
///
/// SQLite 3.7.0 to 3.51.2 can lose commits when a checkpoint runs while a writer starts the WAL over: the
/// checkpoint goes by a stale frame count (https://sqlite.org/wal.html#walresetbug). So no writer may be
/// at work meanwhile: the writer connection takes the write lock and holds it for as long as another
/// connection checkpoints.
final class Checkpointer {
  /// Opened at the first checkpoint.
  private var connection: Connection?
  private let open: () throws(StoreError) -> Connection
  /// An open descriptor of the database, for the disk to begin early by; -1 where there is none.
  var database: Int32 = -1
  /// The WAL size at which the next automatic checkpoint is due, if the last one copied too little.
  private var dueFrames: Int32 = 0
  private let limitBytes: Int64
  /// 0 before the first commit.
  private var limitFrames: Int32 = 0
  /// Whether the disk was told to begin with this fill of the WAL.
  private var hasBegun = false
  /// Frames in the WAL at the last automatic checkpoint.
  private var foldedFrames = 0
  /// Nanoseconds that a checkpoint gives readers: none, unless they follow each other so closely that the WAL would never
  /// start over and grow for as long as they do.
  private var patience: Int64 = 0
  private static let leastPatience: Int64 = 2_000_000
  private static let mostPatience: Int64 = 32_000_000
  /// The latest one, for any thread.
  let last = Mutex<LastCheckpoint?>(nil)

  /// `open` makes the second connection that a checkpoint needs.
  init(limitBytes: Int64, open: @escaping () throws(StoreError) -> Connection) {
    self.open = open
    self.limitBytes = limitBytes
  }

  /// See `Connection.leaveWALOnClose()`.
  func leaveWALOnClose() { connection?.leaveWALOnClose() }

  /// After a commit: checkpoints where the WAL has grown large. A commit is safe in the WAL whatever comes
  /// of it, so a failure here waits for the next time.
  func afterCommit(_ writer: Connection) {
    let frames = writer.walFrames
    if limitFrames == 0 {
      guard let pageSize = try? writer.integer("PRAGMA page_size") else { return }
      limitFrames = Int32(clamping: max(limitBytes / max(pageSize, 512), 1))
    }
    guard frames >= limitFrames else { return beginHalfway(writer, frames) }
    // Had the WAL started over since the last checkpoint, it would be shorter than that.
    let wasInVain = foldedFrames > 0 && Int(frames) >= foldedFrames + writer.pagesWritten
    if wasInVain {
      guard frames >= dueFrames else { return }
      patience = min(max(4 * patience, Self.leastPatience), Self.mostPatience)
    } else {
      patience = patience > Self.leastPatience ? patience / 2 : 0
    }
    foldedFrames = (try? run(guardedBy: writer, patience: patience))?.walFrames ?? Int(frames)
    writer.forgetPagesWritten()
    // Trying at each commit would cost more than it gains, the more so where a reader stays.
    dueFrames = frames &+ max(limitFrames / 8, patience == Self.mostPatience ? frames / 4 : 0)
  }

  /// Once for each time that the WAL fills up: the checkpoint, which syncs it first, finds half of it on the way.
  private func beginHalfway(_ writer: Connection, _ frames: Int32) {
    let isHalfFull = frames >= limitFrames / 2
    if isHalfFull, !hasBegun { writer.beginWriteback() }
    hasBegun = isHalfFull
  }

  /// One guarded checkpoint. The caller has the writer lane, outside a transaction. `patience` is how many nanoseconds
  /// it gives readers twice: to let go of what they hold back, and then of the WAL, so that the next commit can start
  /// it over.
  func run(guardedBy writer: Connection, patience: Int64 = 0) throws(StoreError) -> CheckpointResult {
    try SideWork.pausing { () throws(StoreError) in try runAlone(guardedBy: writer, patience) }
  }

  private func runAlone(
    guardedBy writer: Connection, _ patience: Int64
  ) throws(StoreError) -> CheckpointResult {
    let connection = try opened()
    try writer.beginWriting()
    defer { try? writer.run(.rollback) }
    // A connection that has never read knows of no WAL, and its checkpoint would do nothing.
    _ = try connection.integer("SELECT count(*) FROM main.sqlite_schema")
    connection.gatherCheckpoints(database)
    let deadline = Deadline(nanosecondsFromNow: patience)
    var outcome = try step(connection)
    while outcome.heldBack > 0, !deadline.isPast {
      Self.pause(200_000)
      outcome = try step(connection)
    }
    if outcome.heldBack == 0, patience > 0 { Self.pause(Int(patience)) }
    let result = outcome
    last.withLock { $0 = LastCheckpoint(time: Timestamp.now(), result: result) }
    return outcome
  }

  private func step(_ connection: Connection) throws(StoreError) -> CheckpointResult {
    var frames: Int32 = -1
    var done: Int32 = -1
    let result = sqlite3_wal_checkpoint_v2(
      connection.handle, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &done)
    guard result == SQLITE_OK else {
      throw .sqlite(result, connection.handle, doing: connection.doing("folding the WAL into"))
    }
    guard frames >= 0, done >= 0 else {
      throw StoreError(.internalError, "the checkpoint saw no WAL. Please report this message")
    }
    return CheckpointResult(
      walFrames: Int(frames), checkpointed: Int(done), heldBack: Int(frames - done))
  }

  private static func pause(_ nanoseconds: Int) {
    var span = timespec(tv_sec: 0, tv_nsec: nanoseconds)
    nanosleep(&span, nil)
  }

  private func opened() throws(StoreError) -> Connection {
    if let connection { return connection }
    let connection = try open()
    self.connection = connection
    return connection
  }
}
