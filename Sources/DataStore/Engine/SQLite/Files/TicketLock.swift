// SPDX-License-Identifier: MIT
import Glibc

/// A ticket lock: the writers that wait for a file, in all processes that have it open, first come, first served.
///
/// A place in the line is a lock on one byte of the file, the one whose number is the nanosecond at which the waiter
/// came. So the kernel itself keeps the line in order, shows it to everybody, and drops a process that dies. SQLite knows
/// nothing of it: the first in line still has to take SQLite's own lock, and a tool that never queues takes it as ever.
final class TicketLock: @unchecked Sendable {  // the monitor guards what changes
  /// A lock of the open file description, which needs no right to write as long as it is a shared one.
  private let descriptor: Int32
  private let monitor = Monitor()
  /// The places of this process. They share one descriptor, whose own locks the kernel does not show it.
  private var places: [Int64] = []

  /// Beyond all that a file holds, all that SQLite locks and `FileWatch`'s canaries.
  private static let firstByte: Int64 = 1 << 62
  /// A waiter that is alive takes a new place before this old; an older one belongs to a process that was stopped, or
  /// to a child that inherited the descriptor of a dead one. Nanoseconds.
  static let oldest: Int64 = 4_000_000_000

  /// Keeps the line on an open file, which must stay open.
  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Stands at the end of the line; the place to ask by and to leave. nil if the filesystem has no such locks.
  func join(_ now: Int64 = Deadline.now) -> Int64? {
    monitor.locked {
      var place = now
      while places.contains(place) { place += 1 }
      guard setLock(F_RDLCK, place) else { return nil }
      places.append(place)
      return place
    }
  }

  func leave(_ place: Int64) {
    monitor.locked {
      places.removeAll { $0 == place }
      _ = setLock(F_UNLCK, place)
    }
  }

  /// The place, or a new one at the end of the line if it is about to grow too old: the lock has been held for so long
  /// that this is not a time of short commits.
  func renewed(_ place: Int64) -> Int64? {
    guard Deadline.now - place > Self.oldest / 2 else { return place }
    leave(place)
    return join()
  }

  /// Whether the waiter at `place` is the first in line.
  func isFirst(_ place: Int64) -> Bool { !holdsAnybody(before: place) }

  /// Whether there are any waiters.
  var isEmpty: Bool { !holdsAnybody(before: Deadline.now) }

  private func holdsAnybody(before place: Int64) -> Bool {
    if monitor.locked({ places.contains { $0 < place } }) { return true }
    let start = max(Deadline.now - Self.oldest, 0)
    guard start < place else { return false }
    var lock = FileAnchor.lock(F_WRLCK, Self.firstByte + start, place - start)
    return fcntl(descriptor, FileAnchor.getDescriptionLock, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
  }

  private func setLock(_ kind: Int32, _ place: Int64) -> Bool {
    var lock = FileAnchor.lock(kind, Self.firstByte + place, 1)
    return fcntl(descriptor, FileAnchor.setDescriptionLock, &lock) == 0
  }
}
