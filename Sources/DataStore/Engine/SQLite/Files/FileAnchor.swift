// SPDX-License-Identifier: MIT
import CFork
import Glibc

/// Locks on the database file and its -shm that survive whatever drops SQLite's own.
///
/// POSIX locks belong to the process: when any code in it closes any descriptor of a file, all of the process's locks on
/// that file are gone (fcntl(2)). Another copy of SQLite does so, and so does `open(path).read()`. Locks of an open
/// file description stay. They stand beside the two that SQLite keeps for as long as a file is open: with them, no
/// other copy in this process and no other process takes the -wal away or starts the -shm over. The places of those
/// locks: https://sqlite.org/fileformat2.html#the_lock_byte_page, os_unix.c (UNIX_SHM_DMS).
///
/// One for each file in the process. Its descriptors must not be closed while any connection of the process has the
/// file open, for that would drop the locks by itself. The monitor of the registry guards the count; nothing else
/// changes.
final class FileAnchor: @unchecked Sendable {
  let database: Int32
  private let sharedMemory: Int32
  private let identity: FileIdentity
  private let sharedMemoryIdentity: FileIdentity
  /// The processes that wait to write; on a descriptor that outlives them.
  let line: TicketLock
  private var stores = 1

  // <fcntl.h> has them for GNU sources only. https://man7.org/linux/man-pages/man2/fcntl.2.html
  static let getDescriptionLock: Int32 = 36  // F_OFD_GETLK
  static let setDescriptionLock: Int32 = 37  // F_OFD_SETLK
  private static let sharedRange = (start: Int64(0x4000_0002), length: Int64(510))
  private static let deadManSwitch = (start: Int64(128), length: Int64(1))
  /// Where the names by which a file is open are recorded, one byte for each: beyond all that a file holds, and before the
  /// canaries and the ticket lock.
  private static let names = (start: Int64(1) << 60, length: Int64(1) << 32)
  private let name: Int64

  private init?(_ path: String) {
    // A descriptor that had to be closed again would drop locks: room for the second one is made sure of first.
    let room = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard room >= 0 else { return nil }
    sharedMemory = open(path + "-shm", O_RDONLY | O_CLOEXEC)
    guard sharedMemory >= 0, let sharedMemoryIdentity = FileIdentity(descriptor: sharedMemory) else {
      let reason = errno
      close(room)
      errno = reason
      return nil
    }
    self.sharedMemoryIdentity = sharedMemoryIdentity
    close(room)
    database = open(path, O_RDONLY | O_CLOEXEC)
    guard database >= 0, let identity = FileIdentity(descriptor: database) else { return nil }
    self.identity = identity
    name = Self.names.start + Int64(Self.hash(path))
    line = TicketLock(descriptor: database)
  }

  // MARK: The process's anchors

  private struct Registry {
    var process = getpid()
    var anchors: [FileAnchor] = []
  }
  private static let monitor = Monitor()
  private nonisolated(unsafe) static var registry = Registry()  // guarded by the monitor

  /// Makes the registry, which is made at its first use otherwise.
  static func getReady() { monitor.locked { _ = registry.process } }

  /// Around a fork: a registry that another thread had locked would stay so in the child.
  static func lockRegistry() { monitor.lock() }
  static func unlockRegistry() { monitor.unlock() }

  /// Runs `body` while no other thread opens a file or closes one for good.
  static func withRegistry(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    try monitor.locked { () throws(StoreError) in try body() }
  }

  /// The anchor of the file at `path`, with one more store that holds on to it; nil if the files cannot be opened.
  static func hold(_ path: String) -> FileAnchor? {
    monitor.locked {
      if registry.process != getpid() {
        // Those of the parent: their locks are shared with it, so that to touch them would be to drop its.
        registry = Registry()
      }
      let file = FileIdentity(path)
      let sharedMemory = FileIdentity(path + "-shm")
      let known = registry.anchors.first { $0.identity == file && $0.sharedMemoryIdentity == sharedMemory }
      if let known {
        known.stores += 1
        if known.stores == 1 { known.setLocks(F_RDLCK) }
        return known
      }
      guard let anchor = FileAnchor(path) else { return nil }
      registry.anchors.append(anchor)
      anchor.setLocks(F_RDLCK)
      return anchor
    }
  }

