// SPDX-License-Identifier: MIT
import Glibc

/// One SQLite file: one connection that writes, and a pool of those that read. The monitor and the writer lane guard all
/// that changes.
final class SQLiteEngine: Engine, LaneTransactions, @unchecked Sendable {
  /// The absolute path of the file, symbolic links resolved.
  let path: String
  let options: StoreOptions
  /// What all of its connections are opened with.
  let connectionSettings: Connection.Settings
  let fastPathsReason: String?

  let lane = WriterLane()
  let monitor = Monitor()
  let process = ProcessMark.current

  // Guarded by the monitor. What guards them keeps accesses apart, so Swift need not check that as well: a live bar would pay
  // some seven hundred instructions for it.
  @exclusivity(unchecked) var isClosed = false
  @exclusivity(unchecked) var runningCalls = 0
  @exclusivity(unchecked) var readers = ReaderPool()
  /// How many reads of one row the connection that writes has done. See `mayReadOnWriter()`.
  @exclusivity(unchecked) var readsOnWriter = 0
  /// Readers that `interrupt()` reaches, and what it may do to the writer; nil if that is not to be interrupted.
  @exclusivity(unchecked) var interruptible: [InterruptibleUse] = []
  let writersUse = WritersUse()

  // Guarded by the writer lane.
  @exclusivity(unchecked) var writer: StoreConnection?
  @exclusivity(unchecked) var checkpointer: Checkpointer?
  /// Why the open transaction is rolled back already, before its end.
  var transactionLoss: StoreError?

  let watch: FileWatch
  let readerAccess: Connection.Access
  /// What its connections know of other tools' timestamps; nil where each is to find out for itself.
  let known: StoreKnowledge?
  /// They find out more of that, where they have begun; guarded by the monitor.
  @exclusivity(unchecked) private var surveys: [IndexSurvey] = []
  /// Finds the latest bars of all series, where many were asked for; guarded by the monitor.
  @exclusivity(unchecked) private var readahead: LatestReadahead?

  // MARK: Opening and closing

  /// Opens the file at `path`, or makes a new one there.
  ///
  /// - Throws: `.storage` where the file cannot be read or written, `.schema` where it is not a store. It
  ///   stays as it was then, byte for byte.
  init(_ path: String, _ options: StoreOptions) throws(StoreError) {
    let location = try StorePath(path)
    let (anchor, isOpenHere) = FileAnchor.holdWhereOpen(location)
    defer { anchor?.letGo() }
    let (fastPaths, reason) = FastPaths.chosen(wanted: options.usesFastPaths)
    fastPathsReason = reason
    connectionSettings = options.connectionSettings(fastPaths)
    let opened = try StoreOpening(location, options, connectionSettings)
    self.path = opened.path
    self.options = options
    writer = opened.writer
    checkpointer = opened.checkpointer
    readerAccess = opened.readerAccess
    known = fastPaths.contains(.latestPages) ? StoreKnowledge(isReadOnly: options.isReadOnly) : nil
    watch = FileWatch(opened.path, isReadOnly: options.isReadOnly)
    writer?.waitsIn(watch.line)
    if let descriptor = watch.databaseDescriptor { checkpointer?.database = descriptor }
    if let reader = opened.reader { readers.giveBack(reader) }
    do throws(StoreError) {
      if let known {
        opened.writer?.join(known, writes: true)
        opened.writer?.noticesSoFar = { [watch] in watch.noticesSoFar }
        opened.reader?.join(known, writes: false)
      }
      if !options.isReadOnly {
        if isOpenHere { try watch.checkAll() } else { try watch.checkOpened() }
      }
      prepareSurveys()
      prepareReadahead()
    } catch {
      close()
      throw error
    }
  }

  private func prepareSurveys() {
    guard let known, known.isShared, connectionSettings.fastPaths.contains(.pages) else { return }
    for forms in [known.bars, known.requests] {
      // Called within a call of this store.
      forms.whenManyWereFound { [unowned(unsafe) self, unowned(unsafe) forms] in
        monitor.locked {
          guard !isClosed, let known = self.known else { return }
          let survey = makeSurvey(known, of: forms)
          surveys.append(survey)
          survey.start()
        }
      }
    }
  }

  private func prepareReadahead() {
    guard let known else { return }
    // Called within a call of this store.
    known.latest.whenManyWereFound { [unowned(unsafe) self] in
      monitor.locked {
        guard !isClosed, let known = self.known else { return }
        let readahead =
          self.readahead ?? LatestReadahead(path, readerAccess, connectionSettings, known, watch)
        self.readahead = readahead
        readahead.start()
      }
    }
  }

  func makeSurvey(_ known: StoreKnowledge) -> IndexSurvey { makeSurvey(known, of: known.bars) }

  func makeSurvey(_ known: StoreKnowledge, of forms: ForeignForms) -> IndexSurvey {
    IndexSurvey(path, readerAccess, connectionSettings, known, forms, watch)
  }

  deinit { close() }

  /// Waits for running calls, rolls an open transaction back, closes the file. Any number of times.
  func close() {
    guard ProcessMark.current == process else { return abandon() }
    guard refuseCalls() else { return }
    lane.close()
    for survey in monitor.locked({ surveys }) { survey.end() }
    monitor.locked { readahead }?.end()
    waitForCalls()
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

  /// Makes the calls that run in other threads stop with `.interrupted`; nothing of them is stored.
  func interrupt() throws(StoreError) {
    try checkProcess()
    try monitor.locked { () throws(StoreError) in
      guard !isClosed || runningCalls > 0 else { throw .isClosed }
      for use in interruptible { use.interrupt() }
      if let writer, let use = writersUse.kind { InterruptibleUse(connection: writer, kind: use).interrupt() }
    }
    lane.interrupt()
  }

  static var forked: StoreError {
    StoreError(
      .closed,
      "the store was opened before this process was forked, and SQLite's connections do not survive that; open the"
        + " store again in the child")
  }
}
