// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// How calls get a connection: counted, with the turn to write or a reader of the pool, and within the reach
/// of `interrupt()` as long as stopping them leaves nothing half done.
extension SQLiteEngine {
  func checkOpen() throws(StoreError) {
    try call { () throws(StoreError) in try watch.checkDatabase() }
  }

  // MARK: Reading

  /// Runs `body` on a connection for reading: the transaction's own where this thread and task have one open, else one of
  /// the pool's. With `snapshot`, all statements of `body` see the same snapshot. With `isOfOneRow`, `body` is one statement
  /// that finds one row by its key.
  func read<Result>(
    snapshot: Bool, until deadline: Deadline? = nil, isOfOneRow: Bool = false,
    _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try call { () throws(StoreError) in
      guard lane.enterTransaction() else {
        if isOfOneRow, mayReadOnWriter() {
          defer { leaveLane() }
          if let writer, !writer.isInTransaction { return try readHere(writer, body) }
        }
        return try readFromPool(snapshot: snapshot, until: deadline, body)
      }
      defer { leaveLane() }
      guard let writer else { throw .isClosed }
      try checkTransaction()
      try watch.checkDatabase()
      return try interruptibly(writer, .readsInTransaction, until: deadline) { () throws(StoreError) in
        try body(writer)
      }
    }
  }

  /// Runs `quick`, which finds one row by its key without SQLite, or else `body`, one statement that does. `quick` tells
  /// whether it has found out; it is given the count of what was noticed of the file (see `FileWatch`).
  func readOneRow(
    _ quick: (StoreConnection, _ notices: Int?) throws(StoreError) -> Bool,
    orBySQLite body: (StoreConnection) throws(StoreError) -> Void
  ) throws(StoreError) {
    let isDone = try call { () throws(StoreError) in
      guard !lane.hasTransaction, let reader = monitor.locked({ readers.take() }) else { return false }
      defer { giveBack(reader) }
      try watch.checkDatabase()
      return try quick(reader, watch.noticesSoFar)
    }
    if !isDone { try read(snapshot: false, isOfOneRow: true, body) }
  }

  /// Whether a read of one row may use the connection that writes: then the caller has the turn. To open a reader costs as much
  /// as a dozen such reads, and a script that opens a store, reads a value and closes it is spared that. A few only, and
  /// none where others write: a read must not keep a writer waiting.
  private func mayReadOnWriter() -> Bool {
    guard !options.isReadOnly, options.timeout >= 1 else { return false }
    let isEarly = monitor.locked {
      guard readers.isEmpty, readsOnWriter < Self.mostReadsOnWriter else { return false }
      readsOnWriter += 1
      return true
    }
    return isEarly && lane.enterIfFree()
  }

  private static let mostReadsOnWriter = 8

  private func readHere<Result>(
    _ writer: StoreConnection, _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try watch.checkDatabase()
    writer.beginWaiting(until: Deadline(secondsFromNow: options.timeout))
    defer { writer.endWaiting() }
    return try interruptibly(writer, .alone) { () throws(StoreError) in try body(writer) }
  }

  /// Runs `body` on a pooled connection, even within a transaction: what others have committed, as one snapshot.
  func readCommitted<Result>(
    _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try call { () throws(StoreError) in try readFromPool(snapshot: true, body) }
  }

  private func readFromPool<Result>(
    snapshot: Bool, until deadline: Deadline? = nil, _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try watch.checkDatabase()
    let reader = try takeReader()
    defer { giveBack(reader) }
    if snapshot {
      reader.beginSnapshot()
      try reader.run(.begin)
    }
    // Beyond the reach of interrupt(): a snapshot that stayed open would keep the WAL from starting over for good.
    defer {
      if snapshot {
        try? reader.run(.commit)
        reader.endSnapshot()
      }
    }
    return try interruptibly(reader, .alone, until: deadline) { () throws(StoreError) in try body(reader) }
  }