  /// The same, where some connection of this process has the file open already: before a store opens the first of its
  /// own. SQLite takes a -shm for a dead one where nobody but its own process has it locked, and starts it over.
  /// `isOpen` tells whether any is.
  static func holdWhereOpen(_ location: StorePath) -> (anchor: FileAnchor?, isOpen: Bool) {
    guard let sharedMemory = FileIdentity(location.resolved + "-shm"),
      sharedMemory.descriptorCount(where: { _ in true }) > 0
    else { return (nil, false) }
    return (hold(location.resolved), true)
  }

  /// Before a store closes its connections, the last of which folds the -wal in and takes it away.
  func letGo() {
    Self.monitor.locked {
      stores -= 1
      if stores == 0 { setLocks(F_UNLCK) }
    }
  }

  /// After a store has closed its connections: closes what no other store in the process needs.
  static func closeIdle() {
    monitor.locked {
      guard registry.process == getpid() else { return }
      registry.anchors.removeAll { $0.stores == 0 && $0.closeIfAlone() }
    }
  }

  private func closeIfAlone() -> Bool {
    var isAlone = true
    FileIdentity.forEachDescriptor { descriptor in
      guard descriptor != database, descriptor != sharedMemory else { return }
      let file = FileIdentity(descriptor: descriptor)
      if file == identity || file == sharedMemoryIdentity { isAlone = false }
    }
    guard isAlone else { return false }
    close(database)
    close(sharedMemory)
    return true
  }

  // MARK: Names

  /// Whether any process has the file open by another name. SQLite names the -wal and the -shm after the database, so that
  /// two hard links of a file have one each, and what is written by one name destroys what is written by the other.
  var isOpenByAnotherName: Bool {
    var status = stat()
    guard fstat(database, &status) == 0, status.st_nlink > 1 else { return false }
    let end = Self.names.start + Self.names.length
    return [(Self.names.start, name), (name + 1, end)].contains { start, end in
      var lock = Self.lock(F_WRLCK, start, end - start)
      return start < end && fcntl(database, Self.getDescriptionLock, &lock) == 0
        && lock.l_type != Int16(F_UNLCK)
    }
  }

  private static func hash(_ path: String) -> UInt32 {
    // FNV-1a
    path.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
  }

  // MARK: Locks

  /// Filesystems without such locks are left with what SQLite has there.
  private func setLocks(_ kind: Int32) {
    let ownName = (start: name, length: Int64(1))
    for (descriptor, place) in [
      (database, Self.sharedRange), (sharedMemory, Self.deadManSwitch), (database, ownName),
    ] {
      var lock = Self.lock(kind, place.start, place.length)
      _ = fcntl(descriptor, Self.setDescriptionLock, &lock)
    }
  }

  /// A lock of the process itself, far from SQLite's: it goes when those go. False if it cannot be had.
  func plantCanary(at place: Int64) -> Bool {
    descriptors.allSatisfy { descriptor in
      var lock = Self.lock(F_RDLCK, place, 1)
      return fcntl(descriptor, F_SETLK, &lock) == 0
    }
  }

  func removeCanary(at place: Int64) {
    for descriptor in descriptors {
      var lock = Self.lock(F_UNLCK, place, 1)
      _ = fcntl(descriptor, F_SETLK, &lock)
    }
  }

  /// Whether the process's locks are still those that it took.
  func hasCanary(at place: Int64) -> Bool {
    descriptors.allSatisfy { descriptor in
      var lock = Self.lock(F_WRLCK, place, 1)
      return fcntl(descriptor, Self.getDescriptionLock, &lock) != 0 || lock.l_type != Int16(F_UNLCK)
    }
  }

  /// How many copies of SQLite in this process have the file open: each has one descriptor of the -shm to write to. Those
  /// that a parent had open when it forked are of no use here.
  var copiesOfSQLite: Int {
    sharedMemoryIdentity.descriptorCount {
      fcntl($0, F_GETFL) & O_ACCMODE == O_RDWR && !cfork_is_inherited($0)
    }
  }

  private var descriptors: [Int32] { [database, sharedMemory] }

  static func lock(_ kind: Int32, _ start: Int64, _ length: Int64) -> flock {
    var lock = flock()
    lock.l_type = Int16(kind)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = Int(start)
    lock.l_len = Int(length)
    return lock
  }
}
