// SPDX-License-Identifier: MIT

/// The sessions of a store: those that wait for a call, and those that are in one. Guarded by the engine's monitor.
struct SessionPool {
  /// Sessions that may be open at once: a server has a hundred by default, for all of its clients.
  static let most = 16
  /// How many are kept while nobody needs them.
  static let mostIdle = 8

  private var idle: [Session] = []
  private(set) var inUse: [Session] = []
  /// How many are open, or being opened.
  var open = 0
  /// Counts the calls to `interrupt()`, so that one that waits for a session notices.
  var interrupts = 0
  /// Sessions whose connection was lost. The server may not have noticed, and keep what they have locked.
  private var lost: [(process: Int32, started: String)] = []

  /// The one that was used last, whose server process has its caches warm.
  mutating func take() -> Session? {
    guard let session = idle.popLast() else { return nil }
    session.hasOthersToEnd = !lost.isEmpty
    inUse.append(session)
    return session
  }

  mutating func begin(with session: Session) { inUse.append(session) }

  mutating func giveBack(_ session: Session) {
    inUse.removeAll { $0 === session }
    if session.isIdle, idle.count < Self.mostIdle {
      idle.append(session)
    } else {
      remember(session)
      open -= 1
    }
  }

  private mutating func remember(_ session: Session) {
    guard session.isLost, !session.started.utf8.isEmpty, lost.count < Self.most else { return }
    lost.append((session.processNumber, session.started))
  }

  mutating func takeLost() -> [(process: Int32, started: String)] {
    let all = lost
    lost = []
    return all
  }

  /// One that turned out to be ended.
  mutating func drop(_ session: Session) {
    inUse.removeAll { $0 === session }
    remember(session)
    open -= 1
  }

  mutating func removeAll() -> [Session] {
    let all = idle
    idle = []
    inUse = []
    return all
  }
}

extension PostgreSQLEngine {
  /// A session of the pool, or a new one; it is within the reach of `interrupt()` until `giveBack`.
  ///
  /// A server that does not answer is asked again until the deadline: it may be starting, or another one may be taking its
  /// place. A session that turns out to be lost within a call that only reads is harmless, as the call is made again:
  /// `isChecked` false spares it the look at the connection.
  func takeSession(until deadline: Deadline, isChecked: Bool = true) throws(StoreError) -> Session {
    let seen = monitor.locked { pool.interrupts }
    while true {
      if let kept = try pooledSession(until: deadline, seen) {
        if !isChecked || kept.checkIsAlive() {
          kept.interruption.begin(stopsStatements: true, deadline: nil)
          if kept.hasOthersToEnd { endLostSessions(by: kept) }
          return kept
        }
        monitor.locked { pool.drop(kept) }
        continue
      }
      do throws(StoreError) {
        let session = try connect(seen)
        session.interruption.begin(stopsStatements: true, deadline: nil)
        monitor.locked { pool.begin(with: session) }
        return session
      } catch {
        monitor.locked {
          pool.open -= 1
          monitor.wakeAll()
        }
        if monitor.locked({ isClosed }) { throw .isClosed }
        guard error.code == .storage, !deadline.isPast else { throw error }
        try pause(until: deadline, seen)
      }
    }
  }

  func giveBack(_ session: Session) {
    monitor.locked {
      pool.giveBack(session)
      monitor.wakeAll()
    }
  }

  /// One that is there; nil where another may be opened, which then counts as open.
  private func pooledSession(until deadline: Deadline, _ seen: Int) throws(StoreError) -> Session? {
    try monitor.locked { () throws(StoreError) in
      while true {
        if let kept = pool.take() { return kept }
        guard pool.open >= SessionPool.most else {
          pool.open += 1
          return nil
        }
        if isClosed { throw .isClosed }
        if pool.interrupts != seen { throw .isInterrupted }
        if monitor.wait(until: deadline.capped(CancellationCallback.interval)) { continue }
        if monitor.unlocked(CancellationCallback.isAnsweredYes) { throw .isInterrupted }
        guard !deadline.isPast else {
          throw StoreError(
            .busy,
            "all \(SessionPool.most) sessions of the store were in use for longer than the timeout. Nothing was written:"
              + " try again, or raise the timeout")
        }
      }
    }
  }

