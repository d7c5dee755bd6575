// SPDX-License-Identifier: MIT
import Glibc

/// A growing column of plain values. Memory comes from malloc: 16-byte aligned, and large columns grow in
/// place by remapping instead of copying.
struct ColumnBuffer<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>?
  private(set) var count = 0
  private var capacity = 0
  /// Whether the memory is a `ColumnBlock`'s.
  private var isLent = false

  deinit { if !isLent, base != nil { free(base) } }

  /// Takes its room from `block`, which outlives the column, if it has no memory yet.
  mutating func take(_ count: Int, from block: inout ColumnBlock) {
    guard base == nil, let room = block.room(for: count, Element.self) else { return }
    base = room
    capacity = count
    isLent = true
  }

  @inline(__always)
  mutating func append(_ value: Element) {
    if count == capacity { makeRoom() }
    base.unsafelyUnwrapped[count] = value
    count &+= 1
  }

  mutating func append(_ values: UnsafeBufferPointer<Element>) {
    guard let source = values.baseAddress, values.count > 0 else { return }
    if count + values.count > capacity, !grows(to: max(count + values.count, capacity * 2)) { return }
    (base.unsafelyUnwrapped + count).initialize(from: source, count: values.count)
    count += values.count
  }

  /// Appends `value` until the column is `newCount` long.
  mutating func pad(to newCount: Int, with value: Element) {
    guard newCount > count else { return }
    if newCount > capacity, !grows(to: max(newCount, 64, capacity * 2)) { return }
    (base.unsafelyUnwrapped + count).initialize(repeating: value, count: newCount - count)
    count = newCount
  }

  /// Room for `more` elements behind those there are, to be written to and then taken in by `advance`; nil if there is
  /// no memory. It ends with the next change of the column.
  mutating func reserve(_ more: Int) -> UnsafeMutablePointer<Element>? {
    if count + more > capacity, !grows(to: max(count + more, 64, capacity * 2)) { return nil }
    return base.map { $0 + count }
  }

  /// Takes in the first `more` elements of the room reserved.
  mutating func advance(by more: Int) { count += more }

  mutating func truncate(to newCount: Int) { count = min(count, newCount) }

  @inline(__always)
  subscript(_ index: Int) -> Element {
    get { base.unsafelyUnwrapped[index] }
    set { base.unsafelyUnwrapped[index] = newValue }
  }

  /// Puts the elements from `start` on into a new order: the new i-th is the old `order[i]`-th.
  mutating func reorder<Order: Collection>(from start: Int, by order: Order) where Order.Element == Int {
    guard let base, count > start else { return }
    let moved = count - start
    guard let block = malloc(moved * MemoryLayout<Element>.stride) else { return MemoryShortage.note() }
    defer { free(block) }
    let old = block.bindMemory(to: Element.self, capacity: moved)
    old.initialize(from: base + start, count: moved)
    for (place, index) in order.enumerated() { base[start + place] = old[index] }
  }

  var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }

  /// Makes room for one more; in place of the last one where there is no memory. Out of line: it would stand in the
  /// loop over the rows for each kind of column.
  @inline(never)
  private mutating func makeRoom() {
    if grows(to: max(64, capacity * 2)) { return }
    if base == nil { outOfMemory() }
    count -= 1
  }

  /// See `MemoryShortage`.
  private mutating func grows(to newCapacity: Int) -> Bool {
    let wanted = newCapacity * MemoryLayout<Element>.stride
    // Asked once: the call has failed, and only has to come to its end.
    guard base == nil || !MemoryShortage.isNoted, let grown = isLent ? copy(wanted) : realloc(base, wanted)
    else {
      MemoryShortage.note()
      return false
    }
    isLent = false
    base = grown.assumingMemoryBound(to: Element.self)
    guard MemoryShortage.leavesReserve(wanted) else {
      giveBack()
      MemoryShortage.note()
      return false
    }
    capacity = newCapacity
    return true
  }

  /// A block of its own with what it holds; what was lent stays as it is.
  private func copy(_ wanted: Int) -> UnsafeMutableRawPointer? {
    guard let base, let block = malloc(wanted) else { return nil }
    memcpy(block, base, count * MemoryLayout<Element>.stride)
    return block
  }

  /// Shrinks the block to the capacity that it had.
  private mutating func giveBack() {
    if capacity == 0 {
      free(base)
      base = nil
    } else if let shrunk = realloc(base, capacity * MemoryLayout<Element>.stride) {
      base = shrunk.assumingMemoryBound(to: Element.self)
    }
  }
}

/// Ends the process, as Swift's own allocations do when memory runs out.
package func outOfMemory() -> Never {
  let message: StaticString = "data_store: out of memory\n"
  _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
  abort()
}
