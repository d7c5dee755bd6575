// SPDX-License-Identifier: MIT

/// What has become of a write whose answer was lost with the connection: another session asks the server.
extension PostgreSQLEngine {
  /// How long to ask: a server may be on its way up again, and the caller waits.
  private var patience: Deadline { Deadline(secondsFromNow: max(options.timeout, 1)) }

  /// Finds out whether a transaction was committed whose COMMIT has no answer; throws where it was not, or cannot be known.
  func findOut(_ number: String, of lost: Session, _ failure: StoreError) throws(StoreError) {
    let deadline = patience
    var mayGoOn = true
    while !deadline.isPast {
      guard let session = try? takeSession(until: deadline) else { break }
      defer { giveBack(session) }
      session.waitsUntil = deadline
      // Another server, or another line of this one's history, numbers its transactions by itself.
      guard session.system == lost.system else { break }
      session.parameters.add(copying: number)
      guard let answer = try? session.run("SELECT pg_catalog.pg_xact_status($1::text::xid8)", inBinary: false)
      else {
        // The number is to come yet: a crash has lost the transaction, and with it all that it was given to.
        if session.lastState == .invalidParameter { throw nothingIsStored(of: lost, failure) }
        try? pause(until: deadline)
        continue
      }
      let status = answer.string(0)
      // A crash loses numbers that nothing was stored under, and the server gives them again.
      let isSameNumber = session.crashes == lost.crashes
      if status.utf8.elementsEqual("committed".utf8) {
        guard isSameNumber, confirm(by: session) else { break }
        return
      }
      if status.utf8.elementsEqual("aborted".utf8) { throw nothingIsStored(of: lost, failure) }
      guard status.utf8.elementsEqual("in progress".utf8) else { break }
      guard isSameNumber else { throw nothingIsStored(of: lost, failure) }
      // Where the connection hangs, the server may wait for it for hours.
      if mayGoOn { session.endSession(lost.processNumber, ofTransaction: number) }
      mayGoOn = false
      try? pause(until: deadline)
    }
    throw .unknownOutcome(path)
  }

  /// Finds out whether one statement, which was a transaction of its own, has done what it was to do: returns where what it
  /// would have stored is stored; throws where it was not run, or where that cannot be known. `look` tells what is stored.
  func findOut(
    _ lost: Session, _ failure: StoreError, _ look: (Session) throws(StoreError) -> Session.Finding
  ) throws(StoreError) {
    let deadline = patience
    while !deadline.isPast {
      guard let session = try? takeSession(until: deadline) else { break }
      defer { giveBack(session) }
      session.waitsUntil = deadline
      let isSameHistory = session.system == lost.system
      // As long as the server has the session, its statement may still be run.
      guard let isGone = try? session.endSession(lost.processNumber, begunAt: lost.started),
        !isSameHistory || isGone, let found = try? look(session)
      else {
        try? pause(until: deadline)
        continue
      }
      switch found {
      case .stored:
        guard confirm(by: session) else { break }
        return
      case .absent where isSameHistory, .older where isSameHistory:
        throw nothingIsStored(of: lost, failure)
      case .absent, .older, .other: break
      }
      break
    }
    throw .unknownOutcome(path)
  }

  private func nothingIsStored(of lost: Session, _ failure: StoreError) -> StoreError {
    lost.outcome = .nothingStored
    return failure
  }

  /// Whether what is stored is so on the standbys, too, that a commit waits for: it can be seen before, where the wait was
  /// ended with its session.
  func confirm(by session: Session) -> Bool {
    guard options.durability == .full else { return true }
    // A commit that writes something waits for all that was written before.
    let sql = """
      SELECT pg_catalog.pg_logical_emit_message(true, 'data_store', '')
      WHERE pg_catalog.current_setting('synchronous_standby_names') <> ''
      """
    let isConfirmed: Void? = try? session.uninterruptibly { () throws(StoreError) in _ = try session.run(sql)
    }
    // Who may not write such a message has a server that was set up by hand, and is taken at its word.
    return isConfirmed != nil || (!session.isLost && session.lastState == .noPrivilege)
  }
}

extension Session {
  /// What a look at the rows says of a statement whose answer was lost.
  enum Finding {
    /// What it was to store is stored, by this or by another call: to run it now would change nothing.
    case stored
    /// The row is not there.
    case absent
    /// The row is as it was before the statement was sent.
    case older
    /// The row has other values, and it cannot be told whether they came before or after.
    case other
  }

  /// Up to which transaction everything was over when the session's last write was run, and that write's own transaction.
  struct Horizon {
    var oldest: UInt64 = 0
    var own: UInt64 = 0

    /// Whether the row version that this transaction wrote was there before. Rows keep the lower half of a number; of a row
    /// that is two billion transactions old this may say no.
    func isBehind(_ transaction: UInt32) -> Bool {
      guard oldest > 0 else { return false }
      if own > 0, transaction == UInt32(truncatingIfNeeded: own) { return true }
      return Int32(bitPattern: transaction &- UInt32(truncatingIfNeeded: oldest)) < 0
    }
  }
}
