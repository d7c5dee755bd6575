// SPDX-License-Identifier: MIT
import Glibc

/// A schema of a database on a PostgreSQL server. Calls take sessions of a pool; a transaction keeps one, and the turn in
/// the writer lane. The monitor guards all that changes.
final class PostgreSQLEngine: Engine, LaneTransactions, @unchecked Sendable {
  /// The URL, without a password.
  let path: String
  let options: StoreOptions
  let fastPaths: [String] = []
  let fastPathsReason: String? = nil

  let functions: LibPQ.Functions
  let address: ServerAddress
  /// The names of the tables, as statements have them.
  let tables: ServerTables

  let lane = WriterLane()
  let monitor = Monitor()
  let process = ProcessMark.current

  // Guarded by the monitor.
  var isClosed = false
  var runningCalls = 0
  var pool = SessionPool()
  /// Threads that make a backup, and the sessions that hold its snapshot.
  var snapshots: [(thread: ThreadID, session: Session)] = []

  // Guarded by the writer lane: the transaction of the thread that has the turn.
  var transaction = OpenTransaction()

  /// Connects, looks at the tables, and makes those that are missing.
  ///
  /// - Throws: `.invalid` where the URL is not one; `.storage` without libpq, server, database or rights; `.schema` where
  ///   the tables are not a store's.
  init(_ url: String, _ options: StoreOptions) throws(StoreError) {
    functions = try LibPQ.load()
    address = try ServerAddress(url, functions)
    path = address.shown
    self.options = options
    let session = try Session.connect(
      address, functions, timeout: options.timeout, writes: !options.isReadOnly
    ) {
      CancellationCallback.isAnsweredYes()
    }
    let facts = try session.setUp(options)
    tables = facts.tables
    try ServerSchema.prepare(session, facts, isReadOnly: options.isReadOnly)
    session.system = facts.system
    session.started = facts.started
    pool.giveBack(session)
    pool.open = 1
    join(session)
  }

  deinit { close() }

  /// Waits for running calls, rolls an open transaction back, ends the sessions. Any number of times.
  func close() {
    // A forked child leaves them alone: they are the parent's.
    guard ProcessMark.current == process else { return }
    guard refuseCalls() else { return }
    lane.close()
    waitForCalls()
    // The server rolls back what a session leaves open as it ends.
    transaction = OpenTransaction()
    _ = monitor.locked { pool.removeAll() }
  }

  /// Makes the calls that run in other threads stop with `.interrupted`; nothing of them is stored.
  func interrupt() throws(StoreError) {
    try checkProcess()
    try monitor.locked { () throws(StoreError) in
      guard !isClosed || runningCalls > 0 else { throw .isClosed }
      for session in pool.inUse { session.interruption.request() }
      pool.interrupts += 1
      monitor.wakeAll()
    }
    lane.interrupt()
  }

  static var forked: StoreError {
    StoreError(
      .closed,
      "the store was opened before this process was forked, and its sessions belong to the parent; open the store again in"
        + " the child")
  }
}
