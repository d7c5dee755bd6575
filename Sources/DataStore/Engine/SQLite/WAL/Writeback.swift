// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// Makes the disk begin to write early, so that a later sync finds little left to do.
///
/// A sync of megabytes that the disk has not begun to write takes as long as the disk needs for them, and the processor waits.
/// What is asked for here is not a sync: it makes nothing durable, and no promise rests on it.
/// https://man7.org/linux/man-pages/man2/sync_file_range.2.html
struct Writeback {
  /// Bytes between two beginnings; shorter writes are left to the sync.
  private static let step = 1 << 19

  private var bytes = 0

  /// What was written so far is not to begin early.
  @inline(__always)
  mutating func forget() { bytes = 0 }

  /// Takes note of `count` bytes more, and begins where that makes enough. `descriptor` is asked for then; below 0 there
  /// is none.
  @inline(__always)
  mutating func note(_ count: Int, _ descriptor: () -> Int32) {
    bytes += count
    if bytes >= Self.step { begin(descriptor()) }
  }

  /// Begins with what there is.
  mutating func begin(_ descriptor: Int32) {
    bytes = 0
    if descriptor >= 0 { clinux_begin_writeback(descriptor) }
  }
}
