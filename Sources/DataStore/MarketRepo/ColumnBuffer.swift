// SPDX-License-Identifier: MIT
import Glibc

/// A growing column of plain values. Memory comes from malloc: 16-byte aligned, and large columns grow in
/// place by remapping instead of copying.
struct ColumnBuffer<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>?
  private(set) var count = 0
  private var capacity = 0

  deinit { free(base) }

  @inline(__always)
  mutating func append(_ value: Element) {
    if count == capacity { grow(to: max(64, capacity * 2)) }
    base.unsafelyUnwrapped[count] = value
    count += 1
  }

  mutating func append(_ values: UnsafeBufferPointer<Element>) {
    guard let source = values.baseAddress, values.count > 0 else { return }
    if count + values.count > capacity { grow(to: max(count + values.count, capacity * 2)) }
    (base.unsafelyUnwrapped + count).initialize(from: source, count: values.count)
    count += values.count
  }

  /// Appends `value` until the column is `newCount` long.
  mutating func pad(to newCount: Int, with value: Element) {
    guard newCount > count else { return }
    if newCount > capacity { grow(to: max(newCount, 64, capacity * 2)) }
    (base.unsafelyUnwrapped + count).initialize(repeating: value, count: newCount - count)
    count = newCount
  }

  mutating func truncate(to newCount: Int) { count = min(count, newCount) }

  @inline(__always)
  subscript(_ index: Int) -> Element {
    get { base.unsafelyUnwrapped[index] }
    set { base.unsafelyUnwrapped[index] = newValue }
  }

  /// Puts the elements from `start` on into a new order: the new i-th is the old `order[i]`-th.
  mutating func reorder(from start: Int, by order: [Int]) {
    guard let base else { return }
    let old = Array(UnsafeBufferPointer(start: base, count: count))
    for (place, index) in order.enumerated() { base[start + place] = old[start + index] }
  }

  var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }

  private mutating func grow(to newCapacity: Int) {
    guard let grown = realloc(base, newCapacity * MemoryLayout<Element>.stride) else { outOfMemory() }
    base = grown.assumingMemoryBound(to: Element.self)
    capacity = newCapacity
  }
}

/// As Swift's own allocations do when there is no memory left.
package func outOfMemory() -> Never {
  let message: StaticString = "data_store: out of memory\n"
  _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
  abort()
}
