// SPDX-License-Identifier: MIT
import Glibc

/// What knows how far the current call has come.
protocol ProgressMeasure: AnyObject {
  /// Asked on the thread of the call, between two rows.
  var progressSoFar: Int { get }
}

/// Tells the host how far the calls of a thread have come, on that thread, and never during a commit.
///
/// A loop that lasts asks `Interruption` whether to stop, which sees to the reports as well: a call of which nobody wants
/// to know looks at nothing more than before.
final class ProgressReporter {
  /// What is told; false stops the call.
  typealias Callback = (CallProgress) -> Bool

  static let defaultInterval: Int64 = 50_000_000

  private let callback: Callback
  /// Nanoseconds from the beginning of a call to the first report, and from one to the next.
  private let interval: Int64

  // The call that is under way.
  private var thread = pthread_t()
  private var depth = 0
  private var unit = CallProgress.Unit.rows
  private var total: Int?
  /// What earlier parts of the call have done.
  private var base = 0
  private var last = 0
  private var isStopped = false
  private var measure: (any ProgressMeasure)?
  /// The next report, by CLOCK_MONOTONIC; 0 before the first look.
  private(set) var next: Int64 = 0

  init(every interval: Int64 = defaultInterval, _ callback: @escaping Callback) {
    self.interval = interval
    self.callback = callback
  }

  /// Another one that tells the same host: for a call that goes on while the thread makes others.
  func copy() -> ProgressReporter { ProgressReporter(every: interval, callback) }

  // MARK: A call

  /// Runs `body`, a call, or a part of the one that `reporter` is told of already.
  static func call<Result>(
    _ reporter: ProgressReporter?, _ unit: CallProgress.Unit, of total: Int?,
    _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    guard let reporter else { return try body() }
    reporter.begin(unit, of: total)
    defer { reporter.end() }
    return try body()
  }

  func begin(_ unit: CallProgress.Unit, of total: Int?) {
    thread = pthread_self()
    isStopped = false
    depth += 1
    guard depth == 1 else { return }
    self.unit = unit
    self.total = total
    (base, last, next) = (0, 0, 0)
  }

  func end() {
    depth -= 1
    measure = nil
  }

  /// So many are expected, for all that is known now. Parts of a call do not know.
  func expect(_ total: Int) { if depth == 1 { self.total = total } }

  /// Another part begins, behind `done` that are done.
  func go(on done: Int) {
    isStopped = false
    thread = pthread_self()
    base = done
    if let expected = total, expected < done { total = done }
  }

  /// Lets `measure` say how far it is, until `forgetMeasure()`.
  func take(_ measure: any ProgressMeasure) { self.measure = measure }
  func forgetMeasure() { measure = nil }

  // MARK: Reports

  /// Whether the calling thread is the one that the call runs on. To be asked first, from other threads.
  var isHere: Bool { pthread_equal(thread, pthread_self()) != 0 }

  /// Reports where it is time to; false if the call should stop.
  func mayGoOn(at now: Int64) -> Bool {
    guard !isStopped else { return false }
    let isFirst = next == 0
    guard now >= next else { return true }
    next = now + interval
    if isFirst, interval > 0 { return true }
    let (sum, overflow) = base.addingReportingOverflow(measure?.progressSoFar ?? 0)
    let done = overflow ? last : max(sum, last)
    // What is left, a commit say, must not look as if it were done.
    if let total, done >= total { return true }
    return tell(done, total)
  }

  /// The last report of a call, before what it has done is kept; without `done` it is all that was expected. Throws if the
  /// host says no. Parts of a call have none.
  func finish(_ done: Int? = nil) throws(StoreError) {
    guard depth > 0 else { return }
    guard !isStopped else { throw .isInterrupted }
    guard depth == 1 else { return }
    let all = max(done ?? total ?? last, last)
    guard tell(all, all) else { throw .isInterrupted }
  }

  private func tell(_ done: Int, _ total: Int?) -> Bool {
    guard let callbacks = ThreadCallbacks.current, !callbacks.isAnswering else { return true }
    last = done
    let progress = CallProgress(done: done, total: total, unit: unit)
    if !callbacks.answer({ callback(progress) }) { isStopped = true }
    return !isStopped
  }
}
