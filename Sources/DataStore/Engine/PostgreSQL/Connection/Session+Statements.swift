// SPDX-License-Identifier: MIT
import CPostgreSQL
import Glibc

extension Session {
  // MARK: SQL as text

  /// Runs one or more statements without parameters, in one round trip; without a BEGIN among them they are one
  /// transaction. Returns what the last one gave, in text.
  @discardableResult
  func run(_ sql: String) throws(StoreError) -> Answer {
    try begin()
    guard functions.pointee.PQsendQuery(connection, sql) == 1 else { throw lose() }
    return try lastAnswer()
  }

  /// Runs one statement with the parameters that were added, without preparing it under a name; results in text, or in
  /// binary.
  func run(_ sql: String, inBinary: Bool) throws(StoreError) -> Answer {
    defer { parameters.removeAll() }
    try begin()
    let isSent = functions.pointee.PQsendQueryParams(
      connection, sql, Int32(parameters.count), parameters.types, parameters.values, parameters.lengths,
      parameters.formats,
      inBinary ? 1 : 0)
    guard isSent == 1 else { throw lose() }
    return try lastAnswer()
  }

  // MARK: Prepared statements

  /// Prepares a statement where this session has not yet done so. `EXECUTE` finds it by the name's text.
  func prepare(_ name: StatementName, _ sql: () -> String) throws(StoreError) {
    if prepared[name] == nil { _ = try cName(name, sql) }
  }

  private func cName(_ name: StatementName, _ sql: () -> String) throws(StoreError) -> UnsafeMutablePointer<
    CChar
  > {
    if let kept = prepared[name] { return kept }
    guard let copy = strdup(name.text) else { throw StoreError(.noMemory, "out of memory") }
    var isKept = false
    defer { if !isKept { free(copy) } }
    try begin()
    guard functions.pointee.PQsendPrepare(connection, copy, sql(), 0, nil) == 1 else { throw lose() }
    _ = try lastAnswer()
    prepared[name] = copy
    isKept = true
    return copy
  }

  /// Runs a prepared statement with the parameters that were added; results in binary. It is prepared at its first use.
  func execute(_ name: StatementName, _ sql: () -> String) throws(StoreError) -> Answer {
    defer { parameters.removeAll() }
    try send(try cName(name, sql))
    return try lastAnswer()
  }

  /// The same with a statement that may write, and is its own transaction where none is open: nobody knows of that without
  /// its answer.
  func executeAlone(_ name: StatementName, _ sql: () -> String) throws(StoreError) -> Answer {
    defer { parameters.removeAll() }
    let name = try cName(name, sql)
    // What was made without memory must not be stored.
    if MemoryShortage.isNoted { throw .noMemory() }
    if !isInTransaction { outcome = .unknownWhereLost }
    try send(name)
    let answer = try lastAnswer()
    outcome = .nothingStored
    return answer
  }

  /// The same, and hands each row to `body` as it comes: an answer of one row. Where `body` throws, the rest is let go.
  func execute(
    _ name: StatementName, _ sql: @autoclosure () -> String,
    forEachRow body: (borrowing Answer) throws(StoreError) -> Void
  ) throws(StoreError) {
    try execute(name, sql(), isShort: false) { answer, _ throws(StoreError) in try body(answer) }
  }

  /// The same, with the row's number in the answer: the rows of a short result come all at once.
  func execute(
    _ name: StatementName, _ sql: @autoclosure () -> String, isShort: Bool,
    forEachRow body: (borrowing Answer, Int) throws(StoreError) -> Void
  ) throws(StoreError) {
    defer { parameters.removeAll() }
    try send(try cName(name, sql))
    if isShort {
      let answer = try lastAnswer()
      for row in 0..<answer.rows { try body(answer, row) }
      return
    }
    guard functions.pointee.PQsetSingleRowMode(connection) == 1 else { throw lose() }
    try flush()
    var failure: StoreError?
    while let result = try nextResult() {
      let answer = Answer(functions, owning: result)
      switch functions.pointee.PQresultStatus(result) {
      case LibPQ.singleTuple where failure == nil:
        do throws(StoreError) { try body(answer, 0) } catch { failure = error }
      case LibPQ.singleTuple, LibPQ.tuplesOK, LibPQ.commandOK, LibPQ.emptyQuery: break
      default: failure = failure ?? error(of: result)
      }
    }
    if let failure { throw failure }
  }

