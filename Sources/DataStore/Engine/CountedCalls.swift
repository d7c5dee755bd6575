// SPDX-License-Identifier: MIT
import Glibc

/// An engine that counts the calls that are running, so that closing it waits for them. None begins after that, or in a
/// forked child.
protocol CountedCalls: AnyObject {
  /// Guards the two below.
  var monitor: Monitor { get }
  var isClosed: Bool { get set }
  var runningCalls: Int { get set }
  /// The process that opened the store.
  var process: pid_t { get }
  /// What a call in a forked child fails with.
  static var forked: StoreError { get }
}

extension CountedCalls {
  /// Runs `body` as a call that uses no connection of the store.
  func call<Result: ~Copyable>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    try enter()
    defer { leave() }
    return try FloatSettings.withDefault(body)
  }

  private func enter() throws(StoreError) {
    try checkProcess()
    try CancellationCallback.refuseWithin()
    try ThreadStack.check()
    try countIn()
  }

  /// Refuses a forked child.
  func checkProcess() throws(StoreError) {
    guard ProcessMark.current == process else { throw Self.forked }
  }

  /// Counts a call in, which ends with `leave()`.
  func countIn() throws(StoreError) {
    try monitor.locked { () throws(StoreError) in
      guard !isClosed else { throw .isClosed }
      runningCalls += 1
    }
  }

  func leave() {
    monitor.locked {
      runningCalls -= 1
      if isClosed, runningCalls == 0 { monitor.wakeAll() }
    }
  }

  // MARK: Closing

  /// Refuses calls from now on; false if they were refused before.
  func refuseCalls() -> Bool {
    monitor.locked {
      guard !isClosed else { return false }
      isClosed = true
      monitor.wakeAll()
      return true
    }
  }

  /// Waits until the calls that are running have ended.
  func waitForCalls() {
    monitor.locked {
      while runningCalls > 0 { monitor.wait() }
    }
  }
}
