// SPDX-License-Identifier: MIT

/// A store: one SQLite file, or one schema on a PostgreSQL server, with all bars, features, requests and state values.
///
/// Any number of threads may share one, and any number of processes may open the file or the schema. ``market`` holds the bars, their
/// features and the requests; ``state`` holds the strategies' memory. Reads run beside each other and beside a write.
/// Writes wait for each other, for up to ``StoreOptions/timeout``.
///
/// A store does not survive `fork()`: in the child each call on it throws `.closed`. The child may open its own.
public final class Store: Sendable {
  /// Where everything is kept.
  let engine: any Engine
  /// How often ``interrupt()`` was called: a copy consists of many calls.
  let interrupts = InterruptCount()
  /// The absolute path of the file, symbolic links resolved; of a store on a server its URL, without a password.
  public let path: String
  /// What the store was opened with.
  public let options: StoreOptions

  /// Opens the store at `path`, or makes a new one there.
  ///
  /// - Parameters:
  ///   - path: A file. One that is absent or empty becomes a new store, with the permissions that open(2) gives. The path
  ///     is resolved now: a later chdir() changes nothing. Or a URL that libpq understands, `postgresql://user@host/database`:
  ///     the tables lie in the first schema of its search_path, and are made where they are not there.
  ///   - options: How it is opened.
  /// - Throws: `.invalid` if `path` does not name a file (":memory:", "file:...", "sqlite:///...") or names the -wal, -shm
  ///   or -journal of another database, or if an option is wrong. `.schema` if the file is not a store, `.storage` if it
  ///   cannot be read or written, or a -wal or -journal of an earlier file lies beside it: in both cases the file stays as
  ///   it was, byte for byte. `.closed` if another copy of SQLite in this process has the file open, or this is a forked
  ///   child in which SQLite cannot be used. Otherwise as a write, see ``StoreError``.
  public init(_ path: String, _ options: StoreOptions = StoreOptions()) throws(StoreError) {
    try options.check()
    try ThreadStack.check()
    engine = try ServerAddress.isOne(path) ? PostgreSQLEngine(path, options) : SQLiteEngine(path, options)
    self.path = engine.path
    self.options = options
  }

  /// Waits for running calls, rolls an open transaction back, closes the file.
  ///
  /// May be called any number of times and from any thread. Every later call throws `.closed`. The last reference to the
  /// store closes it, too.
  public func close() { engine.close() }

  /// Makes the calls that run in other threads stop with `.interrupted`; nothing of them is stored. Safe from any thread.
  ///
  /// - Throws: `.closed` if the store is closed, or this is a forked child.
  public func interrupt() throws(StoreError) {
    try engine.interrupt()
    interrupts.increase()
  }

  /// Bars, their features, and the requests that brought them.
  public var market: MarketRepo { MarketRepo(engine: engine) }

  /// The strategies' memory: JSON values by key.
  public var state: StateRepo { StateRepo(engine: engine) }

  /// Throws `.closed` if no call is possible any more.
  package func checkOpen() throws(StoreError) { try engine.checkOpen() }

  /// Makes a store that a forked child opens right, whatever this process does at the fork. Opening a store does that,
  /// too; to call it early, as a library is loaded, covers a process that works on the file by other means.
  package static func getReadyForForks() { ForkedProcess.getReady() }
}

extension Store {
  /// Sets the calling thread's cancellation callback. It is asked during calls that last longer than about 50 ms; if
  /// `shouldStop` returns true, the call ends with `.interrupted`, undone. nil removes the callback. It holds for all
  /// stores. `shouldStop` runs on this thread during the call: each call that it makes on a store throws `.invalid`.
  ///
  /// - Throws: `.invalid` if it is called from such a callback.
  public static func stopCallsOfThisThread(when shouldStop: (() -> Bool)?) throws(StoreError) {
    try CancellationCallback.refuseWithin()
    CancellationCallback.set(shouldStop)
  }

  /// Sets the calling thread's progress callback: how far its calls have come that write a batch or a stream, read or scan
  /// bars or features, check or back up, on any store. nil removes it. Other calls report nothing.
  ///
  /// It runs on this thread, first when a call has lasted for `interval`, and then no more often than that; and once at
  /// the end of each such call that succeeds, however short it is, with ``CallProgress/done`` equal to
  /// ``CallProgress/total``. That last time comes before a write is committed, and before a backup gets its name. If the
  /// callback returns false, at any time, the call ends with `.interrupted`, undone. Each call that it makes on a store
  /// throws `.invalid`. While it runs during a write, other writers wait.
  ///
  /// A ``BarScan`` and the ``ArrowStream`` of a scan keep the callback that is set as they are made: they count the rows of
  /// all their chunks, and call it on whichever thread takes one. A stream that is written is taken to its end first,
  /// which reports nothing.
  ///
  /// - Parameters:
  ///   - interval: Seconds, 0 to 1,000,000. With 0 it is called wherever a call looks whether to stop.
  ///   - callback: What is told; false stops the call.
  /// - Throws: `.invalid` if `interval` is out of range, or if it is called from such a callback.
  public static func reportProgressOfThisThread(
    every interval: Double = 0.05, to callback: ((CallProgress) -> Bool)?
  ) throws(StoreError) {
    try CancellationCallback.refuseWithin()
    guard interval >= 0, interval <= Limits.timeout else {
      throw .invalid(
        "the interval between two reports is \(interval) s; it must be 0 to \(Limits.timeout) s",
        key: "interval")
    }
    ProgressReporter.set(callback.map { ProgressReporter(every: Int64(interval * 1e9), $0) })
  }

  /// Throws if the calling thread answers one of its callbacks.
  package static func refuseWithinQuestion() throws(StoreError) { try CancellationCallback.refuseWithin() }

  /// Says which task the calling thread runs now, by a number of the caller's choice; 0: none. A transaction then
  /// belongs to the task that began it: other tasks of the thread read the last commit, and their writes are refused.
  /// It holds for all stores, until the next such call. For event loops, coroutines and fibers.
  public static func thisThreadRuns(task number: Int) { TaskID.current = TaskID(number: number) }
}
