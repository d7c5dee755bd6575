// SPDX-License-Identifier: MIT
import Glibc

/// A store: one SQLite file, one connection that writes, and a pool of those that read.
///
/// Any number of threads may share one. `market` holds the bars, their features and the requests; `state` holds the
/// strategies' memory.
public final class Store: @unchecked Sendable {  // the monitor and the writer lane guard all that changes
  /// The absolute path of the file, symbolic links resolved.
  public let path: String
  /// What the store was opened with.
  public let options: StoreOptions

  let lane = WriterLane()
  private let monitor = Monitor()
  private let process = getpid()

  // Guarded by the monitor.
  private var isClosed = false
  private var runningCalls = 0
  private var readers = ReaderPool()
  private var inUse: [ObjectIdentifier: Connection] = [:]

  // Guarded by the writer lane.
  private var writer: Connection?
  private var checkpointer: Checkpointer?
  var transactionDepth = 0
  /// True once SQLite itself has rolled an open transaction back.
  var isTransactionLost = false

  let watch: FileWatch
  private let readerAccess: Connection.Access

  // MARK: Opening and closing

  /// Opens the store at `path`, or makes a new one there.
  ///
  /// - Throws: `.storage` where the file cannot be read or written, `.schema` where it is no store. It
  ///   stays as it was then, byte for byte.
  public init(_ path: String, _ options: StoreOptions = StoreOptions()) throws(StoreError) {
    try options.check()
    let opened = try StoreOpening(path, options)
    self.path = opened.path
    self.options = options
    writer = opened.writer
    checkpointer = opened.checkpointer
    readerAccess = opened.readerAccess
    watch = FileWatch(opened.path)
    if let reader = opened.reader { readers.giveBack(reader) }
  }

  deinit { close() }

  /// Waits for running calls, rolls an open transaction back, closes the file. Any number of times.
  public func close() {
    guard getpid() == process else { return abandon() }
    let isFirst = monitor.locked {
      guard !isClosed else { return false }
      isClosed = true
      return true
    }
    guard isFirst else { return }
    lane.close()
    let idle = monitor.locked {
      while runningCalls > 0 { monitor.wait() }
      return readers.removeAll()
    }
    let filesAreOurs = (try? watch.checkAll()) != nil
    if !filesAreOurs {
      for reader in idle { reader.leaveWALOnClose() }
      writer?.leaveWALOnClose()
      checkpointer?.leaveWALOnClose()
    }
    if let writer { rollBack(writer) }
    checkpointer = nil
    writer = nil
  }

  /// In a forked child: SQLite's connections belong to the parent, and closing them here would drop its
  /// locks and perhaps its WAL. They are left alone for good.
  private func abandon() {
    for connection in [writer].compactMap({ $0 }) + readers.removeAll() {
      _ = Unmanaged.passRetained(connection)
    }
    if let checkpointer { _ = Unmanaged.passRetained(checkpointer) }
  }

  /// Makes the calls that run in other threads stop with `.interrupted`, undone.
  public func interrupt() throws(StoreError) {
    guard getpid() == process else { throw .forked }
    try monitor.locked { () throws(StoreError) in
      guard !isClosed || runningCalls > 0 else { throw .isClosed }
      for connection in inUse.values { connection.interrupt() }
    }
    lane.interrupt()
  }

  // MARK: Calls

  /// Counts a call in; every call ends with `leave()`.
  private func enter() throws(StoreError) {
    guard getpid() == process else { throw .forked }
    try monitor.locked { () throws(StoreError) in
      guard !isClosed else { throw .isClosed }
      runningCalls += 1
    }
  }

  private func leave() {
    monitor.locked {
      runningCalls -= 1
      if isClosed, runningCalls == 0 { monitor.wakeAll() }
    }
  }

  /// Throws `.closed` where no call is possible any more.
  package func checkOpen() throws(StoreError) {
    try call { () throws(StoreError) in try watch.checkDatabase() }
  }

