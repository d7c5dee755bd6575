// SPDX-License-Identifier: MIT

extension Store {
  /// Runs `body` as one transaction: all that this thread stores within, in both repos, becomes visible at
  /// once, or nothing does. This thread reads its own writes; others read the last commit, and their
  /// writes wait. A call that throws within `body` is undone alone where `body` catches its error. Within
  /// another transaction it is a savepoint.
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

  /// Begins a transaction of the calling thread, and of the task that it says it runs. Pair it with
  /// `end(_:commit:)`, or with `commitTransaction()` or `rollBackTransaction()`. A thread that ends before
  /// rolls it back.
  @discardableResult
  public func beginTransaction() throws(StoreError) -> TransactionID { try engine.beginTransaction() }

  /// Ends a transaction where it was begun: in the same thread and task, after all that were begun within it. Its writes
  /// become part of what is stored (or of the outer transaction), or with `commit` false are taken back.
  ///
  /// - Throws: The transaction is over then, too, and its writes are taken back. `.invalid`: it was ended in another
  ///   thread or task, or before one within it, or it was over already.
  public func end(_ transaction: TransactionID, commit: Bool) throws(StoreError) {
    try engine.end(transaction, commit: commit)
  }

  /// Makes the writes since the matching begin part of what is stored (or of the outer transaction). Where this
  /// throws, the transaction is still open: roll it back.
  public func commitTransaction() throws(StoreError) { try engine.commitTransaction() }

  /// Takes back the writes since the matching begin.
  public func rollBackTransaction() throws(StoreError) { try engine.rollBackTransaction() }
}
