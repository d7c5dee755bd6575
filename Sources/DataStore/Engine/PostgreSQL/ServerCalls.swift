// SPDX-License-Identifier: MIT
import Glibc

/// How calls get a session: counted, the caller's transaction's own or one of the pool, and again where a deadlock or a
/// lost connection has undone all that they did.
extension PostgreSQLEngine {
  /// How a write becomes one transaction.
  enum WriteForm {
    /// It is one message: a statement, or a COPY and what is run over it. Where its answer is lost it finds out by itself
    /// what has become of it; see `Session.outcome`.
    case oneMessage
    /// A BEGIN, which tells the transaction's number, and a COMMIT go around it. Its result is known before the COMMIT.
    case severalMessages
  }

  func checkOpen() throws(StoreError) { try call { () throws(StoreError) in } }

  /// Runs `body`; where memory ran short meanwhile, what it made does not count.
  static func failingWhenShort<Result: ~Copyable>(
    _ session: Session, _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    MemoryShortage.forget()
    do throws(StoreError) {
      let result = try body(session)
      if !MemoryShortage.isNoted { return result }
    } catch {
      if !MemoryShortage.isNoted { throw error }
    }
    MemoryShortage.forget()
    throw .noMemory()
  }

  // MARK: Reading

  /// Runs `body` on a session for reading: the transaction's own where this thread and task have one open, else one of the
  /// pool. With `snapshot`, all statements of `body` see one snapshot; a single statement does so by itself. `body` may run
  /// again where the connection was lost.
  func read<Result: ~Copyable>(
    snapshot: Bool, until queryEnd: Deadline? = nil, _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try call { () throws(StoreError) in
      if let session = snapshotOfThisThread {
        session.waitsUntil = Deadline(secondsFromNow: options.timeout)
        return try Self.failingWhenShort(session, body)
      }
      if lane.enterTransaction() {
        defer { leaveLane() }
        return try inTransaction(writes: false, until: queryEnd, body)
      }
      return try readOutside(snapshot: snapshot, until: queryEnd, body)
    }
  }

  /// Runs `body` on a pooled session, even within a transaction: what others have committed, as one snapshot.
  func readOutside<Result: ~Copyable>(
    snapshot: Bool, until queryEnd: Deadline? = nil, _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let deadline = Deadline(secondsFromNow: options.timeout)
    return try repeatedly(deadline, isChecked: false) { session throws(StoreError) in
      session.interruption.begin(stopsStatements: true, deadline: queryEnd)
      guard snapshot else { return try Self.failingWhenShort(session, body) }
      try session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      let result = try Self.failingWhenShort(session, body)
      try session.uninterruptibly { () throws(StoreError) in _ = try session.run("COMMIT") }
      return result
    }
  }

  /// Runs `body`, which takes back all that it does, in a transaction that is rolled back; within the caller's one behind
  /// a savepoint.
  func readAlone<Result: ~Copyable>(
    until queryEnd: Deadline?, _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try call { () throws(StoreError) in
      if lane.enterTransaction() {
        defer { leaveLane() }
        return try inTransaction(writes: true, until: queryEnd) { session throws(StoreError) in
          let result = try Self.failingWhenShort(session, body)
          try undoCall(session)
          return result
        }
      }
      return try repeatedly(Deadline(secondsFromNow: options.timeout)) { session throws(StoreError) in
        session.interruption.begin(stopsStatements: true, deadline: queryEnd)
        try session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        let result = try Self.failingWhenShort(session, body)
        rollBack(session)
        return result
      }
    }
  }

  // MARK: Writing

