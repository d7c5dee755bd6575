// SPDX-License-Identifier: MIT
import CFork
import CSQLite
import Glibc

/// Keeps SQLite right in a forked child, whatever the parent's other threads were doing at the fork.
///
/// Two parts of SQLite do not survive a fork. A mutex that another thread held stays locked for good in the child,
/// which does not have that thread: so all of its global ones are taken before each fork and released after it, as the C
/// library does with malloc's (pthread_atfork(3)). And its table of locks is the parent's: see `CFork.h`. SQLite has no
/// call that clears it, but it lets its system calls be replaced (https://sqlite.org/c3ref/vfs.html, xSetSystemCall).
///
/// The connections of the parent are refused in the child by `ProcessMark`.
enum ForkedProcess {
  /// The global mutexes, in the order in which SQLite takes them: https://sqlite.org/c3ref/c_mutex_fast.html.
  /// Those for applications are left to them.
  private static let mutexNumbers = [
    SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_OPEN, SQLITE_MUTEX_STATIC_VFS1, SQLITE_MUTEX_STATIC_VFS2,
    SQLITE_MUTEX_STATIC_VFS3, SQLITE_MUTEX_STATIC_LRU, SQLITE_MUTEX_STATIC_PMEM, SQLITE_MUTEX_STATIC_PRNG,
    SQLITE_MUTEX_STATIC_MEM,
  ]
  private nonisolated(unsafe) static var mutexes: [OpaquePointer] = []  // never changes after `isReady`
  /// How long a fork waits for them. They are held for microseconds.
  private static let patience: Int64 = 1_000_000_000

  // Changed by the thread that forks, while the registry of anchors is locked.
  private nonisolated(unsafe) static var areMutexesHeld = false
  /// Whether this process, or one of its ancestors, was forked while another thread was within SQLite.
  private nonisolated(unsafe) static var wasForkedAmidst = false
  /// Whether SQLite's system calls go through `CFork`. Guarded by the registry of anchors.
  private nonisolated(unsafe) static var isIsolating = false

  // MARK: At a fork

  /// Makes later forks safe. The sooner the better: connections that others opened before count, too.
  static func getReady() { _ = isReady }

  private static let isReady: Bool = {
    // Not one of them needs sqlite3_initialize(), after which sqlite3_config() would be refused.
    mutexes = mutexNumbers.compactMap { sqlite3_mutex_alloc($0) }
    FileAnchor.getReady()
    SideWork.getReady()
    return pthread_atfork(
      { ForkedProcess.before() }, { ForkedProcess.after(inChild: false) },
      {
        ForkedProcess.after(inChild: true)
        ForkedProcess.beginChild()
      }) == 0
  }()

  private static func before() {
    SideWork.lockForFork()
    FileAnchor.lockRegistry()
    let deadline = Deadline(nanosecondsFromNow: patience)
    areMutexesHeld = takeAll()
    while !areMutexesHeld, !deadline.isPast {
      var step = timespec(tv_sec: 0, tv_nsec: 20_000)
      nanosleep(&step, nil)
      areMutexesHeld = takeAll()
    }
  }

  /// All or none: a thread that holds one may be waiting for another.
  private static func takeAll() -> Bool {
    for (index, mutex) in mutexes.enumerated() where sqlite3_mutex_try(mutex) != SQLITE_OK {
      giveBack(index)
      return false
    }
    return true
  }

  private static func giveBack(_ count: Int) {
    for mutex in mutexes[..<count].reversed() { sqlite3_mutex_leave(mutex) }
  }

  private static func after(inChild: Bool) {
    if areMutexesHeld { giveBack(mutexes.count) }
    FileAnchor.unlockRegistry()
    SideWork.unlockAfterFork(inChild: inChild)
  }

  private static func beginChild() {
    if !areMutexesHeld { wasForkedAmidst = true }
    cfork_note_inherited()
  }

  // MARK: In a child

  /// Before a file is opened: where the process inherited descriptors of it, SQLite gets to see a file that it does not
  /// know yet. Throws `.closed` if SQLite cannot be used in this process.
  static func isolate(_ path: String) throws(StoreError) {
    getReady()
    guard !wasForkedAmidst else { throw .forkedAmidst }
    guard cfork_is_child(), let file = FileIdentity(path), cfork_inherits(file.device, file.inode) else {
      return
    }
    try FileAnchor.withRegistry { () throws(StoreError) in
      guard !cfork_is_isolated(file.device, file.inode) else { return }
      guard replaceSystemCalls() else { throw .forkedAmidst }
      for name in ["", "-shm", "-wal"] {
        if let inherited = FileIdentity(path + name) { cfork_keep(inherited.device, inherited.inode) }
      }
      guard cfork_isolate(file.device, file.inode) else { throw .noMemory() }
    }
  }

  private static func replaceSystemCalls() -> Bool {
    if isIsolating { return true }
    // The table of system calls is the same for all of SQLite's own VFSs for Unix.
    guard let unix = sqlite3_vfs_find("unix"), unix.pointee.iVersion >= 3,
      let set = unix.pointee.xSetSystemCall,
      let get = unix.pointee.xGetSystemCall
    else { return false }
    for index in 0..<cfork_replacements {
      let entry = cfork_entry(Int32(index))
      // What this build does not use is not there.
      guard let own = get(unix, entry.name) else { continue }
      cfork_set_own(Int32(index), own)
      guard set(unix, entry.name, entry.replacement) == SQLITE_OK else { return false }
    }
    isIsolating = true
    return true
  }
}

extension StoreError {
  static var forkedAmidst: StoreError {
    StoreError(
      .closed,
      "this process was forked while another thread of its parent was at work within SQLite, which cannot be used here"
        + " any more. Start the process with the method 'spawn' or 'forkserver' instead of 'fork', or fork before threads"
        + " use the store")
  }
}
