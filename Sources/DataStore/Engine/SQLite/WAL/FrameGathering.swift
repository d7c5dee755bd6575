import CSQLite
// SPDX-License-Identifier: MIT
import CShimVFS
import Glibc

/// Writes the WAL's frames in long pieces.
///
/// SQLite writes a frame in two pieces, its header and its page, and frame after frame: a commit of a few megabytes is a
/// thousand system calls of a few kilobytes, none of them aligned. Here the frames of a transaction are gathered for as
/// long as each follows the one before, and written together.
///
/// No other connection misses what is gathered. A frame counts for others as soon as SQLite, behind the frame that ends a
/// transaction, changes the index of the WAL: with that frame everything is written, and where that fails the commit
/// fails. Anything that reads, syncs or measures the file through this connection sees all of it first. What
/// is left when the lock on writing is released belongs to a transaction that was rolled back, and is dropped: by then the
/// range of the file may belong to another writer. Frames that SQLite writes again, and whatever it writes without that lock, go straight
/// through. (https://sqlite.org/walformat.html, wal.c: sqlite3WalFrames)
final class FrameGathering {
  private typealias File = ShimFile<FrameGathering>

  /// As much as SQLite's own files take at a time (os_unix.c: seekAndWriteFd).
  private static let room = 0x1ffff
  private static let frameHeaderBytes = 24
  /// The lock that lets one connection append to the WAL (wal.c: WAL_WRITE_LOCK).
  private static let writeLock: Int32 = 0

  @exclusivity(unchecked) private var database: File?
  @exclusivity(unchecked) private var wal: File?
  private let walPath: String
  /// The disk begins early with what lies behind this place of the WAL.
  private let earlyFrom: Int64

  /// What is not written yet; nil before the first frame, and where there is no memory: then nothing is gathered.
  @exclusivity(unchecked) private var gathered: UnsafeMutableRawPointer?
  @exclusivity(unchecked) private var start: Int64 = 0
  @exclusivity(unchecked) private var count = 0

  /// Whether this connection has the lock on writing.
  @exclusivity(unchecked) private var isWriting = false
  /// Whether the header of the frame that ends the transaction has come.
  @exclusivity(unchecked) private var isEnding = false
  /// Where the frames of this transaction end so far.
  @exclusivity(unchecked) private var end: Int64 = 0

  /// Told of the lock on writing. To be set while nobody writes, by one that keeps it for as long as the files are open.
  @exclusivity(unchecked) var lockObserver: Unmanaged<WriteLockObserver>?

  /// For a write of one row: the locks that it does without.
  @exclusivity(unchecked) var readLock = ReadLockSparing()

  /// Notes what is fetched through this connection, where somebody asks.
  let fetches = PageFetches()
  /// The page of the frame whose header came last.
  @exclusivity(unchecked) private var pageOfFrame: UInt32 = 0

  @exclusivity(unchecked) private var writeback = Writeback()
  /// -2 before it was asked for, -1 where it cannot be had.
  private var walDescriptor: Int32 = -2

  /// nil if the connection has no WAL open, or is not one of the shim VFS.
  init?(database: SQLiteFile?, wal: SQLiteFile?, walPath: String, earlyFrom: Int64 = 0) {
    self.walPath = walPath
    self.earlyFrom = earlyFrom
    guard let database, let wal else { return nil }
    self.wal = File(wal, self, Self.walMethods)
    self.database = File(database, self, Self.databaseMethods)
    guard self.wal != nil, self.database != nil else { return nil }
  }

