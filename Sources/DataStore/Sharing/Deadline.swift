// SPDX-License-Identifier: MIT
import Glibc

/// A point on the monotonic clock by which a call gives up waiting.
struct Deadline {
  /// Nanoseconds of CLOCK_MONOTONIC.
  let nanoseconds: Int64

  init(secondsFromNow seconds: Double) {
    let span = Int64(min(max(seconds, 0), Limits.timeout) * 1e9)
    nanoseconds = Self.now + span
  }

  init(nanosecondsFromNow span: Int64) { nanoseconds = Self.now + span }

  private init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  static let never = Deadline(nanoseconds: .max)

  /// This point, or the one that many nanoseconds from now where that comes first.
  func capped(_ span: Int64) -> Deadline { Deadline(nanoseconds: min(nanoseconds, Self.now + span)) }

  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  var isPast: Bool { Self.now >= nanoseconds }

  var systemTime: timespec {
    timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
  }
}
