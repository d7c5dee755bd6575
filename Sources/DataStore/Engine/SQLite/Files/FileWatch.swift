// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// Notices what happens to the database file, its -wal or its -shm while it is open: moved, deleted or replaced (SQLite
/// goes on writing to the old inode then, and acknowledges what is lost), opened by a second copy of SQLite
/// in this process, or stripped of our locks by a close() anywhere in it (each may write over the other's commits).
///
/// Notices from the kernel (inotify(7)) when a process opens, closes, moves or deletes a file or folder make it cheap:
/// without one, nothing was done. What no notice tells, a file system mounted over the path, is looked for now and then.
final class FileWatch: @unchecked Sendable {  // the monitor guards what changes
  private let path: String
  private let walPath: String
  private let sharedMemoryPath: String
  private let database: FileIdentity?
  private let wal: FileIdentity?
  private let sharedMemory: FileIdentity?
  /// nil for a store that only reads, and which acknowledges nothing.
  private let anchor: FileAnchor?
  /// Why a store that writes has no anchor.
  private let problem: StoreError?
  private let canary = Int64.random(in: 1 << 61..<1 << 62)
  private let hasCanary: Bool
  /// Where notices come in; -1 where the kernel has none to give, so that each call looks for itself.
  private let notices: Int32
  /// An epoll descriptor that says whether there are any, for half the cost of trying to read them; -1 if there is none.
  private let notification: Int32
  /// Whether the folders on the path are watched, too; where not, each call looks for the database.
  private let watchesFolders: Bool
  private let noticeBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)

  private let monitor = Monitor()
  /// How often notices came in.
  private var noticeCount = 0
  /// At which count a look found the database, and all there is, in order.
  private var countOfDatabase = -1
  private var countOfAll = -1
  /// When the database was looked for last, in nanoseconds.
  private var lastLook: UInt64 = 0
  private static let nanosecondsBetweenLooks: UInt64 = 10_000_000

  /// Takes note of the files as they are: call it once SQLite has opened all of them.
  init(_ path: String, isReadOnly: Bool, wantsNotices: Bool = true) {
    self.path = path
    walPath = path + "-wal"
    sharedMemoryPath = path + "-shm"
    // Before the look at the files, which then misses nothing.
    notices = isReadOnly || !wantsNotices ? -1 : Self.notices(of: path)
    notification = Self.notification(of: notices)
    watchesFolders = Self.watchFolders(of: path, notices)
    anchor = isReadOnly ? nil : FileAnchor.hold(path)
    problem =
      isReadOnly || anchor != nil
      ? nil : StoreError(.storage, "\(path): \(String(cString: strerror(errno))). \(Self.remedy)")
    hasCanary = anchor?.plantCanary(at: canary) ?? false
    database = FileIdentity(path)
    wal = FileIdentity(walPath)
    sharedMemory = FileIdentity(sharedMemoryPath)
  }

  deinit {
    for descriptor in [notification, notices] where descriptor >= 0 { close(descriptor) }
    noticeBuffer.deallocate()
  }

  /// Before the store closes its connections.
  func end() {
    guard let anchor else { return }
    anchor.removeCanary(at: canary)
    anchor.letGo()
  }

  /// For readers: the database alone.
  func checkDatabase() throws(StoreError) { _ = try lookForDatabase() }

  /// For writers, before each transaction and each commit.
  func checkAll() throws(StoreError) {
    let count = try lookForDatabase()
    if count != countWithoutFault() { try look(count) }
  }

  /// Between a commit and its acknowledgement.
  func checkCommitted() throws(StoreError) {
    let count = takeNotices()
    guard count != countWithoutFault() else { return }
    let fate = "Whether the call that was under way is stored is unknown"
    guard FileIdentity(path) == database else { throw moved(path, fate) }
    try look(count, fate)
  }

  /// Makes sure that the path leads to the database; returns the count of notices that this holds for, nil if there are
  /// none to count.
  private func lookForDatabase() throws(StoreError) -> Int? {
    let count = takeNotices()
    let now = Self.now()
    if let count, watchesFolders,
      monitor.locked({ count == countOfDatabase && now &- lastLook < Self.nanosecondsBetweenLooks })
    {
      return count
    }
    guard FileIdentity(path) == database else { throw moved(path) }
    if let count {
      monitor.locked {
        countOfDatabase = max(countOfDatabase, count)
        lastLook = now
      }
    }
    return count
  }

  /// How often notices came in so far; nil if none ever do.
  var noticesSoFar: Int? { notices >= 0 ? monitor.locked { noticeCount } : nil }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  private static let untouched = "Nothing was written"

  /// Looks at all but the database. `count` is that of the notices before; `fate` tells what became of the current call.
  private func look(_ count: Int?, _ fate: String = FileWatch.untouched) throws(StoreError) {
    if let problem { throw problem }
    // A database is never empty once it was opened for writing.
    if StorePath.size(path) == 0 { throw truncated(fate) }
    if wal != nil, FileIdentity(walPath) != wal { throw moved(walPath, fate) }
    if sharedMemory != nil, FileIdentity(sharedMemoryPath) != sharedMemory {
      throw moved(sharedMemoryPath, fate)
    }
    if let anchor {
      if anchor.isOpenByAnotherName { throw openedByAnotherName(fate) }
      if anchor.copiesOfSQLite > 1 { throw openedTwice(fate) }
      if hasCanary, !anchor.hasCanary(at: canary) { throw robbed(fate) }
    }
    if let count { monitor.locked { countOfAll = max(countOfAll, count) } }
  }

  private static let remedy =
    "The store needs a few file descriptors: close some, or raise the limit (ulimit -n)"

  /// A descriptor of the database that is open for as long as the store's connections are.
  var databaseDescriptor: Int32? { anchor?.database }

  /// Where writers of all processes wait for each other.
  var line: TicketLock? { anchor?.line }

  // MARK: Notices

  /// Takes in what notices there are; returns how often some came. nil if none ever come.
  private func takeNotices() -> Int? {
    guard notices >= 0 else { return nil }
    return monitor.locked {
      // If the event notification cannot be asked, the answer is -1.
      var event = epoll_event()
      if epoll_wait(notification, &event, 1, 0) != 0,
        read(notices, noticeBuffer.baseAddress, noticeBuffer.count) > 0
      {
        noticeCount += 1
      }
      return noticeCount
    }
  }

  private static func notification(of notices: Int32) -> Int32 {
    guard notices >= 0 else { return -1 }
    let notification = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard notification >= 0 else { return -1 }
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(fd: notices))
    if epoll_ctl(notification, EPOLL_CTL_ADD, notices, &event) == 0 { return notification }
    close(notification)
    return -1
  }

  /// The count of notices at which all was in order; no count of them before the first look.
  private func countWithoutFault() -> Int { monitor.locked { countOfAll } }

  private static func notices(of path: String) -> Int32 {
    let notices = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard notices >= 0 else { return -1 }
    let gone = UInt32(IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
    let used = UInt32(IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE)
    for (suffix, events) in [("", gone | used), ("-wal", gone), ("-shm", gone | used)]
    where inotify_add_watch(notices, path + suffix, events) < 0 {
      close(notices)
      return -1
    }
    return notices
  }

  /// Asks for notices of the folders, too: one that is moved takes the file along, which has no notice of it. False if
  /// one of them may not be read.
  private static func watchFolders(of path: String, _ notices: Int32) -> Bool {
    guard notices >= 0 else { return false }
    var folder = path[...]
    while let slash = folder.utf8.lastIndex(of: UInt8(ascii: "/")) {
      folder = folder[..<slash]
      let name = folder.isEmpty ? "/" : String(folder)
      if inotify_add_watch(notices, name, UInt32(IN_MOVE_SELF | IN_DELETE_SELF)) < 0 { return false }
    }
    return true
  }

  // MARK: Errors

  private func moved(_ name: String, _ fate: String = FileWatch.untouched) -> StoreError {
    StoreError(
      .closed,
      "\(name) was moved, deleted or replaced while the store was open. \(fate). Put the file back together with its"
        + " -wal, then open the store again")
  }

  private func openedTwice(_ fate: String) -> StoreError {
    StoreError(
      .closed,
      "another copy of SQLite in this process has \(path) open (that of apsw, of pysqlite3 or of an sqlite3 module that"
        + " brings its own, say). Two of them do not see each other's locks, and each would write over what the other has"
        + " stored. \(fate). Close its connection, then open the store again; read with sql(), or use that library in a"
        + " process of its own")
  }

  private func truncated(_ fate: String) -> StoreError {
    StoreError(
      .closed,
      "\(path) was emptied while the store was open. \(fate). What the -wal holds is left as it is. Restore a backup: with"
        + " every store on the file closed, and the -wal out of the way")
  }

  private func openedByAnotherName(_ fate: String) -> StoreError {
    StoreError(
      .closed,
      "\(path) is a hard link of a file that a store has open by another name. Each name has a -wal of its own, so that each"
        + " would write over what the other has stored. \(fate). Use one name (a symbolic link is safe), or a copy made"
        + " with backup()")
  }

  private func robbed(_ fate: String) -> StoreError {
    StoreError(
      .closed,
      "the locks on \(path) are gone: somebody in this process has opened and closed the file, or its -shm, beside the"
        + " store (another copy of SQLite; a copy, a checksum or a look at its bytes), and that drops all locks of the"
        + " process. \(fate). Open the store again; copy it with backup(), read it with sql(), or do so in another"
        + " process")
  }
}
