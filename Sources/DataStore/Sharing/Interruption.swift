// SPDX-License-Identifier: MIT
import Synchronization

/// The wish that the call which runs on a connection should stop. It comes from another thread (`Store.interrupt()`),
/// from the calling thread, which is asked now and then (`CancellationCallback`), or from the clock.
final class Interruption: @unchecked Sendable {  // the flag is atomic; the rest is for the thread in the call
  private let flag = Atomic<Bool>(false)
  private var deadline: Deadline?
  /// CLOCK_MONOTONIC; 0 before the first look. A short call never looks at the clock.
  private var nextLook: Int64 = 0
  /// When to ask the cancellation callback, from the first look on.
  private var nextQuestion: Int64 = 0
  /// Who is told how far the call has come; nil: nobody.
  private(set) var reporter: ProgressReporter?
  private let statementLooks = Atomic<Int>(0)
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
    nextLook = 0
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
    return now >= nextLook && callBack(now)
  }

  /// Makes the callbacks of the thread that are due; true if one of them says that the call should stop.
  @inline(never)
  private func callBack(_ now: Int64) -> Bool {
    let isFirst = nextLook == 0
    // A statement may run on a thread of its own; see `HelperThread`.
    let reporter = self.reporter.flatMap { $0.isHere ? $0 : nil }
    // A question always comes before a report: Python runs its signal handlers there.
    if isFirst || now >= nextQuestion || reporter != nil {
      nextQuestion = now + CancellationCallback.interval
      nextLook = nextQuestion
      if !isFirst, CancellationCallback.isAnsweredYes() {
        request()
        return true
      }
    }
    guard let reporter else { return false }
    guard reporter.mayGoOn(at: now) else {
      request()
      return true
    }
    nextLook = min(nextQuestion, reporter.next)
    return false
  }

  /// The same for SQLite, which asks between two of its instructions.
  func shouldStopStatement() -> Bool {
    guard stopsStatements else { return false }
    if reporter != nil { statementLooks.add(1, ordering: .relaxed) }
    return shouldStop()
  }

  /// Another part of the call begins, on this thread: when to look next may have been set by a helper thread.
  func lookAgain() { nextLook = 0 }

  /// How often SQLite has asked while somebody was told how far the call has come; from any thread.
  var looksOfStatements: Int { statementLooks.load(ordering: .relaxed) }

  /// Lets `reporter` be told how far `body` has come, by `measure`.
  func reporting<Result: ~Copyable>(
    to reporter: ProgressReporter?, by measure: any ProgressMeasure, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    guard let reporter else { return try body() }
    reporter.take(measure)
    statementLooks.store(0, ordering: .relaxed)
    self.reporter = reporter
    nextLook = 0
    defer {
      self.reporter = nil
      reporter.forgetMeasure()
    }
    return try body()
  }

  /// A write within the caller's transaction stops at its own next row.
  func look() { _ = shouldStop() }
}