  private func takeReader() throws(StoreError) -> StoreConnection {
    if let kept = monitor.locked({ readers.take() }) { return kept }
    return try .reader(path, readerAccess, connectionSettings, known)
  }

  private func giveBack(_ reader: StoreConnection) {
    // A connection whose snapshot could not be ended is closed instead.
    guard !reader.isInTransaction else { return }
    monitor.locked { readers.giveBack(reader) }
  }

  // MARK: Writing

  /// Runs `body` as one transaction (within an open one: as a savepoint): all of it is stored, or nothing.
  ///
  /// Outside a transaction `atOnce` is tried first, where given: one statement that is its own transaction, for which
  /// SQLite keeps no copies of what it changes. Where it returns nil nothing was written.
  func write<Result>(
    atOnce: ((StoreConnection) throws(StoreError) -> Result?)? = nil,
    _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try withWriter { writer throws(StoreError) in
      if transactionDepth > 0 { return try savepoint(writer, body) }
      if let atOnce, let result = try runAtOnce(writer, atOnce) { return result }
      try watch.checkAll()
      do throws(StoreError) {
        let result = try interruptibly(writer, .alone) { () throws(StoreError) in
          try begin(writer)
          return try body(writer)
        }
        try commit(writer)
        return result
      } catch {
        rollBack(writer)
        throw error
      }
    }
  }

  /// Runs `body`, which is one statement over one row: outside a transaction it is its own, which spares a live bar a
  /// BEGIN and a COMMIT.
  func writeOne<Result>(
    _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try withWriter { writer throws(StoreError) in
      if transactionDepth > 0 { return try savepoint(writer, body) }
      return try runAlone(writer, body)
    }
  }

  /// Runs a statement that takes long: before it commits, the file is checked once more.
  private func runAtOnce<Result>(
    _ writer: StoreConnection, _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let check = { [watch] () throws(StoreError) in
      try watch.checkAll()
      try ProgressReporter.current?.finish()
    }
    return try writer.checkingCommits(check) { () throws(StoreError) in try runAlone(writer, body) }
  }

  /// Runs `body`, one statement that is its own transaction.
  private func runAlone<Result>(
    _ writer: StoreConnection, _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try watch.checkAll()
    do throws(StoreError) {
      let result = try interruptibly(writer, .alone) { () throws(StoreError) in
        try writer.giveWay()
        return try body(writer)
      }
      try watch.checkCommitted()
      checkpointer?.afterCommit(writer)
      return result
    } catch {
      rollBack(writer)
      throw error.isBusy && writer.interruption.isRequested ? .isInterrupted : error
    }
  }

  /// Runs `body` with the turn to write and the connection for it.
  func withWriter<Result>(
    evenIfLost: Bool = false, _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try call { () throws(StoreError) in
      guard !options.isReadOnly else { throw .openedReadOnly(path) }
      let deadline = Deadline(secondsFromNow: options.timeout)
      try lane.enter(until: deadline)
      defer { leaveLane() }
      guard let writer else { throw .isClosed }
      if !evenIfLost { try checkTransaction() }
      writer.beginWaiting(until: deadline)
      defer { writer.endWaiting() }
      if !writer.isReadyToWrite { try writer.getReadyToWrite() }
      // Where a rollback found no memory, its transaction must not become part of this call.
      if transactionDepth == 0, writer.isInTransaction { try writer.run(.rollback) }
      return try body(writer)
    }
  }

  func begin(_ writer: StoreConnection) throws(StoreError) {
    do throws(StoreError) {
      try writer.giveWay()
      try writer.beginWriting()
    } catch {
      throw error.isBusy && writer.interruption.isRequested ? .isInterrupted : error
    }
  }

  func commit(_ writer: StoreConnection) throws(StoreError) {
    try watch.checkAll()
    try writer.run(.commit)
    try watch.checkCommitted()
    checkpointer?.afterCommit(writer)
  }

