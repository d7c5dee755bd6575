// SPDX-License-Identifier: MIT

extension Store {
  /// Copies the WAL into the database file. The store does so by itself as the WAL grows.
  ///
  /// - Returns: What was copied, and what readers of older snapshots held back.
  /// - Throws: `.invalid` within a transaction. Otherwise as a write, see ``StoreError``.
  @discardableResult
  public func checkpoint() throws(StoreError) -> CheckpointResult {
    try withWriter { writer throws(StoreError) in
      guard transactionDepth == 0 else {
        throw .invalid("a checkpoint is not possible within a transaction; end the transaction first")
      }
      try watch.checkAll()
      guard let checkpointer else { throw .isClosed }
      return try checkpointer.run(guardedBy: writer)
    }
  }
}
