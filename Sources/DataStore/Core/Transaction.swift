// SPDX-License-Identifier: MIT

extension Store {
  /// Runs `body` as one transaction: all that this thread stores within, in both repos, becomes visible at
  /// once, or nothing does. This thread reads its own writes; others read the last commit, and their
  /// writes wait. A call that throws within `body` is undone alone where `body` catches its error. Within
  /// another transaction it is a savepoint.
  public func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    try beginTransaction()
    do throws(StoreError) {
      let result = try body()
      try commitTransaction()
      return result
    } catch {
      try? rollBackTransaction()
      throw error
    }
  }

  /// Begins a transaction of the calling thread. Pair it with `commitTransaction()` or `rollBackTransaction()`.
  public func beginTransaction() throws(StoreError) {
    try withWriter { writer throws(StoreError) in
      if transactionDepth == 0 {
        try watch.checkAll()
        try interruptibly(writer, .alone) { () throws(StoreError) in try begin(writer) }
        isTransactionLost = false
      } else {
        try beginSavepoint(savepointName, writer)
      }
      transactionDepth += 1
      // Kept until the transaction ends.
      try lane.enter(until: Deadline(secondsFromNow: 0))
    }
  }

  /// Makes the writes since the matching begin part of what is stored (or of the outer transaction). Where this
  /// throws, the transaction is still open: roll it back.
  public func commitTransaction() throws(StoreError) {
    try endTransaction { writer throws(StoreError) in
      try checkTransaction()
      if transactionDepth == 1 {
        try commit(writer)
      } else {
        try writer.statement("RELEASE \(savepointName(transactionDepth - 1))").run()
      }
    }
  }

  /// Takes back the writes since the matching begin.
  public func rollBackTransaction() throws(StoreError) {
    try endTransaction { writer throws(StoreError) in
      if transactionDepth == 1 {
        rollBack(writer)
      } else if !isTransactionLost {
        undo(savepointName(transactionDepth - 1), writer)
      }
    }
  }

  private func endTransaction(_ step: (Connection) throws(StoreError) -> Void) throws(StoreError) {
    try call { () throws(StoreError) in
      guard lane.isMine, transactionDepth > 0 else {
        throw .invalid("this thread has no transaction open; begin one first")
      }
      try withWriter(evenIfLost: true) { writer throws(StoreError) in
        try step(writer)
        transactionDepth -= 1
        if transactionDepth == 0 { isTransactionLost = false }
        lane.leave()
      }
    }
  }

  private var savepointName: String { savepointName(transactionDepth) }

  private func savepointName(_ depth: Int) -> String { "ds_transaction_\(depth)" }
}
