// SPDX-License-Identifier: MIT
import Glibc

/// The pages on the way to a row: from the roots of the index and of the table to the leaves. Whatever moves the row, or
/// changes it, changes one of them.
struct PageTrail {
  static let most = 8
  private(set) var pages = InlineArray<8, UInt32>(repeating: 0)
  private(set) var count = 0

  /// Whether none was left out.
  var isWhole: Bool { count > 0 && count <= Self.most }

  @inline(__always)
  mutating func add(_ page: UInt32) {
    if count < Self.most { pages[count] = page }
    count += 1
  }
}

/// When pages have last changed, by a clock of commits. Pages that share a place look as if they had changed together, so one may
/// seem to have changed that has not, and never the other way round.
struct PageChanges: ~Copyable {
  private static let bits: UInt32 = 14
  /// From calloc; nil before the first change.
  private var times: UnsafeMutablePointer<UInt32>?

  deinit { free(times) }

  @inline(__always)
  private static func place(_ page: UInt32) -> Int { Int((page &* 2_654_435_769) >> (32 - bits)) }

  /// False where there is no memory.
  @inline(__always)
  mutating func note(_ page: UInt32, _ time: UInt32) -> Bool {
    if times == nil {
      times = calloc(1 << Int(Self.bits), MemoryLayout<UInt32>.stride)?.assumingMemoryBound(to: UInt32.self)
    }
    guard let times else { return false }
    times[Self.place(page)] = time
    return true
  }

  /// Whether no page of `trail` has changed after `time`.
  @inline(__always)
  func areNone(of trail: PageTrail, after time: UInt32) -> Bool {
    guard let times else { return true }
    for place in 0..<trail.count where times[Self.place(trail.pages[place])] > time { return false }
    return true
  }

  mutating func removeAll() {
    free(times)
    times = nil
  }
}
