// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func beginTransaction() throws(StoreError) -> TransactionID {
    let transaction = TransactionID.next()
    try withWriter { writer throws(StoreError) in
      if transactionDepth == 0 {
        try watch.checkAll()
        try interruptibly(writer, .alone) { () throws(StoreError) in try begin(writer) }
        transactionLoss = nil
        ThreadTransactions.note(transaction, of: self)
      } else {
        try beginSavepoint(savepointName(transactionDepth), writer)
      }
      lane.keep(for: transaction)
    }
    return transaction
  }

  // MARK: Steps of the thread that has the turn

  func ending<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    try withWriter(evenIfLost: true) { _ throws(StoreError) in try body() }
  }

  func keepInnermost() throws(StoreError) {
    guard let writer else { throw .isClosed }
    try checkTransaction()
    let level = transactionDepth - 1
    if level == 0 {
      try commit(writer)
    } else {
      try writer.statement("RELEASE \(savepointName(level))").run()
    }
    forgetTransactions(from: level)
  }

  func takeBack(from level: Int) {
    if let writer {
      if level == 0 {
        rollBack(writer)
      } else if transactionLoss == nil {
        undo(savepointName(level), writer)
      }
    }
    forgetTransactions(from: level)
  }

  private func forgetTransactions(from level: Int) {
    lane.end(from: level)
    guard level == 0 else { return }
    transactionLoss = nil
    ThreadTransactions.forget(self)
  }

  func takeBackAll(from level: Int) {
    if let writer { rollBack(writer) }
    lane.end(from: level)
    transactionLoss = level == 0 ? nil : .innerLeft
  }
}

extension StoreError {
  /// SQLite takes back everything after some errors (disk full, say).
  static var rolledBackBySQLite: StoreError {
    StoreError(
      .storage,
      "an error made SQLite roll the whole open transaction back; nothing of it is stored. Roll back, then begin again"
    )
  }
}
