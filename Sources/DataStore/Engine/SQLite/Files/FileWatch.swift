// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// Notices what happens to the database file, its -wal or its -shm while it is open: moved, deleted or replaced (SQLite
/// goes on writing to the old inode then, and acknowledges what is lost), opened by a second copy of SQLite
/// in this process, or stripped of our locks by a close() anywhere in it (each may write over the other's commits).
///
/// Notices from the kernel (inotify(7)) when a process opens, closes, moves or deletes a file or folder make it cheap:
/// without one, nothing was done. What no notice tells, a file system mounted over the path, is looked for now and then.
/// To end them costs far more than that: see `Notices`. So a store asks for notices only once it has looked so often that
/// they pay; until then each check looks for itself, and misses nothing that a notice would have told.
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

  // Guarded by the monitor.
  private let monitor = Monitor()
  /// nil before they pay, and where the kernel has none to give, so that each call looks for itself.
  private var notices: Notices? {
    didSet { (arrival, coverFolders) = (notices?.arrival, notices?.coverFolders ?? false) }
  }
  /// What each call asks, kept beside them: to get at an object costs as much as to look at it.
  @exclusivity(unchecked) private var arrival: Int32?
  @exclusivity(unchecked) private var coverFolders = false
  private let wantsNotices: Bool
  /// What the looks without notices have cost so far.
  private var effort = 0
  /// How often notices came in.
  private var noticeCount = 0
  private var callsWithoutNotices = 0
  /// At which count a look found the database, and all there is, in order.
  private var countOfDatabase = -1
  private var countOfAll = -1
  /// When the database was looked for last, in nanoseconds.
  private var lastLook: UInt64 = 0
  private static let nanosecondsBetweenLooks: UInt64 = 10_000_000
  /// A look at the database asks for one name, one at all there is asks for every descriptor of the process, too.
  private static let effortOfDatabase = 1
  private static let effortOfAll = 4
  /// From which effort on notices pay. A script that opens a store, makes a few calls and closes it never gets there.
  private static let worthwhileEffort = 32

  /// Takes note of the files as they are: call it once SQLite has opened all of them.
  init(_ path: String, isReadOnly: Bool, wantsNotices: Bool = true) {
    self.path = path
    walPath = path + "-wal"
    sharedMemoryPath = path + "-shm"
    self.wantsNotices = !isReadOnly && wantsNotices
    anchor = isReadOnly ? nil : FileAnchor.hold(path)
    problem =
      isReadOnly || anchor != nil
      ? nil : StoreError(.storage, "\(path): \(String(cString: strerror(errno))). \(Self.remedy)")
    hasCanary = anchor?.plantCanary(at: canary) ?? false
    database = FileIdentity(path)
    wal = FileIdentity(walPath)
    sharedMemory = FileIdentity(sharedMemoryPath)
  }

  /// Before the store closes its connections.
  func end() {
    guard let anchor else { return }
    anchor.removeCanary(at: canary)
    anchor.letGo()
  }

  /// For readers: the database alone.
  func checkDatabase() throws(StoreError) { _ = try lookForDatabase() }

  /// For a store that has just been opened, right behind `init`, where nothing in this process had the -shm open before: no
  /// other copy of SQLite can have the file open. What was taken note of is not looked for again.
  func checkOpened() throws(StoreError) {
    if let problem { throw problem }
    if StorePath.size(path) == 0 { throw truncated(Self.untouched) }
    if let anchor, anchor.isOpenByAnotherName { throw openedByAnotherName(Self.untouched) }
    makeEffort(Self.effortOfAll)
  }

  /// For writers, before each transaction and each commit.
  func checkAll() throws(StoreError) {
    let taken = try lookForDatabase()
    if let taken, taken.isWithoutFault { return }
    try look(taken?.count)
  }

  /// Between a commit and its acknowledgement.
  func checkCommitted() throws(StoreError) {
    let taken = takeNotices()
    if let taken, taken.isWithoutFault { return }
    let fate = "Whether the call that was under way is stored is unknown"
    guard FileIdentity(path) == database else {
      doubtNotices()
      throw moved(path, fate)
    }
    try look(taken?.count, fate)
  }

  /// Makes sure that the path leads to the database; returns the notices that this holds for, nil if there are none.
  private func lookForDatabase() throws(StoreError) -> Taken? {
    let taken = takeNotices()
    let now = taken == nil ? 0 : Self.now()
    if let taken, taken.coverFolders, taken.isOfDatabase,
      now &- taken.lastLook < Self.nanosecondsBetweenLooks
    {
      return taken
    }
    guard FileIdentity(path) == database else {
      doubtNotices()
      throw moved(path)
    }
    guard let taken else {
      makeEffort(Self.effortOfDatabase)
      return nil
    }
    monitor.locked {
      countOfDatabase = max(countOfDatabase, taken.count)
      lastLook = now
    }
    return taken
  }

  /// How often notices came in so far; nil if none ever do. While they do not pay yet it is a number that was never given
  /// before: what was seen at the last call need not be so any more.
  var noticesSoFar: Int? {
    if let count = monitor.locked({ notices == nil ? nil : noticeCount }) { return count }
    makeEffort(Self.effortOfDatabase)
    return monitor.locked {
      if notices != nil { return noticeCount }
      guard wantsNotices else { return nil }
      callsWithoutNotices += 1
      return -callsWithoutNotices
    }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  private static let untouched = "Nothing was written"

  /// Looks at all but the database. `count` is that of the notices before; `fate` tells what became of the current call.
  private func look(_ count: Int?, _ fate: String = FileWatch.untouched) throws(StoreError) {
    do throws(StoreError) { try lookAtAll(fate) } catch {
      doubtNotices()
      throw error
    }
    guard let count else { return makeEffort(Self.effortOfAll) }
    monitor.locked { countOfAll = max(countOfAll, count) }
  }

  private func lookAtAll(_ fate: String) throws(StoreError) {
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
  }

  private static let remedy =
    "The store needs a few file descriptors: close some, or raise the limit (ulimit -n)"

  /// A descriptor of the database that is open for as long as the store's connections are.
  var databaseDescriptor: Int32? { anchor?.database }

  /// Where writers of all processes wait for each other.
  var line: TicketLock? { anchor?.line }

  // MARK: Notices

  private struct Taken {
    /// How often notices came in.
    let count: Int
    /// The folders on the path give notice, too.
    let coverFolders: Bool
    /// A look has found the database, or all there is, in order since the last one.
    let isOfDatabase: Bool
    let isWithoutFault: Bool
    let lastLook: UInt64
  }

  /// Takes in what notices there are; nil if none come.
  private func takeNotices() -> Taken? {
    monitor.locked {
      guard let arrival else { return nil }
      if Notices.mayHaveCome(arrival), notices?.take() ?? false { noticeCount += 1 }
      return Taken(
        count: noticeCount, coverFolders: coverFolders, isOfDatabase: noticeCount == countOfDatabase,
        isWithoutFault: noticeCount == countOfAll, lastLook: lastLook)
    }
  }

  /// After a look without notices that found all in order: asks for them once they pay. What happened since that look is
  /// for the next one, which no count spares.
  private func makeEffort(_ effort: Int) {
    monitor.locked {
      self.effort += effort
      guard wantsNotices, notices == nil, self.effort >= Self.worthwhileEffort else { return }
      notices = Notices(of: path)
      // Where there are none to be had now, it is tried again later.
      self.effort = 0
    }
  }

  /// A look has found a fault. Where none has found all in order since the notices began, they may be of other files.
  private func doubtNotices() {
    monitor.locked {
      guard notices != nil, countOfAll < 0 else { return }
      notices = nil
      countOfDatabase = -1
      effort = 0
    }
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
