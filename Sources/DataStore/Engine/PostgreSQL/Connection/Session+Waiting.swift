// SPDX-License-Identifier: MIT
import CPostgreSQL
import Glibc

extension Session {
  /// Milliseconds between two questions whether the call should stop.
  private static let step: Int32 = 50
  /// Nanoseconds in which a server must answer a cancellation, or count as gone.
  private static let patience: Int64 = 10_000_000_000
  /// Nanoseconds in which it must take the request.
  private static let cancelPatience: Int64 = 3_000_000_000

  /// Sends what libpq still holds.
  func flush() throws(StoreError) {
    while true {
      switch functions.pointee.PQflush(connection) {
      case 0: return
      case 1: try wait(for: POLLIN | POLLOUT)
      default: throw lose()
      }
    }
  }

  /// The next result; nil where there are no more. The caller owns it.
  func nextResult() throws(StoreError) -> OpaquePointer? {
    while functions.pointee.PQisBusy(connection) != 0 { try wait(for: POLLIN) }
    return functions.pointee.PQgetResult(connection)
  }

  /// Waits until something can be read, or written, and reads it.
  func wait(for events: Int32) throws(StoreError) {
    while true {
      var look = pollfd(
        fd: functions.pointee.PQsocket(connection), events: Int16(truncatingIfNeeded: events), revents: 0)
      let found = poll(&look, 1, Self.step)
      if found > 0 {
        if look.revents & Int16(truncatingIfNeeded: POLLOUT) != 0,
          look.revents & ~Int16(truncatingIfNeeded: POLLOUT) == 0
        {
          return
        }
        guard functions.pointee.PQconsumeInput(connection) != 0 else { throw lose() }
        if cancelReason == nil, isInterruptible, interruption.isRequested { try cancel(.interrupted) }
        return
      }
      if found < 0, errno != EINTR { throw lose() }
      try askWhetherToStop()
    }
  }

  private func askWhetherToStop() throws(StoreError) {
    if cancelReason != nil {
      guard Deadline.now - canceledAt < Self.patience else { throw loseCanceled() }
      return
    }
    if isInterruptible, interruption.shouldStop() {
      try cancel(interruption.isOutOfTime ? .outOfTime : .interrupted)
      return
    }
    guard waitsUntil.isPast else { return }
    // Nobody else can look: it is being set up.
    guard let watch else { throw lose() }
    switch watch(self) {
    case .works: waitsUntil = Deadline(nanosecondsFromNow: 1_000_000_000)
    case .isBlocked where isInterruptible: try cancel(.blocked)
    case .isBlocked: waitsUntil = Deadline(nanosecondsFromNow: 1_000_000_000)
    case .isGone: throw lose()
    }
  }

  /// Has the server cancel the running statement: it will answer that it did, or that it was done before.
  private func cancel(_ reason: CancelReason) throws(StoreError) {
    cancelReason = reason
    canceledAt = Deadline.now
    guard let request = functions.pointee.PQgetCancel(connection) else { return }
    // What is canceled after all must not be a later statement.
    guard CancelRequest(functions, owning: request).send(within: Self.cancelPatience) else {
      throw loseCanceled()
    }
  }

  /// The server does not even cancel the statement. That is not what a caller is told which wished it.
  private func loseCanceled() -> StoreError {
    let failure = lose()
    return cancellation ?? failure
  }

  /// Runs `body`, a COMMIT say, which must not be stopped any more.
  func uninterruptibly<Result: ~Copyable>(_ body: () throws(StoreError) -> Result) throws(StoreError)
    -> Result
  {
    let outer = isInterruptible
    isInterruptible = false
    defer { isInterruptible = outer }
    return try body()
  }
}
