// SPDX-License-Identifier: MIT

/// The turn to write: one thread of this process at a time, first come, first served. The thread that has it may take it
/// again. A transaction keeps it between its calls, for the thread and the task that began it.
final class WriterLane: @unchecked Sendable {  // all state is guarded by the monitor
  /// It keeps accesses to the rest apart; Swift need not check that as well, which costs as much as the lock.
  private let monitor = Monitor()
  @exclusivity(unchecked) private var owner: ThreadID?
  /// How many calls that are running now have the turn: one, and those within it.
  @exclusivity(unchecked) private var depth = 0
  /// The transaction that keeps the turn, and those within it; none, and the turn goes with the call. Only the thread that has
  /// the turn changes them, so it may read them without the lock.
  @exclusivity(unchecked) private(set) var transactions: [TransactionID] = []
  /// What the owner was running when it began the outermost of them.
  @exclusivity(unchecked) private var task: TaskID = .none
  /// From which transaction on all is to be taken back, as soon as the call that is running has ended.
  @exclusivity(unchecked) private var givenUp: Int?
  /// True while another thread rolls back what the owner has left open.
  @exclusivity(unchecked) private var isSeized = false
  @exclusivity(unchecked) private var waiting: [UInt64] = []
  @exclusivity(unchecked) private var nextTicket: UInt64 = 0
  @exclusivity(unchecked) private var isClosed = false
  /// Counts the calls to `interrupt()`, so that a waiter notices one that came after it.
  private var interrupts = 0

  /// How many threads stand in line.
  var waiters: Int { monitor.locked { waiting.count } }

  /// Takes the turn. `.busy` at the deadline, and at once if another task of this thread has it: it could not go on
  /// while this one waits.
  func enter(until deadline: Deadline) throws(StoreError) {
    let me = ThreadID.current
    try monitor.locked { () throws(StoreError) in
      if owner == me, try enterAgain() { return }
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
        if monitor.wait(
          until: CancellationCallback.isSet ? deadline.capped(CancellationCallback.interval) : deadline)
        {
          continue
        }
        guard deadline.isPast else {
          // Beyond the lock, for the answer may take its time.
          if monitor.unlocked(CancellationCallback.isAnsweredYes) { throw .isInterrupted }
          continue
        }
        do {
          monitor.wakeAll()
          throw StoreError(
            .busy,
            "another thread of this process held the store's write lock for longer than the timeout. Is a transaction left"
              + " open, or does one wait for this very thread before it ends? Nothing was written: try again, or raise the"
              + " timeout")
        }
      }
      owner = me
      depth = 1
    }
  }

  /// Takes the turn where nobody has it or waits for it; else nothing happens.
  func enterIfFree() -> Bool {
    let me = ThreadID.current
    return monitor.locked {
      guard owner == nil, waiting.isEmpty, !isClosed else { return false }
      owner = me
      depth = 1
      return true
    }
  }

  /// Takes the turn that this thread has already; false if it has lost it meanwhile.
  private func enterAgain() throws(StoreError) -> Bool {
    let me = owner
    while isSeized { monitor.wait() }
    guard owner == me else { return false }
    guard transactions.isEmpty || task == TaskID.current else { throw .otherTask }
    depth += 1
    return true
  }

  /// Takes the turn where a transaction of this thread and task keeps it; else nothing happens.
  func enterTransaction() -> Bool {
    let me = ThreadID.current
    return monitor.locked {
      guard owner == me, !transactions.isEmpty else { return false }
      return (try? enterAgain()) ?? false
    }
  }

  /// Whether a transaction of this thread keeps the turn.
  var hasTransaction: Bool {
    let me = ThreadID.current
    return monitor.locked { owner == me && !transactions.isEmpty }
  }

  /// Gives back what `enter` took. If it returns a number, all transactions from that one on were given up meanwhile:
  /// the turn is still the caller's, which rolls them back and leaves again.
  func leave() -> Int? {
    monitor.locked {
      if depth == 1, let level = givenUp {
        givenUp = nil
        if level < transactions.count { return level }
      }
      depth -= 1
      guard depth == 0 else { return nil }
      let wasSeized = isSeized
      isSeized = false
      if transactions.isEmpty { owner = nil }
      if wasSeized || owner == nil { monitor.wakeAll() }
      return nil
    }
  }

  // MARK: Transactions

  /// Has a transaction keep the turn, which the caller has.
  func keep(for transaction: TransactionID) {
    monitor.locked {
      if transactions.isEmpty { task = TaskID.current }
      transactions.append(transaction)
    }
  }

  /// Ends all transactions from number `level` on. The caller has the turn.
  func end(from level: Int) {
    monitor.locked { transactions.removeSubrange(min(level, transactions.count)...) }
  }

  /// The number of a transaction among those that are open; nil if it is over.
  func level(of transaction: TransactionID) -> Int? {
    monitor.locked { transactions.firstIndex(of: transaction) }
  }

  enum GivingUp: Equatable {
    case over
    /// The call that is running takes it back when it ends.
    case later
    /// The turn is now the caller's, for taking back all from this number on.
    case now(Int)
  }

  /// Gives up a transaction, whatever thread began it.
  func giveUp(_ transaction: TransactionID) -> GivingUp {
    monitor.locked {
      while isSeized { monitor.wait() }
      guard let level = transactions.firstIndex(of: transaction) else { return .over }
      guard depth == 0 else {
        givenUp = min(givenUp ?? level, level)
        return .later
      }
      isSeized = true
      depth = 1
      return .now(level)
    }
  }

  // MARK: For all

  /// No thread gets the turn from now on; waiters leave with `.closed`.
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

  static var otherTask: StoreError {
    StoreError(
      .busy,
      "another task of this thread has a transaction open, and could not end it while this one waits. Nothing was written."
        + " End the transaction before the task awaits anything, or run each transaction as a whole in a thread of its own"
        + " (asyncio.to_thread, in Python)")
  }
}
