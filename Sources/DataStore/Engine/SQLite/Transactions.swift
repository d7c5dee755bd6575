// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func beginTransaction() throws(StoreError) -> TransactionID {
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

  func end(_ transaction: TransactionID, commit: Bool) throws(StoreError) {
    guard !CancellationCallback.isAsking else {
      _ = try giveUp(transaction)
      return try CancellationCallback.refuseWithin()
    }
    do throws(StoreError) {
      if try endHere(transaction, commit) { return }
    } catch {
      let wasOpen = lane.level(of: transaction) != nil
      guard wasOpen, error.code == .closed, monitor.locked({ isClosed }) else { throw error }
      throw StoreError(
        .closed, "the store was closed within the transaction, which was rolled back; open it again")
    }
    guard try giveUp(transaction) else { throw .isOver }
    throw .leftElsewhere
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

  func commitTransaction() throws(StoreError) {
    try withInnermost { writer throws(StoreError) in try keepInnermost(writer) }
  }

  func rollBackTransaction() throws(StoreError) {
    try withInnermost { writer throws(StoreError) in takeBack(from: transactionDepth - 1, writer) }
  }

  private func withInnermost(_ step: (StoreConnection) throws(StoreError) -> Void) throws(StoreError) {
    let isDone: Void? = try withTransaction(step)
    guard isDone != nil else { throw .invalid("this thread has no transaction open; begin one first") }
  }

  /// Runs `body` with the turn that this thread and task keep by a transaction; nil if they have none.
  private func withTransaction<Result>(
    _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result? {
    try call { () throws(StoreError) in
      guard lane.enterTransaction() else { return nil }
      defer { leaveLane() }
      return try withWriter(evenIfLost: true, body)
    }
  }

  // MARK: Steps of the thread that has the turn

  private func keepInnermost(_ writer: StoreConnection) throws(StoreError) {
    try checkTransaction()
    let level = transactionDepth - 1
    if level == 0 {
      try commit(writer)
    } else {
      try writer.statement("RELEASE \(savepointName(level))").run()
    }
    forgetTransactions(from: level)
  }

  private func takeBack(from level: Int, _ writer: StoreConnection) {
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
  /// SQLite takes back everything after some errors (disk full, say).
  static var rolledBackBySQLite: StoreError {
    StoreError(
      .storage,
      "an error made SQLite roll the whole open transaction back; nothing of it is stored. Roll back, then begin again"
    )
  }
}
