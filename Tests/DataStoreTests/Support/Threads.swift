// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

/// A thread of its own. Transactions belong to threads, so a task will not do.
final class Worker: @unchecked Sendable {  // the outcome is read after the join only
  private var thread = pthread_t()
  private var outcome: Result<Void, any Error> = .success(())
  private let body: @Sendable () throws -> Void

  init(_ body: @escaping @Sendable () throws -> Void) {
    self.body = body
    pthread_create(
      &thread, nil,
      { me in
        guard let me else { return nil }
        let worker = Unmanaged<Worker>.fromOpaque(me).takeRetainedValue()
        worker.outcome = Result { try worker.body() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }

  /// Waits for the end; throws what the thread threw.
  func join() throws {
    pthread_join(thread, nil)
    try outcome.get()
  }
}

/// Runs `body` on another thread and waits for it.
@discardableResult
func elsewhere<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
  let kept = Kept<Value?>(nil)
  try Worker { kept.value = try body() }.join()
  return try #require(kept.value)
}

/// A value that several threads share.
final class Kept<Value: Sendable>: @unchecked Sendable {  // guarded by the monitor
  private let monitor = Monitor()
  private var stored: Value

  init(_ value: Value) { stored = value }

  var value: Value {
    get { monitor.locked { stored } }
    set { monitor.locked { stored = newValue } }
  }

  func update(_ change: (inout Value) -> Void) { monitor.locked { change(&stored) } }
}

/// A gate that is shut until a thread opens it.
final class Gate: @unchecked Sendable {  // guarded by the monitor
  private let monitor = Monitor()
  private var isOpen = false

  func open() {
    monitor.locked {
      isOpen = true
      monitor.wakeAll()
    }
  }

  func wait() { monitor.locked { while !isOpen { monitor.wait() } } }
}

extension WriterLane {
  /// Waits, without a clock, until so many threads stand in line.
  func awaitWaiters(_ count: Int) {
    while waiters < count { sched_yield() }
  }
}
