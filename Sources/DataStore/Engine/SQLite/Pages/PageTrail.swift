// SPDX-License-Identifier: MIT
import Glibc

/// The pages on the way to a row: from the roots of the index and of the table to the leaves. Whatever moves the row, or
/// changes it, changes one of them.
struct PageTrail {
  static let most = 8
  private(set) var pages = InlineArray<8, UInt32>(repeating: 0)
  private(set) var count = 0
  /// A bit for each page that has more to say than the way down.
  private var ends: UInt32 = 0

  /// Whether none was left out.
  var isWhole: Bool { count > 0 && count <= Self.most }

  @inline(__always)
  mutating func add(_ page: UInt32) {
    if count < Self.most { pages[count] = page }
    count += 1
  }

  /// The page that was added last has the row or its entry, or room for a later one.
  @inline(__always)
  mutating func end() { if count > 0, count <= Self.most { ends |= 1 << UInt32(count - 1) } }

  /// `end()` for the page that was the so manyth to be added.
  @inline(__always)
  mutating func end(at place: Int) { if place >= 0, place < Self.most { ends |= 1 << UInt32(place) } }

  /// Without the pages that only lead to others.
  ///
  /// These change whenever a leaf below them is split, and with them the way to all series near it, but not what it leads
  /// to. A leaf that still belongs to its tree holds what it held, and stands for the same range of keys, as long as it has
  /// not changed: what moves its entries, or its bounds among them, writes it (btree.c: balance_nonroot). One that does not
  /// belong to it any more need not have been written: SQLite leaves pages that become free as they are
  /// (sqlite3PagerDontWrite). So this is enough only where no page has become free and stayed so.
  var withoutWays: PageTrail {
    guard isWhole else { return self }
    var short = PageTrail()
    for place in 0..<count where ends & (1 << UInt32(place)) != 0 { short.add(pages[place]) }
    return short
  }
}

/// When pages have last changed, by a clock of commits. Pages that share a place look as if they had changed together, so one may
/// seem to have changed that has not, and never the other way round. None do in the first half gigabyte of a file with
/// pages of 4,096 bytes. Neighbours, which often change together, are neighbours here: so little of the memory is used.
struct PageChanges: ~Copyable {
  private static let bits = 17
  /// From calloc; nil before the first change.
  private var times: UnsafeMutablePointer<UInt32>?

  deinit { free(times) }

  @inline(__always)
  private static func place(_ page: UInt32) -> Int { Int(page) & (1 << bits - 1) }

  /// False where there is no memory.
  @inline(__always)
  mutating func note(_ page: UInt32, _ time: UInt32) -> Bool {
    if times == nil {
      times = calloc(1 << Self.bits, MemoryLayout<UInt32>.stride)?.assumingMemoryBound(to: UInt32.self)
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
