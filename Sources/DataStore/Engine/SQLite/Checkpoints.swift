// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func checkpoint() throws(StoreError) -> CheckpointResult {
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
