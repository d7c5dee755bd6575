// SPDX-License-Identifier: MIT

/// The transaction of the thread that has the turn.
struct OpenTransaction {
  var session: Session?
  /// Its number on the server, by which a lost COMMIT is found out about.
  var number = ""
  /// Why it is rolled back already, before its end.
  var loss: StoreError?
  /// What the savepoint of calls, the last of all, stands before.
  var savepoint = Savepoint.none

  enum Savepoint {
    case none
    /// Nothing was written since.
    case isFresh
    case isUsed
  }
}

extension PostgreSQLEngine {
  private var depth: Int { lane.transactions.count }

  func beginTransaction() throws(StoreError) -> TransactionID {
    let identifier = TransactionID.next()
    try call { () throws(StoreError) in
      try checkMayWrite()
      let deadline = Deadline(secondsFromNow: options.timeout)
      try lane.enter(until: deadline)
      defer { leaveLane() }
      if depth == 0 {
        try beginOutermost(until: deadline)
        ThreadTransactions.note(identifier, of: self)
      } else {
        try checkTransaction()
        try onTransaction { session throws(StoreError) in
          _ = try session.run(releasing + "SAVEPOINT \(savepointName(depth))")
        }
        transaction.savepoint = .none
      }
      lane.keep(for: identifier)
    }
    return identifier
  }

  /// Every writer takes the opposing lock of the tables by itself, and waits; readers do not.
  private func beginOutermost(until deadline: Deadline) throws(StoreError) {
    while true {
      let session = try takeSession(until: deadline)
      session.waitsUntil = deadline
      do throws(StoreError) {
        let answer = try session.run(
          "BEGIN; LOCK TABLE \(tables.bars), \(tables.requests), \(tables.state) IN SHARE ROW EXCLUSIVE MODE;"
            + " SELECT pg_catalog.pg_current_xact_id()::text")
        transaction = OpenTransaction(session: session, number: answer.string(0))
        return
      } catch {
        defer { giveBack(session) }
        let state = session.lastState
        if session.isInTransaction, !session.isLost { rollBack(session) }
        guard error.code != .interrupted else { throw error }
        if state == .readOnlyTransaction, !session.isLost {
          try awaitPrimary(session, until: deadline, error)
          continue
        }
        guard session.isLost || state == .deadlock, !deadline.isPast else { throw error }
      }
    }
  }

  // MARK: Calls within one

  /// Runs `body` in the open transaction of this thread and task; where it fails, it is undone alone. A savepoint stands
  /// before it: one that nothing was written after serves again.
  func inTransaction<Result: ~Copyable>(
    writes: Bool, until queryEnd: Deadline? = nil, _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try checkTransaction()
    return try onTransaction { session throws(StoreError) in
      session.interruption.begin(stopsStatements: true, deadline: queryEnd)
      session.waitsUntil = Deadline(secondsFromNow: options.timeout)
      if transaction.savepoint != .isFresh {
        try session.run(releasing + "SAVEPOINT ds_call")
        transaction.savepoint = .isFresh
      }
      if writes { transaction.savepoint = .isUsed }
      do throws(StoreError) { return try Self.failingWhenShort(session, body) } catch {
        if !session.isLost { try undoCall(session) }
        throw error
      }
    }
  }

  /// Takes back what was done since the call's savepoint.
  func undoCall(_ session: Session) throws(StoreError) {
    session.forgetTemporaryTables()
    let state = session.lastState
    defer { session.lastState = state }
    try session.uninterruptibly { () throws(StoreError) in
      _ = try session.run("ROLLBACK TO SAVEPOINT ds_call")
    }
    transaction.savepoint = .isFresh
  }

  private var releasing: String { transaction.savepoint == .none ? "" : "RELEASE SAVEPOINT ds_call; " }

  /// Runs `body` on the transaction's session, and notices where that is lost, and the transaction with it.
  private func onTransaction<Result: ~Copyable>(
    _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    guard let session = transaction.session else { throw .isClosed }
    do throws(StoreError) { return try body(session) } catch {
      if session.isLost { transaction.loss = .transactionLost(path) }
      throw error
    }
  }

  func checkTransaction() throws(StoreError) {
    if let loss = transaction.loss { throw loss }
  }

  // MARK: Ending

