// SPDX-License-Identifier: MIT

/// A store: one SQLite file with all bars, features, requests and state values.
///
/// Any number of threads may share one. `market` holds the bars, their features and the requests; `state` holds the
/// strategies' memory.
public final class Store: Sendable {
  /// Where everything is kept.
  let engine: any Engine
  /// The absolute path of the file, symbolic links resolved.
  public let path: String
  /// What the store was opened with.
  public let options: StoreOptions

  /// Opens the store at `path`, or makes a new one there.
  ///
  /// - Throws: `.storage` where the file cannot be read or written, `.schema` where it is not a store. It
  ///   stays as it was then, byte for byte.
  public init(_ path: String, _ options: StoreOptions = StoreOptions()) throws(StoreError) {
    try options.check()
    try ThreadStack.check()
    engine = try SQLiteEngine(path, options)
    self.path = engine.path
    self.options = options
  }

  /// Waits for running calls, rolls an open transaction back, closes the file. Any number of times.
  public func close() { engine.close() }

  /// Makes the calls that run in other threads stop with `.interrupted`, undone.
  public func interrupt() throws(StoreError) { try engine.interrupt() }

  /// Bars, their features, and the requests that brought them.
  public var market: MarketRepo { MarketRepo(engine: engine) }

  /// The strategies' memory: JSON values by key.
  public var state: StateRepo { StateRepo(engine: engine) }

  /// Throws `.closed` where no call is possible any more.
  package func checkOpen() throws(StoreError) { try engine.checkOpen() }

  /// Makes a store that a forked child opens right, whatever this process does at the fork. Opening a store does that,
  /// too; to call it early, as a library is loaded, covers a process that works on the file by other means.
  package static func getReadyForForks() { ForkedProcess.getReady() }
}

extension Store {
  /// Asks the calling thread, while a call of its lasts longer than some 50 ms, whether the call should stop; where
  /// `shouldStop` says so, the call ends with `.interrupted`, undone. nil: no questions any more. It holds for all
  /// stores. `shouldStop` runs in the midst of the call and must not call a store.
  public static func stopCallsOfThisThread(when shouldStop: (() -> Bool)?) throws(StoreError) {
    try CancellationCallback.refuseWithin()
    CancellationCallback.set(shouldStop)
  }

  /// Throws where the calling thread is being asked whether its call should stop.
  package static func refuseWithinQuestion() throws(StoreError) { try CancellationCallback.refuseWithin() }

  /// Says which of its tasks the calling thread is running, by a number of the caller's own; 0: none. A transaction then
  /// belongs to the task that began it: other tasks of the thread read the last commit, and their writes are refused.
  /// It holds for all stores, until it is said again. For event loops, coroutines and fibers.
  public static func thisThreadRuns(task number: Int) { TaskID.current = TaskID(number: number) }
}
