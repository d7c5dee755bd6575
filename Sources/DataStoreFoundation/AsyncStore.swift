// SPDX-License-Identifier: MIT
public import DataStore
import Synchronization

/// A store for `async` code. Its calls run on a thread of its own, one after the other, and none of them blocks a thread
/// of the concurrency pool, and a transaction stays on the thread that began it.
///
/// ```swift
/// let desk = AsyncStore(try Store("market.db"))
/// let closes = try await desk.run { store in try store.market.latest(["EURUSD"], "1h", 200).close }
/// ```
///
/// For reads beside each other and beside a write, make several of them over one `Store`.
public final class AsyncStore: Sendable {
  /// The store that the calls are made on. To use it from synchronous code beside this object is fine.
  public let store: Store
  private let worker = Worker()

  /// Calls on this store.
  public init(_ store: Store) { self.store = store }

  deinit { worker.stop() }

  /// Runs `body` on the thread of this object, after the calls that came before, and waits for it without blocking a thread.
  ///
  /// If the task is cancelled, a body that has not begun does not begin, and a call of the store that lasts is stopped, with
  /// nothing of it stored.
  ///
  /// - Parameter body: Makes calls on the store. It cannot wait for `async` functions: what a transaction needs from
  ///   elsewhere is fetched before.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; `CancellationError` if the task was cancelled; `StoreError` with `.closed` in a forked
  ///   child, and with `.noMemory` if no thread can be started.
  public func run<Result: Sendable>(
    _ body: @escaping @Sendable (Store) throws -> Result
  ) async throws -> Result {
    try store.checkOpen()
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isTaken = worker.add { [store] in
          continuation.resume(with: Swift.Result { try flag.watching { try body(store) } })
        }
        if !isTaken { continuation.resume(throwing: StoreError(.noMemory, "no thread could be started")) }
      }
    } onCancel: {
      flag.isSet.store(true, ordering: .relaxed)
    }
  }

  /// Runs `body` as one transaction: all that it stores becomes visible at once, or nothing does.
  ///
  /// - Parameter body: As for ``run(_:)``. Whatever it throws takes everything back.
  /// - Returns: What `body` returns.
  /// - Throws: As ``run(_:)``, and what `Store.transaction` throws.
  public func transaction<Result: Sendable>(
    _ body: @escaping @Sendable (Store) throws -> Result
  ) async throws -> Result {
    try await run { store in try store.transaction { () throws(any Error) in try body(store) } }
  }
}

/// Whether a task was cancelled.
private final class CancellationFlag: Sendable {
  let isSet = Atomic(false)

  /// Runs `body`, whose calls stop once the task is cancelled.
  func watching<Result>(_ body: () throws -> Result) throws -> Result {
    if isSet.load(ordering: .relaxed) { throw CancellationError() }
    try Store.stopCallsOfThisThread { self.isSet.load(ordering: .relaxed) }
    defer { try? Store.stopCallsOfThisThread(when: nil) }
    do { return try body() } catch let error as StoreError where error.code == .interrupted {
      throw isSet.load(ordering: .relaxed) ? CancellationError() : error
    }
  }
}

/// A thread that runs what it is given, in order. It starts with the first and ends after `stop()`.
private final class Worker: @unchecked Sendable {  // the monitor guards all of it
  private let monitor = Monitor()
  private var jobs: [@Sendable () -> Void] = []
  private var isRunning = false
  private var isStopped = false

  /// False if no thread can be had to run it.
  func add(_ job: @escaping @Sendable () -> Void) -> Bool {
    monitor.locked {
      if !isRunning { isRunning = start() }
      guard isRunning else { return false }
      jobs.append(job)
      monitor.wakeAll()
      return true
    }
  }

  func stop() {
    monitor.locked {
      isStopped = true
      monitor.wakeAll()
    }
  }

  private func start() -> Bool {
    let own = Unmanaged.passRetained(self)
    let isStarted = startDetachedThread(own.toOpaque()) { worker in
      worker.map { Unmanaged<Worker>.fromOpaque($0).takeRetainedValue().work() }
      return nil
    }
    if !isStarted { own.release() }
    return isStarted
  }

  private func work() {
    while true {
      let batch: [@Sendable () -> Void]? = monitor.locked {
        while jobs.isEmpty, !isStopped { monitor.wait() }
        defer { jobs = [] }
        return jobs.isEmpty ? nil : jobs
      }
      guard let batch else { return }
      for job in batch { job() }
    }
  }
}
