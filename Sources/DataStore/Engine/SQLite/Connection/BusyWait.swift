// SPDX-License-Identifier: MIT
import Glibc

/// How a connection waits for SQLite's write lock, which goes to the process that happens to ask first: in line with the other
/// processes, so that it comes round to everybody.
///
/// A writer that finds the lock free takes it without checking the line, for as long as a turn lasts; after that, waiters
/// go first. Handing the lock on costs a tenth of a millisecond in which nobody writes, and several short commits share
/// that cost.
final class BusyWait {
  var deadline: Deadline
  /// nil until the store has the file open.
  var line: TicketLock?
  private let interruption: Interruption

  /// Where this connection stands in the line.
  private var place: Int64?
  private var began: Int64 = 0
  /// True if it goes ahead of others.
  private var isOutOfPlace = false
  private var turnEnd: Int64 = 0
  private var callsLeft = 0

  /// What one turn lasts at most: nanoseconds, and calls.
  private static let turn: Int64 = 2_000_000
  static let callsOfTurn = 16
  /// Nanoseconds after which a waiter tries the lock before its time: the process in front of it may be stopped.
  private static let trust: Int64 = 10_000_000
  private static let leastStep: Int64 = 50_000
  private static let mostStep: Int64 = 250_000

  var isInLine: Bool { place != nil }

  init(timeout: Double, interruption: Interruption) {
    deadline = Deadline(secondsFromNow: timeout)
    self.interruption = interruption
  }

  /// Before a call takes the lock: yields to waiting writers if its own turn is over.
  func giveWay() throws(StoreError) {
    callsLeft -= 1
    let now = Deadline.now
    guard callsLeft < 0 || now >= turnEnd, now < deadline.nanoseconds else { return }
    guard let line, !line.isEmpty else { return beginTurn(now) }
    join(now)
    waitForPlace()
    if interruption.isRequested { throw .isInterrupted }
  }

  /// SQLite has found the lock taken: 1 where it should try again.
  func again() -> Int32 {
    if deadline.isPast || interruption.shouldStop() { return 0 }
    if place == nil { join(Deadline.now) }
    sleep()
    return waitForPlace() ? 1 : 0
  }

  /// The lock is taken, or the call over: the line moves up, and a turn begins.
  func leaveLine() {
    guard let place, let line else { return }
    line.leave(place)
    self.place = nil
    beginTurn(Deadline.now)
    // One call for each that it did not wait for.
    if isOutOfPlace { callsLeft = 0 }
  }

  private func beginTurn(_ now: Int64) {
    turnEnd = now + Self.turn
    callsLeft = Self.callsOfTurn - 1
  }

  private func join(_ now: Int64) {
    began = now
    place = line?.join()
  }

  /// Waits until no other waiter is in front, or one has been there for too long; false if the call gave up.
  @discardableResult
  private func waitForPlace() -> Bool {
    let impatience = Deadline.now + Self.trust
    isOutOfPlace = false
    while let line, let place, !line.isFirst(place) {
      if deadline.isPast || interruption.shouldStop() { return false }
      let now = Deadline.now
      if now >= impatience {
        isOutOfPlace = true
        break
      }
      sleep()
    }
    return true
  }

  /// Longer steps the longer it takes: the lock is then held for long, too.
  private func sleep() {
    if let line, let place { self.place = line.renewed(place) }
    let step = min(max((Deadline.now - began) / 64, Self.leastStep), Self.mostStep)
    var span = timespec(tv_sec: 0, tv_nsec: Int(step))
    nanosleep(&span, nil)
  }
}
