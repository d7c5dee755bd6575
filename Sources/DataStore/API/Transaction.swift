// SPDX-License-Identifier: MIT

extension Store {
  /// Runs `body` as one transaction: all that this thread stores within, in both repos, becomes visible at
  /// once, or nothing does.
  ///
  /// This thread reads its own writes; others read the last commit, and their writes wait. A call that throws within
  /// `body` is undone alone if `body` catches its error. Within another transaction this one is a savepoint.
  ///
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws, after a rollback; `.closed` if the store was closed within. Otherwise as a write, see
  ///   ``StoreError``.
  public func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    let transaction = try beginTransaction()
    let result: Result
    do throws(StoreError) {
      result = try body()
    } catch {
      try? end(transaction, commit: false)
      throw error
    }
    try end(transaction, commit: true)
    return result
  }

  /// Begins a transaction of the calling thread, and of the task that it says it runs (``thisThreadRuns(task:)``).
  ///
  /// Pair it with ``end(_:commit:)``, or with ``commitTransaction()`` or ``rollBackTransaction()``. If the thread ends
  /// before that, the transaction is rolled back. It takes the write lock at once (BEGIN IMMEDIATE).
  ///
  /// - Returns: A number to end it by. It may be ignored if transactions end in order.
  /// - Throws: `.busy` at once if another task of this thread has a transaction open. Otherwise as a write, see
  ///   ``StoreError``.
  @discardableResult
  public func beginTransaction() throws(StoreError) -> TransactionID {
    let transaction = TransactionID.next()
    try withWriter { writer throws(StoreError) in
      if transactionDepth == 0 {
        try watch.checkAll()
        try interruptibly(writer, .alone) { () throws(StoreError) in try begin(writer) }
        transactionLoss = nil
        ThreadTransactions.note(transaction, of: self)
      } else {
        try beginSavepoint(savepointName(transactionDepth), writer)
      }
      lane.keep(for: transaction)
    }
    return transaction
  }

  /// Ends a transaction where it was begun: in the same thread and task, after all that were begun within it. Its writes
  /// become part of what is stored (or of the outer transaction), or with `commit` false are taken back.
  ///
  /// - Throws: The transaction is over then, too, and its writes are taken back. `.invalid` if it was ended in another
  ///   thread or task, or before one within it, or was over already; `.closed` if the store was closed within. Otherwise
  ///   as a write, see ``StoreError``.
  public func end(_ transaction: TransactionID, commit: Bool) throws(StoreError) {
    guard !CancellationCallback.isAsking else {
      _ = try giveUp(transaction)
      return try Self.refuseWithinQuestion()
    }
    do throws(StoreError) {
      if try endHere(transaction, commit) { return }
    } catch {
      let wasOpen = lane.level(of: transaction) != nil
      guard wasOpen, error.code == .closed, monitor.locked({ isClosed }) else { throw error }
      throw StoreError(
        .closed, "the store was closed within the transaction, which was rolled back; open it again")
    }
    guard try giveUp(transaction) else {
      throw .invalid(
        "this transaction is over already: it was ended, or it was rolled back because its thread, its task or an outer"
          + " transaction had ended. Nothing of it is stored now that was not before; begin another one")
    }
    throw .invalid(
      "the transaction was left in another thread or task than the one that began it, and rolled back: nothing of it is"
        + " stored. End each transaction where it began; a generator that holds one must be finished there")
  }

  /// Ends a transaction of this thread and task; false if it is not one.
  private func endHere(_ transaction: TransactionID, _ commit: Bool) throws(StoreError) -> Bool {
    try withTransaction { writer throws(StoreError) in
      guard let level = lane.level(of: transaction) else { return false }
      let isInnermost = level == transactionDepth - 1
      do throws(StoreError) {
        guard isInnermost else { throw .outOfOrder }
        if commit { try keepInnermost(writer) }
      } catch {
        takeBack(from: level, writer)
        throw error
      }
      if !commit { takeBack(from: level, writer) }
      return true
    } ?? false
  }

  /// Makes the writes since the matching begin part of what is stored (or of the outer transaction). If this throws, the
  /// transaction is still open: roll it back.
  ///
  /// - Throws: `.invalid` if this thread and task have no transaction open; `.storage` if an error made SQLite roll the
  ///   whole transaction back. Otherwise as a write, see ``StoreError``.
  public func commitTransaction() throws(StoreError) {
    try withInnermost { writer throws(StoreError) in try keepInnermost(writer) }
  }

  /// Takes back the writes since the matching begin.
  ///
  /// - Throws: `.invalid` if this thread and task have no transaction open; `.closed` if the store is closed.
  public func rollBackTransaction() throws(StoreError) {
    try withInnermost { writer throws(StoreError) in takeBack(from: transactionDepth - 1, writer) }
  }

  private func withInnermost(_ step: (Connection) throws(StoreError) -> Void) throws(StoreError) {
    let isDone: Void? = try withTransaction(step)
    guard isDone != nil else { throw .invalid("this thread has no transaction open; begin one first") }
  }

  /// Runs `body` with the turn that this thread and task keep by a transaction; nil if they have none.
  private func withTransaction<Result>(
    _ body: (Connection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result? {
    try call { () throws(StoreError) in
      guard lane.enterTransaction() else { return nil }
      defer { leaveLane() }
      return try withWriter(evenIfLost: true, body)
    }
  }

  // MARK: Steps of the thread that has the turn

  private func keepInnermost(_ writer: Connection) throws(StoreError) {
    try checkTransaction()
    let level = transactionDepth - 1
    if level == 0 {
      try commit(writer)
    } else {
      try writer.statement("RELEASE \(savepointName(level))").run()
    }
    forgetTransactions(from: level)
  }

  private func takeBack(from level: Int, _ writer: Connection) {
    if level == 0 {
      rollBack(writer)
    } else if transactionLoss == nil {
      undo(savepointName(level), writer)
    }
    forgetTransactions(from: level)
  }

  private func forgetTransactions(from level: Int) {
    lane.end(from: level)
    guard level == 0 else { return }
    transactionLoss = nil
    ThreadTransactions.forget(self)
  }

  private func savepointName(_ depth: Int) -> String { "ds_transaction_\(depth)" }

  // MARK: Giving up

  /// Rolls a transaction back from wherever it is noticed that nobody will end it; false if it is over. One within
  /// another takes that one's writes with it, and its owner is told so.
  func giveUp(_ transaction: TransactionID) throws(StoreError) -> Bool {
    // Not within `call`: this may happen while a call of this very thread asks whether to stop.
    guard ProcessMark.current == process else { throw .forked }
    let isOpen = monitor.locked {
      guard !isClosed else { return false }
      runningCalls += 1
      return true
    }
    guard isOpen else { throw .isClosed }
    defer { leave() }
    switch lane.giveUp(transaction) {
    case .over: return false
    case .later: return true
    case .now(let level):
      takeBackAll(from: level)
      leaveLane()
      return true
    }
  }

  /// Gives the turn back. What was given up during the call is rolled back first.
  func leaveLane() {
    while let level = lane.leave() { takeBackAll(from: level) }
  }

  /// Rolls back all that SQLite has open, of which the transactions from number `level` on are over.
  private func takeBackAll(from level: Int) {
    if let writer { rollBack(writer) }
    lane.end(from: level)
    transactionLoss = level == 0 ? nil : .innerLeft
  }
}

extension StoreError {
  fileprivate static var outOfOrder: StoreError {
    .invalid(
      "the transaction was ended before one that was begun within it; both were rolled back. End them in order, the inner"
        + " one first")
  }

  fileprivate static var innerLeft: StoreError {
    .invalid(
      "a transaction within this one was left in another thread or task, and the whole was rolled back; nothing of it is"
        + " stored. Roll back, then begin again")
  }

  /// SQLite takes back everything after some errors (disk full, say).
  static var rolledBackBySQLite: StoreError {
    StoreError(
      .storage,
      "an error made SQLite roll the whole open transaction back; nothing of it is stored. Roll back, then begin again"
    )
  }
}