  /// Begins a transaction and notes its number; where one is open already that is not done, and false is returned.
  func beginAlone() throws(StoreError) -> Bool {
    guard !isInTransaction else { return false }
    number = try run("BEGIN; SELECT pg_catalog.pg_current_xact_id()::text").string(0)
    return true
  }

  /// Runs a prepared statement as the last one of a transaction, and commits it, in one round trip.
  func executeAndCommit(_ name: StatementName, _ sql: () -> String) throws(StoreError) -> Answer {
    defer { parameters.removeAll() }
    let name = try cName(name, sql)
    if MemoryShortage.isNoted { throw .noMemory() }
    guard functions.pointee.PQenterPipelineMode(connection) == 1 else { throw lose() }
    // It fails where results are left, as of a connection that was lost.
    defer { if functions.pointee.PQexitPipelineMode(connection) != 1 { abandon() } }
    outcome = .unknownWhereLost
    try send(name)
    guard functions.pointee.PQsendQueryParams(connection, "COMMIT", 0, nil, nil, nil, nil, 1) == 1,
      functions.pointee.PQpipelineSync(connection) == 1
    else { throw lose() }
    try flush()
    var given: Answer?
    var isCommitted = false
    var isWhole = false
    var failure: StoreError?
    // Behind the results of each statement there is none.
    var gaps = 0
    while gaps < 3 {
      guard let result = try nextResult() else {
        gaps += 1
        continue
      }
      let status = functions.pointee.PQresultStatus(result)
      let answer = Answer(functions, owning: result)
      if status == LibPQ.pipelineSync {
        isWhole = true
        break
      }
      switch status {
      case LibPQ.commandOK, LibPQ.tuplesOK:
        if given == nil {
          given = consume answer
        } else {
          isCommitted = answer.tag.utf8.elementsEqual("COMMIT".utf8)
        }
      case LibPQ.pipelineAborted: break
      default: failure = failure ?? error(of: result)
      }
      if isLost { break }
    }
    if let failure { throw failure }
    guard isWhole else { throw lose() }
    outcome = .nothingStored
    guard isCommitted, let answer = given else { throw .rolledBackByServer }
    return answer
  }

  private func send(_ name: UnsafeMutablePointer<CChar>) throws(StoreError) {
    try begin()
    let isSent = functions.pointee.PQsendQueryPrepared(
      connection, name, Int32(parameters.count), parameters.values, parameters.lengths, parameters.formats, 1)
    guard isSent == 1 else { throw lose() }
  }

  /// Forgets all prepared statements, on the server as here: after a change of the tables, or a DISCARD.
  func forgetPrepared() throws(StoreError) {
    for name in prepared.values { free(name) }
    prepared.removeAll()
    try run("DEALLOCATE ALL")
  }

  // MARK: Answers

  /// A statement is about to be sent.
  func begin() throws(StoreError) {
    if isLost { throw lose() }
    lastState = .none
    cancelReason = nil
    stalls = 0
    if isInterruptible, interruption.isRequested { throw .isInterrupted }
  }

  /// The last of the results that are to come, or the first error among them.
  func lastAnswer() throws(StoreError) -> Answer {
    try flush()
    var last: OpaquePointer?
    var failure: StoreError?
    defer { if let last { functions.pointee.PQclear(last) } }
    while let result = try nextResult() {
      if let old = last { functions.pointee.PQclear(old) }
      last = result
      switch functions.pointee.PQresultStatus(result) {
      case LibPQ.commandOK, LibPQ.tuplesOK, LibPQ.emptyQuery: break
      case LibPQ.copyIn:
        _ = functions.pointee.PQputCopyEnd(connection, "not expected")
      default: failure = failure ?? error(of: result)
      }
    }
    if let failure { throw failure }
    guard let given = last else { throw lose() }
    last = nil
    return Answer(functions, owning: given)
  }
}
