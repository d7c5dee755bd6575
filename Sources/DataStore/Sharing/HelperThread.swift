// SPDX-License-Identifier: MIT
import Glibc

/// Runs what cannot check for cancellation, such as a long instruction of SQLite's, on a thread of its own, while
/// the calling thread waits for it and checks.
final class HelperThread<Output>: @unchecked Sendable {  // the monitor guards the outcome
  private let monitor = Monitor()
  private var outcome: Result<Output, StoreError>?
  private let body: () throws(StoreError) -> Output

  private init(_ body: @escaping () throws(StoreError) -> Output) { self.body = body }

  /// What `body` gives, after `stop` was called where the thread wishes so, or where `mayGoOn`, which is asked in between,
  /// is false. Where the thread has no callbacks, or where no thread is to be had, `body` runs right here.
  static func run(
    _ body: @escaping () throws(StoreError) -> Output, while mayGoOn: () -> Bool, stop: () -> Void
  ) throws(StoreError) -> Output {
    guard ThreadCallbacks.current != nil else { return try body() }
    let side = HelperThread(body)
    var thread = pthread_t()
    let isRunning = startThread(&thread, Unmanaged.passUnretained(side as AnyObject).toOpaque()) { side in
      side.map { (Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue() as? any Work)?.work() }
      return nil
    }
    guard isRunning else { return try body() }
    defer { pthread_join(thread, nil) }
    return try side.wait(mayGoOn, stop).get()
  }

  private func wait(_ mayGoOn: () -> Bool, _ stop: () -> Void) -> Result<Output, StoreError> {
    monitor.locked {
      while true {
        if let outcome { return outcome }
        let isLate = !monitor.wait(until: Deadline.never.capped(CancellationCallback.interval))
        // Beyond the lock, for the answer may take its time.
        guard isLate, outcome == nil else { continue }
        if monitor.unlocked({ CancellationCallback.isAnsweredYes() || !mayGoOn() }) { stop() }
      }
    }
  }
}

private protocol Work { func work() }

extension HelperThread: Work {
  fileprivate func work() {
    let found: Result<Output, StoreError>
    do throws(StoreError) { found = .success(try body()) } catch { found = .failure(error) }
    monitor.locked {
      outcome = found
      monitor.wakeAll()
    }
  }
}
