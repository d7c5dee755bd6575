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
  func beginTransaction() throws(StoreError) -> TransactionID {
    let identifier = TransactionID.next()
    try call { () throws(StoreError) in
      try checkMayWrite()
      let deadline = Deadline(secondsFromNow: options.timeout)
      try lane.enter(until: deadline)
      defer { leaveLane() }
      if transactionDepth == 0 {
        try beginOutermost(until: deadline)
        ThreadTransactions.note(identifier, of: self)
      } else {
        try checkTransaction()
        try onTransaction { session throws(StoreError) in
          _ = try session.run(releasing + "SAVEPOINT \(savepointName(transactionDepth))")
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
        let isDeadlock = session.lastState == .deadlock
        if session.isInTransaction, !session.isLost { rollBack(session) }
        let isLost = session.isLost
        giveBack(session)
        guard isLost || isDeadlock, error.code != .interrupted, !deadline.isPast else { throw error }
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

  func ending<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    transaction.session?.interruption.begin(stopsStatements: true, deadline: nil)
    return try body()
  }

  func keepInnermost() throws(StoreError) {
    try checkTransaction()
    let level = transactionDepth - 1
    try onTransaction { session throws(StoreError) in
      if level == 0 {
        try commit(session, number: transaction.number)
      } else {
        try session.run("RELEASE SAVEPOINT \(savepointName(level))")
      }
    }
    forget(from: level)
  }

  func takeBack(from level: Int) {
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

  func takeBackAll(from level: Int) {
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
