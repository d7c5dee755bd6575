// SPDX-License-Identifier: MIT

/// The turn to write: one thread of this process at a time, first come, first served. The thread that
/// has it may take it again; a transaction keeps it from its begin to its end.
final class WriterLane: @unchecked Sendable {  // all state is guarded by the monitor
  private let monitor = Monitor()
  private var owner: ThreadID?
  private var depth = 0
  private var waiting: [UInt64] = []
  private var nextTicket: UInt64 = 0
  private var isClosed = false
  /// Counts the calls to `interrupt()`, so that a waiter notices one that came after it.
  private var interrupts = 0

  /// True where the calling thread has the turn.
  var isMine: Bool { monitor.locked { owner == ThreadID.current } }

  /// How many threads stand in line.
  var waiters: Int { monitor.locked { waiting.count } }

  /// Takes the turn. `.busy` at the deadline.
  func enter(until deadline: Deadline) throws(StoreError) {
    let me = ThreadID.current
    try monitor.locked { () throws(StoreError) in
      if owner == me {
        depth += 1
        return
      }
      if owner == nil, waiting.isEmpty, !isClosed {
        owner = me
        depth = 1
        return
      }
      let ticket = nextTicket
      nextTicket += 1
      waiting.append(ticket)
      defer { waiting.removeAll { $0 == ticket } }
      let seen = interrupts
      while isClosed || owner != nil || waiting.first != ticket {
        if isClosed { throw .isClosed }
        if interrupts != seen { throw .isInterrupted }
        if monitor.wait(until: StopQuestion.isSet ? deadline.capped(StopQuestion.interval) : deadline) {
          continue
        }
        guard deadline.isPast else {
          // Beyond the lock, for the answer may take its time.
          if monitor.unlocked(StopQuestion.isAnsweredYes) { throw .isInterrupted }
          continue
        }
        do {
          monitor.wakeAll()
          throw StoreError(
            .busy,
            "another thread of this process held the store's write lock for longer than the timeout (is a"
              + " transaction left open?). Nothing was written: try again, or raise the timeout")
        }
      }
      owner = me
      depth = 1
    }
  }

  /// Gives back what `enter` took.
  func leave() {
    monitor.locked {
      depth -= 1
      guard depth == 0 else { return }
      owner = nil
      monitor.wakeAll()
    }
  }

  /// Nobody gets the turn any more; waiters leave with `.closed`.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.wakeAll()
    }
  }

  func interrupt() {
    monitor.locked {
      interrupts += 1
      monitor.wakeAll()
    }
  }
}

extension StoreError {
  static var isClosed: StoreError {
    StoreError(.closed, "the store is closed; open it again")
  }

  static var isInterrupted: StoreError {
    StoreError(.interrupted, "the call was interrupted; nothing of it was stored")
  }
}
