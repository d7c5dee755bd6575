// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// The wish that the call which runs on a connection should stop. It comes from another thread (`Store.interrupt()`),
/// from the calling thread, which is asked now and then (`CancellationCallback`), or from the clock.
final class Interruption: @unchecked Sendable {  // the flag is atomic; the rest is for the thread in the call
  private let flag = Atomic<Bool>(false)
  private var deadline: Deadline?
  /// CLOCK_MONOTONIC; 0 before the first look. A short call never looks at the clock.
  private var nextQuestion: Int64 = 0
  /// Whether SQLite may stop the current statement by itself.
  private var stopsStatements = false
  /// True if it was the clock that stopped the call.
  private(set) var isOutOfTime = false

  var isRequested: Bool { flag.load(ordering: .relaxed) }
  func request() { flag.store(true, ordering: .relaxed) }

  /// A call begins.
  func begin(stopsStatements: Bool, deadline: Deadline?) {
    flag.store(false, ordering: .relaxed)
    self.stopsStatements = stopsStatements
    self.deadline = deadline
    nextQuestion = 0
    isOutOfTime = false
  }

  /// What follows, a COMMIT say, must not be stopped any more.
  func end() { stopsStatements = false }

  /// Whether the call should stop. Every loop that may last asks, on the thread of the call.
  func shouldStop() -> Bool {
    if isRequested { return true }
    let now = Deadline.now
    if let deadline, now >= deadline.nanoseconds {
      isOutOfTime = true
      request()
      return true
    }
    guard now >= nextQuestion else { return false }
    let isFirst = nextQuestion == 0
    nextQuestion = now + CancellationCallback.interval
    guard !isFirst, CancellationCallback.isAnsweredYes() else { return false }
    request()
    return true
  }

  /// The same for SQLite, which asks between two of its instructions.
  func shouldStopStatement() -> Bool { stopsStatements && shouldStop() }

  /// A write within the caller's transaction stops at its own next row.
  func look() { _ = shouldStop() }
}

/// The cancellation callback of a thread: it is called during long calls, to find out whether the call should stop.
final class CancellationCallback {
  /// Nanoseconds from the beginning of a call to the first question, and from one to the next.
  static let interval: Int64 = 50_000_000

  private let shouldStop: () -> Bool
  private var isAsking = false

  private init(_ shouldStop: @escaping () -> Bool) { self.shouldStop = shouldStop }

  private static var current: CancellationCallback? {
    pthread_getspecific(slot).map { Unmanaged<CancellationCallback>.fromOpaque($0).takeUnretainedValue() }
  }

  static var isSet: Bool { current != nil }

  /// True if the thread is answering. It is in the midst of a call, and must not make another one.
  static var isAsking: Bool { current?.isAsking ?? false }

  static func isAnsweredYes() -> Bool {
    guard let current, !current.isAsking else { return false }
    current.isAsking = true
    defer { current.isAsking = false }
    return PlainLocale.lifted(current.shouldStop)
  }

  /// Sets the calling thread's question; nil: it has none.
  static func set(_ shouldStop: (() -> Bool)?) {
    let old = pthread_getspecific(slot)
    pthread_setspecific(slot, shouldStop.map { Unmanaged.passRetained(CancellationCallback($0)).toOpaque() })
    if let old { Unmanaged<CancellationCallback>.fromOpaque(old).release() }
  }

  private static let slot: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { kept in kept.map { Unmanaged<CancellationCallback>.fromOpaque($0).release() } }
    return key
  }()
}

extension CancellationCallback {
  /// Throws if the calling thread is being asked whether its call should stop.
  static func refuseWithin() throws(StoreError) {
    guard isAsking else { return }
    throw StoreError(
      .invalid,
      "the store was called in the midst of a long call of the same thread, from what that call asks whether to stop (a"
        + " signal handler, in Python). Raise an exception there, or set a flag, and call the store afterwards"
    )
  }
}