  private static let walMethods = ShimMethods { methods in
    methods.xWrite = { file, bytes, count, offset in
      guard let file, let bytes else { return SQLITE_IOERR }
      return File.withOwner(file) { $0.write(file, bytes, count, offset) }
    }
    methods.xRead = { file, bytes, count, offset in
      guard let file else { return SQLITE_IOERR }
      let result = File.withOwner(file) {
        $0.fetches.noteRead(ofWAL: offset, count)
        return $0.flush(before: offset..<offset + Int64(count))
      }
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
    methods.xClose = { file in
      guard let file else { return SQLITE_OK }
      File.withOwner(file) { $0.letGo() }
      return shim_close(file)
    }
  }

  private static let databaseMethods = ShimMethods { methods in
    methods.xRead = { file, bytes, count, offset in
      guard let file else { return SQLITE_IOERR }
      File.withOwner(file) { $0.fetches.noteRead(ofDatabase: offset, count) }
      return shim_read(file, bytes, count, offset)
    }
    methods.xShmLock = { file, offset, count, flags in
      guard let file else { return SQLITE_IOERR }
      return File.withOwner(file) { owner in
        owner.readLock.answer(offset, count, flags) ?? owner.lock(file, offset, count, flags)
      }
    }
  }

  deinit { letGo() }

  /// Lets go of the files. Before SQLite closes them.
  func letGo() {
    drop()
    isWriting = false
    wal = nil
    database = nil
    free(gathered)
    gathered = nil
    if walDescriptor >= 0 { close(walDescriptor) }
    walDescriptor = -1
  }

  // MARK: The lock on writing

  @inline(never)
  private func lock(_ file: SQLiteFile, _ offset: Int32, _ count: Int32, _ flags: Int32) -> Int32 {
    let concerns =
      offset <= Self.writeLock && Self.writeLock < offset + count && flags & SQLITE_SHM_EXCLUSIVE != 0
    if concerns, flags & SQLITE_SHM_UNLOCK != 0 {
      drop()
      lockObserver?._withUnsafeGuaranteedRef { $0.leavesWriteLock() }
      isWriting = false
    }
    let result = shim_shm_lock(file, offset, count, flags)
    if concerns, flags & SQLITE_SHM_LOCK != 0, result == SQLITE_OK {
      isWriting = true
      isEnding = false
      end = 0
      // The disk begins early with long transactions alone, and where a checkpoint is near: to begin takes a hundred
      // microseconds each half megabyte, and milliseconds while the disk is busy. One short commit in thirty would wait for
      // what the ones before it have written. See `beginWriteback()`.
      writeback.forget()
      lockObserver?._withUnsafeGuaranteedRef { $0.tookWriteLock() }
      readLock.beginWriting()
    }
    return result
  }

  // MARK: Frames

  private func write(_ file: SQLiteFile, _ bytes: UnsafeRawPointer, _ count: Int32, _ offset: Int64) -> Int32
  {
    let size = Int(count)
    if fetches.isCounting { noteFrame(bytes, size, offset) }
    let isNext = offset == start + Int64(self.count)
    if !isNext || self.count + size > Self.room {
      let result = flush()
      guard result == SQLITE_OK else { return result }
    }
    guard isWriting, offset >= end, size <= Self.room, let gathered = ready() else {
      return shim_write(file, bytes, count, offset)
    }
    if self.count == 0 { start = offset }
    memcpy(gathered + self.count, bytes, size)
    self.count += size
    end = offset + Int64(size)
    // Behind the header of the last frame comes its page, and then the index tells of them.
    if isEnding { return flush() }
    // Four bytes behind the page's number: the size of the database, in that frame alone.
    if size == Self.frameHeaderBytes, bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self) != 0 {
      isEnding = true
    }
    return SQLITE_OK
  }

  /// A frame is written as its header, which begins with the number of the page, and the page.
  private func noteFrame(_ bytes: UnsafeRawPointer, _ size: Int, _ offset: Int64) {
    if size == Self.frameHeaderBytes {
      pageOfFrame = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
    } else if pageOfFrame > 0 {
      fetches.noteFrame(offset, size, of: pageOfFrame)
      pageOfFrame = 0
    }
  }

  private func ready() -> UnsafeMutableRawPointer? {
    if gathered == nil { gathered = malloc(Self.room) }
    return gathered
  }

  private func flush(before range: Range<Int64>) -> Int32 {
    range.overlaps(start..<start + Int64(count)) ? flush() : SQLITE_OK
  }

  /// Writes what is gathered. Where that fails all of it stays, for as long as the transaction does: a part of it must
  /// not be missing from a commit that comes later.
  private func flush() -> Int32 {
    guard count > 0, let gathered, let file = wal?.file else { return SQLITE_OK }
    let result = shim_write(file, gathered, Int32(count), start)
    guard result == SQLITE_OK else { return result }
    if start >= earlyFrom { writeback.note(count) { descriptor() } }
    drop()
    return SQLITE_OK
  }

  /// Makes the disk begin with what short commits have left.
  func beginWriteback() { writeback.begin(descriptor()) }

  private func drop() {
    count = 0
    start = -1
  }

  /// A descriptor of the WAL of our own: SQLite does not show its. To close it costs no lock, for nobody locks this file.
  private func descriptor() -> Int32 {
    if walDescriptor == -2 { walDescriptor = open(walPath, O_RDONLY | O_CLOEXEC) }
    return walDescriptor
  }
}

/// Learns of the lock that lets a connection append to the WAL, while that is held. A class, for a protocol's object is kept and let
/// go at each call.
class WriteLockObserver {
  /// Nobody else can commit from now on.
  func tookWriteLock() {}
  /// Somebody else can, as soon as this returns.
  func leavesWriteLock() {}
}
