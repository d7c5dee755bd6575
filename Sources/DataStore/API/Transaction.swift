// SPDX-License-Identifier: MIT

extension Store {
  /// Runs `body` as one transaction: all that this thread stores within, in both repos, becomes visible at
  /// once, or nothing does.
  ///
  /// This thread reads its own writes; others read the last commit, and their writes wait. A call that throws within
  /// `body` is undone alone if `body` catches its error. Within another transaction this one is a savepoint.
  ///
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws, after a rollback; `.closed` if the store was closed within. Otherwise as a write, see
  ///   ``StoreError``.
  public func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    let transaction = try beginTransaction()
    let result: Result
    do throws(StoreError) {
      result = try body()
    } catch {
      try? end(transaction, commit: false)
      throw error
    }
    try end(transaction, commit: true)
    return result
  }

  /// Begins a transaction of the calling thread, and of the task that it says it runs (``thisThreadRuns(task:)``).
  ///
  /// Pair it with ``end(_:commit:)``, or with ``commitTransaction()`` or ``rollBackTransaction()``. If the thread ends
  /// before that, the transaction is rolled back. It takes the write lock at once (BEGIN IMMEDIATE).
  ///
  /// - Returns: A number to end it by. It may be ignored if transactions end in order.
  /// - Throws: `.busy` at once if another task of this thread has a transaction open. Otherwise as a write, see
  ///   ``StoreError``.
  @discardableResult
  public func beginTransaction() throws(StoreError) -> TransactionID { try engine.beginTransaction() }

  /// Ends a transaction where it was begun: in the same thread and task, after all that were begun within it. Its writes
  /// become part of what is stored (or of the outer transaction), or with `commit` false are taken back.
  ///
  /// - Throws: The transaction is over then, too, and its writes are taken back. `.invalid` if it was ended in another
  ///   thread or task, or before one within it, or was over already; `.closed` if the store was closed within. Otherwise
  ///   as a write, see ``StoreError``.
  public func end(_ transaction: TransactionID, commit: Bool) throws(StoreError) {
    try engine.end(transaction, commit: commit)
  }

  /// Makes the writes since the matching begin part of what is stored (or of the outer transaction). If this throws, the
  /// transaction is still open: roll it back.
  ///
  /// - Throws: `.invalid` if this thread and task have no transaction open; `.storage` if an error made SQLite roll the
  ///   whole transaction back. Otherwise as a write, see ``StoreError``.
  public func commitTransaction() throws(StoreError) { try engine.commitTransaction() }

  /// Takes back the writes since the matching begin.
  ///
  /// - Throws: `.invalid` if this thread and task have no transaction open; `.closed` if the store is closed.
  public func rollBackTransaction() throws(StoreError) { try engine.rollBackTransaction() }
}

// Of two that fit a closure the compiler takes the one above, whose errors have a type.
extension Store {
  /// The same for a body that may throw errors of any type: each takes back what `body` has stored.
  ///
  /// - Returns: What `body` returns.
  /// - Throws: As the other.
  @_disfavoredOverload
  public func transaction<Result>(_ body: () throws -> Result) throws -> Result {
    let transaction = try beginTransaction()
    let result: Result
    do {
      result = try body()
    } catch {
      try? end(transaction, commit: false)
      throw error
    }
    try end(transaction, commit: true)
    return result
  }
}