  func end(_ identifier: TransactionID, commit: Bool) throws(StoreError) {
    guard !CancellationCallback.isAsking else {
      _ = try giveUp(identifier)
      return try CancellationCallback.refuseWithin()
    }
    do throws(StoreError) {
      if try endHere(identifier, commit) { return }
    } catch {
      let wasOpen = lane.level(of: identifier) != nil
      let isUnknown = ExactText(error.message) == ExactText(StoreError.unknownOutcome(path).message)
      guard wasOpen, error.code == .closed, !isUnknown, monitor.locked({ isClosed }) else { throw error }
      throw StoreError(
        .closed, "the store was closed within the transaction, which was rolled back; open it again")
    }
    guard try giveUp(identifier) else { throw .isOver }
    throw .leftElsewhere
  }

  private func endHere(_ identifier: TransactionID, _ commit: Bool) throws(StoreError) -> Bool {
    try withTransaction { () throws(StoreError) in
      guard let level = lane.level(of: identifier) else { return false }
      do throws(StoreError) {
        guard level == depth - 1 else { throw .outOfOrder }
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
    try withInnermost { () throws(StoreError) in takeBack(from: depth - 1) }
  }

  private func withInnermost(_ step: () throws(StoreError) -> Void) throws(StoreError) {
    let isDone: Void? = try withTransaction(step)
    guard isDone != nil else { throw .invalid("this thread has no transaction open; begin one first") }
  }

  private func withTransaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result?
  {
    try call { () throws(StoreError) in
      guard lane.enterTransaction() else { return nil }
      defer { leaveLane() }
      transaction.session?.interruption.begin(stopsStatements: true, deadline: nil)
      return try body()
    }
  }

  private func keepInnermost() throws(StoreError) {
    try checkTransaction()
    let level = depth - 1
    try onTransaction { session throws(StoreError) in
      if level == 0 {
        try commit(session, number: transaction.number)
      } else {
        try session.run("RELEASE SAVEPOINT \(savepointName(level))")
      }
    }
    forget(from: level)
  }

  private func takeBack(from level: Int) {
    if let session = transaction.session, !session.isLost, transaction.loss == nil || level == 0 {
      if level == 0 {
        if session.isInTransaction { rollBack(session) }
      } else {
        session.forgetTemporaryTables()
        do throws(StoreError) {
          let name = savepointName(level)
          _ = try session.uninterruptibly { () throws(StoreError) in
            try session.run("ROLLBACK TO SAVEPOINT \(name); RELEASE SAVEPOINT \(name)")
          }
        } catch {
          // What cannot be taken back in part must not be committed as a whole.
          rollBack(session)
          transaction.loss = .rolledBackByServer
        }
      }
    }
    forget(from: level)
  }

  private func forget(from level: Int) {
    lane.end(from: level)
    transaction.savepoint = .none
    guard level == 0 else { return }
    if let session = transaction.session { giveBack(session) }
    transaction = OpenTransaction()
    ThreadTransactions.forget(self)
  }

  private func savepointName(_ depth: Int) -> String { "ds_transaction_\(depth)" }

  // MARK: Giving up

  func giveUp(_ identifier: TransactionID) throws(StoreError) -> Bool {
    // Not within `call`: this may happen while a call of this very thread asks whether to stop.
    guard ProcessMark.current == process else { throw .forkedSession }
    let isOpen = monitor.locked {
      guard !isClosed else { return false }
      runningCalls += 1
      return true
    }
    guard isOpen else { throw .isClosed }
    defer { leave() }
    switch lane.giveUp(identifier) {
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

  /// Rolls back all that is open, of which the transactions from number `level` on are over.
  private func takeBackAll(from level: Int) {
    if let session = transaction.session, session.isInTransaction, !session.isLost { rollBack(session) }
    lane.end(from: level)
    transaction.savepoint = .none
    if level > 0 {
      transaction.loss = .innerLeft
    } else {
      if let session = transaction.session { giveBack(session) }
      transaction = OpenTransaction()
    }
  }
}

extension StoreError {
  static func transactionLost(_ place: String) -> StoreError {
    StoreError(
      .storage,
      "\(place): the connection to the server was lost within the transaction, and nothing of it is stored. Roll back, then"
        + " begin again")
  }
}
