// SPDX-License-Identifier: MIT
import Glibc

/// Notices what happens to the database file, its -wal or its -shm under our feet: moved, deleted or replaced (SQLite
/// goes on writing to the old inode then, and acknowledges what nobody will find), opened by a second copy of SQLite
/// in this process, or robbed of our locks by a close() of anybody in it (each may write over the other's commits).
///
/// The kernel's notices of who opens, closes, moves or deletes a file (inotify(7)) make it cheap: without one, nothing
/// was done.
final class FileWatch: @unchecked Sendable {  // the writer lane guards what changes
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
  private let noticeBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
  /// True from a notice until a look has found all in order.
  private var isSuspicious = true

  /// Takes note of the files as they are: call it once SQLite has opened all of them.
  init(_ path: String, isReadOnly: Bool, wantsNotices: Bool = true) {
    self.path = path
    walPath = path + "-wal"
    sharedMemoryPath = path + "-shm"
    // Before the look at the files, which then misses nothing.
    notices = isReadOnly || !wantsNotices ? -1 : Self.notices(of: path)
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
    if notices >= 0 { close(notices) }
    noticeBuffer.deallocate()
  }

  /// Before the store closes its connections.
  func end() {
    guard let anchor else { return }
    anchor.removeCanary(at: canary)
    anchor.letGo()
  }

  /// For readers: the database alone.
  func checkDatabase() throws(StoreError) {
    guard FileIdentity(path) != database else { return }
    throw moved(path)
  }

  /// For writers, before each transaction and each commit.
  func checkAll() throws(StoreError) {
    // A folder may be moved as well, of which the file has no notice.
    try checkDatabase()
    if hasNotice() { isSuspicious = true }
    if isSuspicious || notices < 0 { try look() }
  }

  /// Between a commit and its acknowledgement.
  func checkCommitted() throws(StoreError) {
    if hasNotice() { isSuspicious = true }
    guard isSuspicious || notices < 0 else { return }
    let fate = "Whether the call that was under way is stored is unknown"
    guard FileIdentity(path) == database else { throw moved(path, fate) }
    try look(fate)
  }

  private static let untouched = "Nothing was written"

  /// `fate` tells what became of the call at hand.
  private func look(_ fate: String = FileWatch.untouched) throws(StoreError) {
    isSuspicious = true
    if let problem { throw problem }
    if wal != nil, FileIdentity(walPath) != wal { throw moved(walPath, fate) }
    if sharedMemory != nil, FileIdentity(sharedMemoryPath) != sharedMemory {
      throw moved(sharedMemoryPath, fate)
    }
    if let anchor {
      if anchor.copiesOfSQLite > 1 { throw openedTwice(fate) }
      if hasCanary, !anchor.hasCanary(at: canary) { throw robbed(fate) }
    }
    isSuspicious = false
  }

  private static let remedy =
    "The store needs a few file descriptors: close some, or raise the limit (ulimit -n)"

  /// Where writers of all processes wait for each other.
  var line: WaitingLine? { anchor?.line }

  // MARK: Notices

  private func hasNotice() -> Bool {
    guard notices >= 0 else { return false }
    return read(notices, noticeBuffer.baseAddress, noticeBuffer.count) > 0
  }

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

  private func robbed(_ fate: String) -> StoreError {
    StoreError(
      .closed,
      "the locks on \(path) are gone: somebody in this process has opened and closed the file, or its -shm, beside the"
        + " store (another copy of SQLite; a copy, a checksum or a look at its bytes), and that drops all locks of the"
        + " process. \(fate). Open the store again; copy it with backup(), read it with sql(), or do so in another"
        + " process")
  }
}
