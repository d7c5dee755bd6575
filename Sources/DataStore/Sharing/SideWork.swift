// SPDX-License-Identifier: MIT
import Synchronization

/// Work on threads of our own that nobody waits for. It is done in short stretches, and none begins while somebody has asked
/// for a pause, in this process: at a fork, say, since a child would inherit the middle of it.
enum SideWork {
  private static let monitor = Monitor()
  private static let pauses = Atomic(0)
  private nonisolated(unsafe) static var running = 0  // guarded by the monitor

  /// Whether a stretch is to come to its end.
  static var shouldPause: Bool { pauses.load(ordering: .relaxed) > 0 }

  /// Runs one stretch; nil if `isOver` before it could begin.
  static func stretch<Result>(
    unless isOver: () -> Bool, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result? {
    let mayBegin = monitor.locked {
      while shouldPause, !isOver() {
        _ = monitor.wait(until: Deadline(nanosecondsFromNow: longestWait))
      }
      if isOver() { return false }
      running += 1
      return true
    }
    guard mayBegin else { return nil }
    defer {
      monitor.locked {
        running -= 1
        monitor.wakeAll()
      }
    }
    return try body()
  }

  /// After so many nanoseconds it is looked again whether the work is over.
  private static let longestWait: Int64 = 1_000_000

  /// Runs `body` while there is none.
  static func pausing<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    pauses.add(1, ordering: .relaxed)
    monitor.locked {
      while running > 0 { monitor.wait() }
    }
    defer {
      monitor.locked {
        pauses.subtract(1, ordering: .relaxed)
        monitor.wakeAll()
      }
    }
    return try body()
  }

  // MARK: At a fork, on the thread that forks

  /// To be called when the library is loaded into use: what is made at first use is not to be made at a fork.
  static func getReady() { monitor.locked {} }

  static func lockForFork() {
    pauses.add(1, ordering: .relaxed)
    monitor.lock()
    while running > 0 { monitor.wait() }
  }

  static func unlockAfterFork(inChild: Bool) {
    // Those that had it pause otherwise are not in the child.
    if inChild { pauses.store(0, ordering: .relaxed) } else { pauses.subtract(1, ordering: .relaxed) }
    monitor.unlock()
  }
}
