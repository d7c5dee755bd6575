// SPDX-License-Identifier: MIT
import Glibc

/// What a thread has asked to be called back for during its calls. A thread that has asked for nothing has none.
final class ThreadCallbacks {
  /// Asked now and then whether the call should stop; see `CancellationCallback`.
  fileprivate(set) var shouldStop: (() -> Bool)?
  /// Told how far the call has come.
  fileprivate(set) var reporter: ProgressReporter?
  /// True while one of them runs. The thread is in the midst of a call, and must not make another one.
  private(set) var isAnswering = false

  static var current: ThreadCallbacks? {
    pthread_getspecific(slot).map { Unmanaged<ThreadCallbacks>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Runs `body`, which is the host's code.
  func answer(_ body: () -> Bool) -> Bool {
    isAnswering = true
    defer { isAnswering = false }
    return PlainLocale.lifted(body)
  }

  fileprivate static func change(_ change: (ThreadCallbacks) -> Void) {
    let callbacks = current ?? ThreadCallbacks()
    let isNew = current == nil
    change(callbacks)
    let isEmpty = callbacks.shouldStop == nil && callbacks.reporter == nil
    guard isNew != isEmpty else { return }
    pthread_setspecific(slot, isEmpty ? nil : Unmanaged.passRetained(callbacks).toOpaque())
    if isEmpty { Unmanaged.passUnretained(callbacks).release() }
  }

  private static let slot: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { kept in kept.map { Unmanaged<ThreadCallbacks>.fromOpaque($0).release() } }
    return key
  }()
}

/// The cancellation callback of a thread: it is called during long calls, to find out whether the call should stop.
enum CancellationCallback {
  /// Nanoseconds from the beginning of a call to the first question, and from one to the next.
  static let interval: Int64 = 50_000_000

  static var isSet: Bool { ThreadCallbacks.current?.shouldStop != nil }

  /// True if the thread is answering this question, or is told how far its call has come.
  static var isAsking: Bool { ThreadCallbacks.current?.isAnswering ?? false }

  static func isAnsweredYes() -> Bool {
    guard let current = ThreadCallbacks.current, !current.isAnswering, let shouldStop = current.shouldStop
    else { return false }
    return current.answer(shouldStop)
  }

  /// Sets the calling thread's question; nil: it has none.
  static func set(_ shouldStop: (() -> Bool)?) { ThreadCallbacks.change { $0.shouldStop = shouldStop } }

  /// Throws if the calling thread is in the midst of a call, and answers one of its callbacks.
  static func refuseWithin() throws(StoreError) {
    guard isAsking else { return }
    throw StoreError(
      .invalid,
      "the store was called in the midst of a long call of the same thread, from what that call asks whether to stop (a"
        + " signal handler, in Python) or tells its progress. Raise an exception there, or set a flag, and call the store"
        + " afterwards"
    )
  }
}

extension ProgressReporter {
  /// The calling thread's; nil: its calls report to nobody.
  static var current: ProgressReporter? { ThreadCallbacks.current?.reporter }

  /// Sets the calling thread's; nil: its calls report to nobody.
  static func set(_ reporter: ProgressReporter?) { ThreadCallbacks.change { $0.reporter = reporter } }

  /// Runs `body`, whose calls report to `reporter` instead of the thread's own; nil: to nobody.
  static func during<Result: ~Copyable>(
    _ reporter: ProgressReporter?, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let own = current
    if own == nil, reporter == nil { return try body() }
    set(reporter)
    defer { set(own) }
    return try body()
  }
}
