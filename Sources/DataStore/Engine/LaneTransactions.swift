// SPDX-License-Identifier: MIT

/// An engine whose transactions keep the turn to write: how they end, and how they are rolled back from wherever it is
/// noticed that nobody will end them.
protocol LaneTransactions: CountedCalls, TransactionOwner {
  var lane: WriterLane { get }

  // MARK: Steps of the thread that has the turn

  /// Runs `body`, which ends transactions, lost ones too, on the connection that they are open on.
  func ending<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result
  /// Makes the innermost transaction part of the one around it, or commits it, and forgets it.
  func keepInnermost() throws(StoreError)
  /// Takes the transactions from number `level` on back, and forgets them.
  func takeBack(from level: Int)
  /// Rolls back all that is open, of which the transactions from number `level` on are over.
  func takeBackAll(from level: Int)
}

extension LaneTransactions {
  /// How many transactions are open, each within the one before.
  var transactionDepth: Int { lane.transactions.count }

  /// What the transaction within so many others is called where it is a savepoint.
  func savepointName(_ depth: Int) -> String { "ds_transaction_\(depth)" }

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
    try withTransaction { () throws(StoreError) in
      guard let level = lane.level(of: transaction) else { return false }
      let isInnermost = level == transactionDepth - 1
      do throws(StoreError) {
        guard isInnermost else { throw .outOfOrder }
        if commit { try keepInnermost() }
      } catch {
        takeBack(from: level)
        throw error
      }
      if !commit { takeBack(from: level) }
      return true
    } ?? false
  }

  func commitTransaction() throws(StoreError) {
    try withInnermost { () throws(StoreError) in try keepInnermost() }
  }

  func rollBackTransaction() throws(StoreError) {
    try withInnermost { () throws(StoreError) in takeBack(from: transactionDepth - 1) }
  }

  private func withInnermost(_ step: () throws(StoreError) -> Void) throws(StoreError) {
    let isDone: Void? = try withTransaction(step)
    guard isDone != nil else { throw .invalid("this thread has no transaction open; begin one first") }
  }

  /// Runs `body` with the turn that this thread and task keep by a transaction; nil if they have none.
  private func withTransaction<Result>(
    _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result? {
    try call { () throws(StoreError) in
      guard lane.enterTransaction() else { return nil }
      defer { leaveLane() }
      return try ending(body)
    }
  }

  // MARK: Giving up

  /// Rolls a transaction back from wherever it is noticed that nobody will end it; false if it is over. One within
  /// another takes that one's writes with it, and its owner is told so.
  func giveUp(_ transaction: TransactionID) throws(StoreError) -> Bool {
    // Not within `call`: this may happen while a call of this very thread asks whether to stop.
    try checkProcess()
    try countIn()
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
}

extension StoreError {
  static func openedReadOnly(_ path: String) -> StoreError {
    StoreError(.storage, "\(path) was opened read-only; open it without read_only to write")
  }

  static var checkpointWithin: StoreError {
    .invalid("a checkpoint is not possible within a transaction; end the transaction first")
  }
}
