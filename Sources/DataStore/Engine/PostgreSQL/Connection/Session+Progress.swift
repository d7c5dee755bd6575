// SPDX-License-Identifier: MIT

/// How far a call has come, by its rows.
extension Session: ProgressMeasure {
  var progressSoFar: Int { rowsSoFar }

  /// Lets `reporter` be told of the rows that `body` sends or takes.
  func telling<Result: ~Copyable>(
    _ reporter: ProgressReporter?, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    rowsSoFar = 0
    return try interruption.reporting(to: reporter, by: self, body)
  }

  /// The last report, before what was done is kept; throws if the host says no.
  func tellEnd() throws(StoreError) { try interruption.reporter?.finish() }

  /// Tells, and asks whether to stop, now and then: a stream of rows that never pauses leaves no other time for it.
  func lookUp() throws(StoreError) {
    guard rowsSoFar % 1024 == 0, isInterruptible, interruption.shouldStop() else { return }
    throw .isInterrupted
  }
}
