// SPDX-License-Identifier: MIT
import CSQLite
import CShimVFS
import Glibc

/// Copies the pages of a checkpoint in long pieces, and makes the disk begin to write them while the later ones are copied.
///
/// SQLite reads a page from the WAL and writes it to the database, page after page, in the order of their numbers: two
/// system calls for a few kilobytes. After a write of many rows most of them stand side by side in both files. Here pages
/// are gathered for as long as each follows the one before, and written together; and where frame follows frame, more of
/// them are read at a time.
///
/// Pages are gathered only where all of the WAL is copied: then SQLite truncates and syncs the database before it tells
/// others that the pages are there (wal.c: walCheckpoint), and both fail where a piece could not be written. A checkpoint
/// that a reader holds back tells of its pages without either, so it writes each by itself. Which of them it is shows
/// before the first page: SQLite asks for the lock of each mark that is older than the last frame, and is refused those that
/// readers hold. The caller holds the lock on writing, so no frame comes or goes meanwhile.
///
/// SQLite syncs the database behind the last page, and the commits that wait for the checkpoint wait for that: see
/// `Writeback`.
final class CheckpointGathering {
  private typealias File = ShimFile<CheckpointGathering>

  /// Of both buffers, which are there during a checkpoint only.
  private static let room = 1 << 16
  /// The lock of a connection that checkpoints, and those of the marks that move (wal.c: WAL_CKPT_LOCK, WAL_READ_LOCK).
  private static let checkpointLock: Int32 = 1
  private static let marks: ClosedRange<Int32> = 4...7

  private var database: File?
  private var wal: File?
  private let descriptor: Int32
  private var writeback = Writeback()

  /// Whether a checkpoint is under way, and whether it copies all of the WAL.
  private var isUnderWay = false
  private var isWhole = false

  /// Pages that are not written yet; nil where there is no memory: then nothing is gathered.
  private var gathered: UnsafeMutableRawPointer?
  private var start: Int64 = -1
  private var count = 0

  /// What was read ahead from the WAL.
  private var ahead: UnsafeMutableRawPointer?
  private var aheadRange: Range<Int64> = 0..<0
  private var sizeOfWAL: Int64 = 0
  /// Where the last read ended, and how many before it followed each other.
  private var lastRead: Int64 = -1
  private var streak = 0
  /// Frames of other pages may lie between two of those that are copied.
  private static let widestGap: Int64 = 1 << 14

  /// `descriptor` is one of the database's that stays open for as long as this does: to open another would be to close
  /// it some day, and that drops the process's locks (see `FileAnchor`). Below 0 there is none. With `gathers` false pages
  /// are copied one by one.
  init(database: SQLiteFile?, wal: SQLiteFile?, descriptor: Int32, gathers: Bool) {
    self.descriptor = descriptor
    if gathers { self.wal = File(wal, self, Self.walMethods) }
    self.database = File(database, self, Self.databaseMethods)
  }

  private static let databaseMethods = ShimMethods { methods in
    methods.xWrite = { file, bytes, count, offset in
      guard let file, let bytes else { return SQLITE_IOERR }
      return File.withOwner(file) { $0.write(file, bytes, count, offset) }
    }
    methods.xRead = { file, bytes, count, offset in
      guard let file else { return SQLITE_IOERR }
      let result = File.withOwner(file) { $0.flush() }
      return result == SQLITE_OK ? shim_read(file, bytes, count, offset) : result
    }
    methods.xTruncate = { file, size in
      guard let file else { return SQLITE_IOERR }
      let result = File.withOwner(file) { $0.flush() }
      return result == SQLITE_OK ? shim_truncate(file, size) : result
    }
    methods.xSync = { file, flags in
      guard let file else { return SQLITE_IOERR }
      let result = File.withOwner(file) { $0.flush() }
      return result == SQLITE_OK ? shim_sync(file, flags) : result
    }
    methods.xFileSize = { file, size in
      guard let file else { return SQLITE_IOERR }
      let result = File.withOwner(file) { $0.flush() }
      return result == SQLITE_OK ? shim_file_size(file, size) : result
    }
    methods.xShmLock = { file, offset, count, flags in
      guard let file else { return SQLITE_IOERR }
      return File.withOwner(file) { $0.lock(file, offset, count, flags) }
    }
  }

