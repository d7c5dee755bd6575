// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func checkpoint() throws(StoreError) -> CheckpointResult {
    try withWriter { writer throws(StoreError) in
      guard transactionDepth == 0 else { throw .checkpointWithin }
      try watch.checkAll()
      guard let checkpointer else { throw .isClosed }
      return try checkpointer.run(guardedBy: writer)
    }
  }
}
