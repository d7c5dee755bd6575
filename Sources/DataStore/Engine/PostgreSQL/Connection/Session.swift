// SPDX-License-Identifier: MIT
import CPostgreSQL
import Glibc

/// One session on a server. One thread uses it at a time.
///
/// It never blocks in libpq: whatever it waits for, it asks every 50 ms whether the call should stop, and has the server
/// cancel the statement then.
final class Session {
  let functions: LibPQ.Functions
  let connection: OpaquePointer
  /// The server's address, as it may be shown.
  let place: String
  /// The wish that the running call should stop.
  let interruption = Interruption()
  /// The values of the next statement's parameters.
  let parameters = Parameters()
  /// The code of the last error.
  var lastState = SQLState.none
  /// Until when the running call may wait for others' locks; past this, `watch` is asked.
  var waitsUntil = Deadline.never
  /// How often in a row the server was seen to wait for us, while we wait for it.
  var stalls = 0
  /// Looks from another session at what this one waits for.
  var watch: ((Session) -> Verdict)?
  /// Finds out whether the transaction of this number was committed, where the connection was lost; throws where it was
  /// not, or nobody knows.
  var settle: ((Session, _ number: String, _ failure: StoreError) throws(StoreError) -> Void)?
  /// Which server this is, and which line of its history it writes.
  var system = ""
  /// Changes with each crash of the server.
  var crashes = ""
  /// When the server began the session, as it writes it: with its process, this tells the session from all others.
  var started = ""
  /// The number of the transaction that `beginAlone` has begun.
  var number = ""
  /// Whether sessions of the pool were lost that the server may not have ended yet.
  var hasOthersToEnd = false
  /// What was over when its last write was run.
  var horizon = Horizon()
  /// What a call is told where the connection is lost within it.
  var outcome = Outcome.nothingStored
  /// Whether the temporary tables of this session are there, by the caller's numbers. See `forgetTemporaryTables()`.
  var temporaryTables: Set<Int> = []
  /// How many rows the running call has sent, or taken. Unchecked: it is set once per row.
  @exclusivity(unchecked) var rowsSoFar = 0

  private let process = ProcessMark.current
  /// What was prepared: the names as C has them.
  var prepared: [StatementName: UnsafeMutablePointer<CChar>] = [:]
  /// Whether stopping the statement leaves nothing half done.
  var isInterruptible = true
  /// Why the server was asked to cancel.
  var cancelReason: CancelReason?
  /// When the server was asked to cancel.
  var canceledAt: Int64 = 0
  /// Whether the connection is gone; nothing more can be done by it.
  private(set) var isLost = false

  enum CancelReason { case interrupted, outOfTime, blocked }

  enum Outcome {
    case nothingStored
    /// What was sent may have been committed.
    case unknownWhereLost
  }

  /// What is told of a session that waits for long.
  enum Verdict {
    /// It works.
    case works
    /// It waits for a lock of somebody else's.
    case isBlocked
    /// The server does not answer, or has lost it.
    case isGone
  }