  private static let walMethods = ShimMethods { methods in
    methods.xRead = { file, bytes, count, offset in
      guard let file, let bytes else { return SQLITE_IOERR }
      return File.withOwner(file) { $0.read(file, bytes, count, offset) }
    }
    methods.xClose = { file in
      guard let file else { return SQLITE_OK }
      File.withOwner(file) { $0.letGoOfWAL() }
      return shim_close(file)
    }
  }

  deinit { end() }

  private func letGoOfWAL() {
    end()
    wal = nil
  }

  // MARK: A checkpoint

  private func lock(_ file: SQLiteFile, _ offset: Int32, _ count: Int32, _ flags: Int32) -> Int32 {
    guard count == 1, flags & SQLITE_SHM_EXCLUSIVE != 0 else {
      return shim_shm_lock(file, offset, count, flags)
    }
    let isTaken = flags & SQLITE_SHM_LOCK != 0
    if offset == Self.checkpointLock, !isTaken { end() }
    let result = shim_shm_lock(file, offset, count, flags)
    if offset == Self.checkpointLock, isTaken, result == SQLITE_OK { begin() }
    if Self.marks.contains(offset), isTaken, result != SQLITE_OK { isWhole = false }
    return result
  }

  private func begin() {
    isUnderWay = wal != nil
    isWhole = isUnderWay
  }

  /// By now all is written, or the checkpoint has failed.
  private func end() {
    isUnderWay = false
    isWhole = false
    count = 0
    start = -1
    free(gathered)
    gathered = nil
    aheadRange = 0..<0
    sizeOfWAL = 0
    lastRead = -1
    streak = 0
    free(ahead)
    ahead = nil
  }

  // MARK: Pages

  private func write(
    _ file: SQLiteFile, _ bytes: UnsafeRawPointer, _ size: Int32, _ offset: Int64
  ) -> Int32 {
    let size = Int(size)
    if offset != start + Int64(count) || count + size > Self.room {
      let result = flush()
      guard result == SQLITE_OK else { return result }
    }
    if isWhole, gathered == nil { gathered = malloc(Self.room) }
    guard isWhole, size <= Self.room, let gathered else {
      let result = shim_write(file, bytes, Int32(size), offset)
      if result == SQLITE_OK { writeback.note(size) { descriptor } }
      return result
    }
    if count == 0 { start = offset }
    memcpy(gathered + count, bytes, size)
    count += size
    return SQLITE_OK
  }

  /// Writes what is gathered. Where that fails all of it stays, and so does the failure, until the checkpoint is over.
  private func flush() -> Int32 {
    guard count > 0, let gathered, let file = database?.file else { return SQLITE_OK }
    let result = shim_write(file, gathered, Int32(count), start)
    guard result == SQLITE_OK else { return result }
    writeback.note(count) { descriptor }
    count = 0
    start = -1
    return SQLITE_OK
  }

  // MARK: Frames

  private func read(
    _ file: SQLiteFile, _ bytes: UnsafeMutableRawPointer, _ size: Int32, _ offset: Int64
  ) -> Int32 {
    let end = offset + Int64(size)
    guard isUnderWay else { return shim_read(file, bytes, size, offset) }
    let follows = lastRead >= 0 && offset >= lastRead && offset - lastRead <= Self.widestGap
    streak = follows ? streak + 1 : 0
    lastRead = end
    if !holds(offset..<end), streak > 1 { readAhead(file, from: offset) }
    guard holds(offset..<end), let ahead else { return shim_read(file, bytes, size, offset) }
    memcpy(bytes, ahead + Int(offset - aheadRange.lowerBound), Int(size))
    return SQLITE_OK
  }

  private func holds(_ range: Range<Int64>) -> Bool {
    aheadRange.lowerBound <= range.lowerBound && range.upperBound <= aheadRange.upperBound
  }

  private func readAhead(_ file: SQLiteFile, from offset: Int64) {
    aheadRange = 0..<0
    if sizeOfWAL == 0, shim_file_size(file, &sizeOfWAL) != SQLITE_OK { sizeOfWAL = 0 }
    if ahead == nil { ahead = malloc(Self.room) }
    let end = min(offset + Int64(Self.room), sizeOfWAL)
    guard let ahead, offset < end, shim_read(file, ahead, Int32(end - offset), offset) == SQLITE_OK else {
      return
    }
    aheadRange = offset..<end
  }
}