  /// Runs `body` as one transaction (within an open one: as a savepoint): all of it is stored, or nothing. `body` may run
  /// again where a deadlock, or a lost connection, took back what it did. `find` is for one message whose answer was lost:
  /// it returns where what was to be stored is stored, else it throws.
  func write<Result: ~Copyable>(
    _ form: WriteForm,
    orFind find: (Session, StoreError) throws(StoreError) -> Result = { lost, _ throws(StoreError) in
      throw .unknownOutcome(lost.place)
    },
    _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try call { () throws(StoreError) in
      try checkMayWrite()
      if lane.enterTransaction() {
        defer { leaveLane() }
        return try inTransaction(writes: true, body)
      }
      let deadline = Deadline(secondsFromNow: options.timeout)
      // A transaction of another thread's is waited for in line. The turn is not kept: series do not wait for each other.
      try lane.enter(until: deadline)
      leaveLane()
      return try repeatedly(deadline) { session throws(StoreError) in
        switch form {
        case .oneMessage: return try writeInOneMessage(session, orFind: find, body)
        case .severalMessages: return try writeInSeveral(session, body)
        }
      }
    }
  }

  func checkMayWrite() throws(StoreError) {
    guard !options.isReadOnly else { throw .openedReadOnly(path) }
  }

  private func writeInOneMessage<Result: ~Copyable>(
    _ session: Session, orFind find: (Session, StoreError) throws(StoreError) -> Result,
    _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    session.outcome = .nothingStored
    defer { session.outcome = .nothingStored }
    do throws(StoreError) {
      let result = try Self.failingWhenShort(session, body)
      // A server that was to stop amid its wait for a standby says that all is done.
      if session.cancelReason != nil, !confirm(by: session) { throw .unknownOutcome(path) }
      return result
    } catch {
      guard session.isLost, session.outcome == .unknownWhereLost else { throw error }
      return try find(session, error)
    }
  }

  private func writeInSeveral<Result: ~Copyable>(
    _ session: Session, _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let number = try session.run("BEGIN; SELECT pg_catalog.pg_current_xact_id()::text").string(0)
    let result = try Self.failingWhenShort(session, body)
    try commit(session, number: number)
    return result
  }

  /// Commits the open transaction of this number. Where the answer is lost, the server is asked what has become of it.
  func commit(_ session: Session, number: String) throws(StoreError) {
    do throws(StoreError) {
      let isCommitted = try session.uninterruptibly { () throws(StoreError) in
        try session.run("COMMIT").tag.utf8.elementsEqual("COMMIT".utf8)
      }
      guard isCommitted else { throw .rolledBackByServer }
      if let number = UInt64(number) { session.horizon.own = number }
    } catch {
      guard session.isLost else { throw error }
      try findOut(number, of: session, error)
    }
  }

  // MARK: Again

  /// Runs `body` with a session of the pool, again where it failed for a reason that passes and nothing of it is stored.
  private func repeatedly<Result: ~Copyable>(
    _ deadline: Deadline, isChecked: Bool = true, _ body: (Session) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    var hasForgotten = false
    var isChecked = isChecked
    while true {
      let session = try takeSession(until: deadline, isChecked: isChecked)
      let wasChecked = isChecked
      isChecked = true
      defer { giveBack(session) }
      session.waitsUntil = deadline
      do throws(StoreError) { return try body(session) } catch {
        let state = session.lastState
        if session.isInTransaction, !session.isLost { rollBack(session) }
        guard error.code != .closed, error.code != .interrupted, error.code != .timeout else { throw error }
        if session.isLost {
          // The caller wished that the call should stop.
          guard !session.interruption.isRequested else { throw .isInterrupted }
          guard !wasChecked || !deadline.isPast else { throw error }
          continue
        }
        switch state {
        case .deadlock, .serialization:
          guard !deadline.isPast else { throw error }
        case .readOnlyTransaction:
          try awaitPrimary(session, until: deadline, error)
        case .noSuchStatement, .featureNotSupported:
          // The tables have changed under a prepared statement, or a pooler has given another session.
          guard !hasForgotten else { throw error }
          hasForgotten = true
          try session.forgetPrepared()
        default: throw error
        }
      }
    }
  }

  func rollBack(_ session: Session) {
    session.forgetTemporaryTables()
    try? session.uninterruptibly { () throws(StoreError) in _ = try session.run("ROLLBACK") }
  }
}

extension StoreError {
  /// A COMMIT that answered ROLLBACK.
  static var rolledBackByServer: StoreError {
    StoreError(
      .storage,
      "an error made the server roll the whole open transaction back; nothing of it is stored. Roll back, then begin again"
    )
  }
}