  /// Runs `body` as a call that neither reads nor writes by a connection of the store's.
  func call<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    try enter()
    defer { leave() }
    return try body()
  }

  /// Runs `body` on a connection for reading: the transaction's own where this thread has one open, else one of the
  /// pool's. With `snapshot`, all statements of `body` see the same moment.
  func read<Result>(
    snapshot: Bool, _ body: (Connection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try enter()
    defer { leave() }
    if let writer = try transactionConnection() {
      return try tracked(writer) { () throws(StoreError) in try body(writer) }
    }
    try watch.checkDatabase()
    let reader = try takeReader()
    defer { giveBack(reader) }
    return try tracked(reader) { () throws(StoreError) in
      guard snapshot else { return try body(reader) }
      try reader.statement("BEGIN").run()
      defer { try? reader.statement("COMMIT").run() }
      return try body(reader)
    }
  }

  /// Runs `body` on a pooled connection, even within a transaction: what others have committed.
  func readCommitted<Result>(_ body: (Connection) throws(StoreError) -> Result) throws(StoreError) -> Result {
    try enter()
    defer { leave() }
    try watch.checkDatabase()
    let reader = try takeReader()
    defer { giveBack(reader) }
    return try tracked(reader) { () throws(StoreError) in try body(reader) }
  }

  /// Runs `body` as one transaction (within an open one: as a savepoint): all of it is stored, or nothing.
  func write<Result>(_ body: (Connection) throws(StoreError) -> Result) throws(StoreError) -> Result {
    try withWriter { writer throws(StoreError) in
      if transactionDepth > 0 { return try savepoint(writer, body) }
      try begin(writer)
      do throws(StoreError) {
        let result = try body(writer)
        try commit(writer)
        return result
      } catch {
        rollBack(writer)
        throw error
      }
    }
  }

  /// Runs `body` with the turn to write and the connection for it.
  func withWriter<Result>(
    evenIfLost: Bool = false, _ body: (Connection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try enter()
    defer { leave() }
    guard !options.isReadOnly else {
      throw StoreError(.storage, "\(path) was opened read-only; open it without read_only to write")
    }
    let deadline = Deadline(secondsFromNow: options.timeout)
    try lane.enter(until: deadline)
    defer { lane.leave() }
    guard let writer else { throw .isClosed }
    if !evenIfLost { try checkTransaction() }
    writer.beginWaiting(until: deadline)
    return try tracked(writer) { () throws(StoreError) in try body(writer) }
  }

  /// Runs one guarded checkpoint.
  func runCheckpoint(_ writer: Connection) throws(StoreError) -> CheckpointResult {
    guard let checkpointer else { throw .isClosed }
    return try checkpointer.run(guardedBy: writer)
  }

  // MARK: The writer's steps

  func begin(_ writer: Connection) throws(StoreError) {
    try writer.statement("BEGIN IMMEDIATE").run()
  }

  func commit(_ writer: Connection) throws(StoreError) {
    try watch.checkAll()
    try writer.statement("COMMIT").run()
    checkpointer?.afterCommit(writer)
  }

  func rollBack(_ writer: Connection) {
    if writer.isInTransaction { try? writer.statement("ROLLBACK").run() }
  }

  private func savepoint<Result>(
    _ writer: Connection, _ body: (Connection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try writer.statement("SAVEPOINT ds_call").run()
    do throws(StoreError) {
      let result = try body(writer)
      try writer.statement("RELEASE ds_call").run()
      return result
    } catch {
      undo("ds_call", writer)
      throw error
    }
  }

  /// Takes back all since a savepoint, and notices where SQLite has taken back everything (disk full, say).
  func undo(_ savepoint: String, _ writer: Connection) {
    guard writer.isInTransaction else {
      isTransactionLost = true
      return
    }
    try? writer.execute("ROLLBACK TO \(savepoint); RELEASE \(savepoint)")
  }

  func checkTransaction() throws(StoreError) {
    guard transactionDepth > 0, isTransactionLost else { return }
    throw StoreError(
      .storage,
      "an error made SQLite roll the whole open transaction back; nothing of it is stored. Roll back, then begin again"
    )
  }

  // MARK: Connections

  /// The writer connection, where this thread has a transaction open on it.
  private func transactionConnection() throws(StoreError) -> Connection? {
    guard lane.isMine, transactionDepth > 0 else { return nil }
    try checkTransaction()
    try watch.checkDatabase()
    return writer
  }

  private func takeReader() throws(StoreError) -> Connection {
    if let kept = monitor.locked({ readers.take() }) { return kept }
    return try Connection(
      path, readerAccess,
      Connection.Settings(timeout: options.timeout, synchronous: options.durability.synchronous))
  }

  private func giveBack(_ reader: Connection) { monitor.locked { readers.giveBack(reader) } }

  /// Lets `interrupt()` reach the connection while `body` runs.
  private func tracked<Result>(
    _ connection: Connection, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    connection.interruption.clear()
    monitor.locked { inUse[ObjectIdentifier(connection)] = connection }
    defer { monitor.locked { inUse[ObjectIdentifier(connection)] = nil } }
    return try body()
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
