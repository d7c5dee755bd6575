// SPDX-License-Identifier: MIT
import Glibc

/// A store: one SQLite file, one connection that writes, and a pool of those that read.
///
/// Any number of threads may share one, and any number of processes may open the file. ``market`` holds the bars, their
/// features and the requests; ``state`` holds the strategies' memory. Reads run beside each other and beside a write.
/// Writes wait for each other, for up to ``StoreOptions/timeout``.
///
/// A store does not survive `fork()`: in the child each call on it throws `.closed`. The child may open its own.
public final class Store: @unchecked Sendable {  // the monitor and the writer lane guard all that changes
  /// The absolute path of the file, symbolic links resolved.
  public let path: String
  /// What the store was opened with.
  public let options: StoreOptions
  /// What all of its connections are opened with.
  let connectionSettings: Connection.Settings
  /// Why some fast paths are off.
  package let fastPathsReason: String?

  let lane = WriterLane()
  let monitor = Monitor()
  let process = ProcessMark.current

  // Guarded by the monitor.
  var isClosed = false
  var runningCalls = 0
  var readers = ReaderPool()
  /// Connections that `interrupt()` reaches.
  var interruptible: [InterruptibleUse] = []

  // Guarded by the writer lane.
  var writer: Connection?
  var checkpointer: Checkpointer?
  var transactionDepth: Int { lane.transactions.count }
  /// Why the open transaction is rolled back already, before its end.
  var transactionLoss: StoreError?

  let watch: FileWatch
  let readerAccess: Connection.Access

  // MARK: Opening and closing

  /// Makes a store that a forked child opens right, whatever this process does at the fork. Opening a store does that,
  /// too; to call it early, as a library is loaded, covers a process that works on the file by other means.
  package static func getReadyForForks() { ForkedProcess.getReady() }

  /// Opens the store at `path`, or makes a new one there.
  ///
  /// - Parameters:
  ///   - path: A file. One that is absent or empty becomes a new store, with the permissions that open(2) gives. The path
  ///     is resolved now: a later chdir() changes nothing.
  ///   - options: How it is opened.
  /// - Throws: `.invalid` if `path` does not name a file (":memory:", "file:...", "sqlite:///...") or names the -wal, -shm
  ///   or -journal of another database, or if an option is wrong. `.schema` if the file is not a store, `.storage` if it
  ///   cannot be read or written, or a -wal or -journal of an earlier file lies beside it: in both cases the file stays as
  ///   it was, byte for byte. `.closed` if another copy of SQLite in this process has the file open, or this is a forked
  ///   child in which SQLite cannot be used. Otherwise as a write, see ``StoreError``.
  public init(_ path: String, _ options: StoreOptions = StoreOptions()) throws(StoreError) {
    try options.check()
    try ThreadStack.check()
    let anchor = FileAnchor.holdWhereOpen(path)
    defer { anchor?.letGo() }
    let (fastPaths, reason) = FastPaths.chosen(wanted: options.usesFastPaths)
    fastPathsReason = reason
    connectionSettings = options.connectionSettings(fastPaths)
    let opened = try StoreOpening(path, options, connectionSettings)
    self.path = opened.path
    self.options = options
    writer = opened.writer
    checkpointer = opened.checkpointer
    readerAccess = opened.readerAccess
    watch = FileWatch(opened.path, isReadOnly: options.isReadOnly)
    writer?.waitsIn(watch.line)
    if let descriptor = watch.databaseDescriptor { checkpointer?.database = descriptor }
    if let reader = opened.reader { readers.giveBack(reader) }
    do throws(StoreError) {
      if !options.isReadOnly { try watch.checkAll() }
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Waits for running calls, rolls an open transaction back, closes the file.
  ///
  /// May be called any number of times and from any thread. Every later call throws `.closed`. The last reference to the
  /// store closes it, too.
  public func close() {
    guard ProcessMark.current == process else { return abandon() }
    let isFirst = monitor.locked {
      guard !isClosed else { return false }
      isClosed = true
      return true
    }
    guard isFirst else { return }
    lane.close()
    monitor.locked {
      while runningCalls > 0 { monitor.wait() }
    }
    if let writer { rollBack(writer) }
    let filesAreOurs = (try? watch.checkAll()) != nil
    if !filesAreOurs {
      writer?.leaveWALOnClose()
      checkpointer?.leaveWALOnClose()
    }
    watch.end()
    // The writer last: only a connection that may write can fold the WAL in and take it away.
    closeReaders(leavingWAL: !filesAreOurs)
    checkpointer = nil
    writer = nil
    FileAnchor.closeIdle()
  }

  private func closeReaders(leavingWAL: Bool) {
    for reader in readers.removeAll() where leavingWAL { reader.leaveWALOnClose() }
  }

  /// In a forked child: SQLite's connections belong to the parent, and closing them here would drop its
  /// locks and perhaps its WAL. They are left alone for good.
  private func abandon() {
    for connection in [writer].compactMap({ $0 }) + readers.removeAll() {
      _ = Unmanaged.passRetained(connection)
    }
    if let checkpointer { _ = Unmanaged.passRetained(checkpointer) }
  }

  /// Makes the calls that run in other threads stop with `.interrupted`; nothing of them is stored. Safe from any thread.
  ///
  /// - Throws: `.closed` if the store is closed, or this is a forked child.
  public func interrupt() throws(StoreError) {
    guard ProcessMark.current == process else { throw .forked }
    try monitor.locked { () throws(StoreError) in
      guard !isClosed || runningCalls > 0 else { throw .isClosed }
      for use in interruptible { use.interrupt() }
    }
    lane.interrupt()
  }
}

extension StoreError {
  static var forked: StoreError {
    StoreError(
      .closed,
      "the store was opened before this process was forked, and SQLite's connections do not survive that; open the"
        + " store again in the child")
  }
}