  func rollBack(_ writer: StoreConnection) {
    if writer.isInTransaction { try? writer.run(.rollback) }
  }

  private func savepoint<Result>(
    _ writer: StoreConnection, _ body: (StoreConnection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try beginSavepoint("ds_call", writer)
    do throws(StoreError) {
      let result = try interruptibly(writer, .writesInTransaction) { () throws(StoreError) in try body(writer)
      }
      try writer.statement("RELEASE ds_call").run()
      return result
    } catch {
      undo("ds_call", writer)
      throw error
    }
  }

  func beginSavepoint(_ savepoint: String, _ writer: StoreConnection) throws(StoreError) {
    // What takes a failed call back must not need memory that is not there.
    _ = try writer.statement("ROLLBACK TO \(savepoint)")
    _ = try writer.statement("RELEASE \(savepoint)")
    try writer.statement("SAVEPOINT \(savepoint)").run()
  }

  /// Takes back all since a savepoint, and notices where SQLite has taken back everything (disk full, say).
  func undo(_ savepoint: String, _ writer: StoreConnection) {
    guard writer.isInTransaction else {
      transactionLoss = .rolledBackBySQLite
      return
    }
    do throws(StoreError) {
      try writer.statement("ROLLBACK TO \(savepoint)").run()
      try writer.statement("RELEASE \(savepoint)").run()
    } catch {
      // What cannot be taken back in part must not be committed as a whole.
      rollBack(writer)
      transactionLoss = .rolledBackBySQLite
    }
  }

  func checkTransaction() throws(StoreError) {
    if transactionDepth > 0, let transactionLoss { throw transactionLoss }
  }

  // MARK: Interrupting

  /// Lets `interrupt()` reach the connection while `body` runs. What ends a transaction stays outside: interrupted, it
  /// would leave the connection within one.
  func interruptibly<Result>(
    _ connection: StoreConnection, _ kind: InterruptibleUse.Kind, until deadline: Deadline? = nil,
    _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    connection.interruption.begin(stopsStatements: kind != .writesInTransaction, deadline: deadline)
    defer { connection.interruption.end() }
    if connection === writer {
      // Only the call that has the turn uses it. Who asks for its end just before that comes too early, lock or not.
      let outer = writersUse.kind
      writersUse.kind = kind
      // From here on nobody stops it, nor is about to.
      defer { monitor.locked { writersUse.kind = outer } }
      return try connection.failingWhenShort(body)
    }
    let use = InterruptibleUse(connection: connection, kind: kind)
    monitor.locked { interruptible.append(use) }
    defer {
      monitor.locked {
        // A few at most: one for each call that runs.
        if let place = interruptible.lastIndex(where: { $0.connection === connection }) {
          interruptible.remove(at: place)
        }
      }
    }
    return try connection.failingWhenShort(body)
  }
}

/// A running call that `interrupt()` may stop.
struct InterruptibleUse {
  enum Kind: UInt8 {
    /// A read, or a write with a transaction of its own.
    case alone
    /// A read within the caller's transaction.
    case readsInTransaction
    /// A write within the caller's transaction. SQLite answers an interrupted write by rolling the whole transaction
    /// back (https://sqlite.org/c3ref/interrupt.html), so the write is asked to stop by itself.
    case writesInTransaction
  }

  let connection: StoreConnection
  let kind: Kind

  func interrupt() {
    connection.interruption.request()
    if kind != .writesInTransaction { connection.interruptStatements() }
  }
}

/// What `interrupt()` may do to the connection that writes; nil if that is not to be interrupted. The call that has the turn
/// changes it, and any thread may look.
final class WritersUse: Sendable {
  private static let none = UInt8.max
  private let number = Atomic<UInt8>(none)

  var kind: InterruptibleUse.Kind? {
    get { InterruptibleUse.Kind(rawValue: number.load(ordering: .acquiring)) }
    set { number.store(newValue?.rawValue ?? Self.none, ordering: .releasing) }
  }
}
