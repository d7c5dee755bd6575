// SPDX-License-Identifier: MIT
import Synchronization

/// How often a store was told to interrupt its calls. A call that is made of many short ones compares: between two of them
/// nothing runs that could be stopped.
final class InterruptCount: Sendable {
  private let count = Atomic<Int>(0)

  var current: Int { count.load(ordering: .relaxed) }
  func increase() { count.wrappingAdd(1, ordering: .relaxed) }
}

/// A call that is made of many short ones, on one store or on two, and stops where either is interrupted. The thread's
/// cancellation callback is asked now and then, too: each of the short calls may be too short to ask it.
struct LongCall {
  private let seen: [(count: InterruptCount, atBegin: Int)]
  private let interruption = Interruption()

  init(_ counts: [InterruptCount]) {
    seen = counts.map { ($0, $0.current) }
    interruption.begin(stopsStatements: false, deadline: nil)
  }

  /// Throws if the call should stop.
  func check() throws(StoreError) {
    if interruption.shouldStop() { throw .isInterrupted }
    for store in seen where store.count.current != store.atBegin { throw .isInterrupted }
  }
}