  /// Takes a connection that is ready.
  init(_ functions: LibPQ.Functions, owning connection: OpaquePointer, place: String) {
    self.functions = functions
    self.connection = connection
    self.place = place
    processNumber = functions.pointee.PQbackendPID(connection)
    _ = functions.pointee.PQsetnonblocking(connection, 1)
    // libpq would print what a server says unasked. The connection does not outlive the session.
    _ = functions.pointee.PQsetNoticeReceiver(
      connection,
      { session, told in
        guard let session, let told else { return }
        Unmanaged<Session>.fromOpaque(session).takeUnretainedValue().take(notice: told)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    for name in prepared.values { free(name) }
    // In a forked child the session belongs to the parent, and to finish it would end that one's.
    if ProcessMark.current == process { functions.pointee.PQfinish(connection) }
  }

  var serverVersion: Int { Int(functions.pointee.PQserverVersion(connection)) }
  /// The server's process. libpq no longer tells it once the connection is lost, and that is when it is asked for.
  var processNumber: Int32

  /// Is of no use any more: the server cannot do what it is to do.
  func abandon() { isLost = true }

  func parameterStatus(_ name: String) -> String {
    functions.pointee.PQparameterStatus(connection, name).map { String(cString: $0) } ?? ""
  }

  /// Whether a transaction is open, a failed one, too.
  var isInTransaction: Bool {
    let status = functions.pointee.PQtransactionStatus(connection)
    return status == LibPQ.isInTransaction || status == LibPQ.isInFailedTransaction
  }

  /// Whether it is of use to another call: nothing is open, and nothing is to come.
  var isIdle: Bool { !isLost && functions.pointee.PQtransactionStatus(connection) == LibPQ.isIdle }

  /// Whether the server has ended it since its last call: something has come, and nothing was asked for.
  func checkIsAlive() -> Bool {
    guard !isLost else { return false }
    var look = pollfd(fd: functions.pointee.PQsocket(connection), events: Int16(POLLIN), revents: 0)
    // A notice, say, does no harm, but the end may come behind it.
    while !isLost, poll(&look, 1, 0) > 0 {
      if functions.pointee.PQconsumeInput(connection) == 0 { isLost = true }
      if functions.pointee.PQstatus(connection) != LibPQ.connectionIsOK { isLost = true }
      // This takes apart what has come.
      if !isLost, functions.pointee.PQisBusy(connection) == 0,
        let told = functions.pointee.PQgetResult(connection)
      {
        functions.pointee.PQclear(told)
        isLost = true
      }
    }
    return !isLost
  }

  /// What the server says unasked: that it ends the session, perhaps.
  private func take(notice: OpaquePointer) {
    if endsSession(notice) { isLost = true }
  }

  private func endsSession(_ told: OpaquePointer) -> Bool {
    guard let severity = functions.pointee.PQresultErrorField(told, LibPQ.fieldSeverity) else { return false }
    let word = String(cString: severity)
    return word.utf8.elementsEqual("FATAL".utf8) || word.utf8.elementsEqual("PANIC".utf8)
  }

  /// A rollback has taken back what was made within the transaction.
  func forgetTemporaryTables() { temporaryTables.removeAll() }

  // MARK: Errors

  /// The connection is gone.
  func lose() -> StoreError {
    isLost = true
    let told = functions.pointee.PQerrorMessage(connection).map { String(cString: $0).onOneLine } ?? ""
    return StoreError(
      .storage,
      "\(place): the connection to the server was lost\(told.isEmpty ? "" : " (\(told))"). Nothing was stored: try again"
    )
  }

  /// What a call is told that was canceled because somebody wished it.
  var cancellation: StoreError? {
    switch cancelReason {
    case .interrupted: .isInterrupted
    case .outOfTime:
      StoreError(.timeout, "the call took longer than its timeout; nothing of it was stored")
    case .blocked, nil: nil
    }
  }

  /// What a failed result says; also whether it was the end of the session.
  func error(of result: OpaquePointer) -> StoreError {
    func field(_ code: Int32) -> String {
      functions.pointee.PQresultErrorField(result, code).map { String(cString: $0) } ?? ""
    }
    let code = field(LibPQ.fieldState)
    lastState = code.withBytes { SQLState(bytes: $0) }
    if endsSession(result) {
      // It does so between two steps of ours, never amid a commit; after a crash of another process nobody knows.
      if lastState.isOf("57"), lastState != .crashShutdown { outcome = .nothingStored }
      return lose()
    }
    if functions.pointee.PQstatus(connection) != LibPQ.connectionIsOK { return lose() }
    if lastState == .canceled {
      if let cancellation { return cancellation }
      if cancelReason == .blocked { lastState = .lockNotAvailable }
    }
    var message = field(LibPQ.fieldMessage)
    if message.isEmpty {
      message = functions.pointee.PQresultErrorMessage(result).map { String(cString: $0).trimmed } ?? ""
    }
    return ServerError(state: lastState, message: message, place: place).error
  }
}