  /// A short rest between two attempts.
  func pause(until deadline: Deadline, _ seen: Int? = nil) throws(StoreError) {
    let end = deadline.capped(CancellationCallback.interval)
    try monitor.locked { () throws(StoreError) in
      let seen = seen ?? pool.interrupts
      while !end.isPast {
        if isClosed { throw .isClosed }
        if pool.interrupts != seen { throw .isInterrupted }
        _ = monitor.wait(until: end)
      }
      if monitor.unlocked(CancellationCallback.isAnsweredYes) { throw .isInterrupted }
    }
  }

  /// Opens another session, unless `interrupt()` is called meanwhile.
  private func connect(_ seen: Int) throws(StoreError) -> Session {
    let session = try Session.connect(
      address, functions, timeout: options.timeout, writes: !options.isReadOnly
    ) { [self] in
      monitor.locked { pool.interrupts != seen || isClosed } || CancellationCallback.isAnsweredYes()
    }
    session.take(try session.setUp(options))
    join(session)
    endLostSessions(by: session)
    return session
  }

  /// Has the server end the sessions whose connection was lost: they may hold what the next call needs.
  private func endLostSessions(by session: Session) {
    for lost in monitor.locked({ pool.takeLost() }) {
      _ = try? session.endSession(lost.process, begunAt: lost.started)
    }
  }

  /// Returns where a write that met a server which only reads is to be tried again, on a new session: a standby that took
  /// the place of a primary is being promoted, or another host is the primary now. Else throws why it is not.
  func awaitPrimary(_ session: Session, until deadline: Deadline, _ failure: StoreError) throws(StoreError) {
    let answer = try session.run(
      "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('default_transaction_read_only')")
    let isStandby = answer.bytes(0).first == UInt8(ascii: "t")
    // One that is not read-only any more has been promoted meanwhile.
    guard isStandby || answer.string(1).utf8.elementsEqual("off".utf8) else { throw failure }
    guard isOpenedOnPrimary, !deadline.isPast else { throw isStandby ? .isStandby(path, failure) : failure }
    session.abandon()
    try pause(until: deadline)
  }

  /// Has a session ask the engine about what it cannot find out by itself. The engine outlives its calls.
  func join(_ session: Session) {
    session.watch = { [unowned(unsafe) self] session in look(at: session) }
    session.settle = { [unowned(unsafe) self] session, number, failure throws(StoreError) in
      try findOut(number, of: session, failure)
    }
  }

  /// What a session waits for, as another one sees it.
  private func look(at session: Session) -> Session.Verdict {
    guard let other = try? Session.connect(address, functions, timeout: 1, { false }) else { return .isGone }
    other.parameters.add(session.processNumber)
    let sql = "SELECT wait_event_type, wait_event FROM pg_catalog.pg_stat_activity WHERE pid = $1::int"
    guard let answer = try? other.run(sql, inBinary: false), answer.rows == 1 else { return .isGone }
    switch answer.string(0) {
    case "Lock": return .isBlocked
    // It is committed here, and a standby has not said that it has it: it may be away for ever.
    case "IPC" where answer.string(1).utf8.elementsEqual("SyncRep".utf8): return .isGone
    // It has sent all, or waits for what was sent: it hangs in between, if that is so twice.
    case "Client":
      session.stalls += 1
      return session.stalls > 1 ? .isGone : .works
    default: return .works
    }
  }
}

extension Session {
  /// Ends another session of this role, of which nobody hears any more. Returns whether the server has it no longer, and
  /// its transaction is over.
  func endSession(_ process: Int32, begunAt started: String) throws(StoreError) -> Bool {
    parameters.add(process)
    parameters.add(copying: started)
    return try run(
      """
      SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_get_activity($1::int)
      WHERE backend_start = $2::text::timestamptz
      """, inBinary: false
    ).rows == 0
  }

  /// Ends another session of this role, if it still runs this transaction.
  func endSession(_ process: Int32, ofTransaction number: String) {
    parameters.add(process)
    parameters.add(copying: number)
    _ = try? run(
      """
      SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
      WHERE pid = $1::int AND backend_xid::text::bigint = $2::text::bigint & 4294967295
      """, inBinary: false)
  }
}
