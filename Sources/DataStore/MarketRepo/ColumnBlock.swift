// SPDX-License-Identifier: MIT
import Glibc

/// One block of memory for all columns of a long read, in huge pages where the system has them.
///
/// Fresh memory costs a page fault for each 4 KiB, which takes longer than filling them; two megabytes at once cost a
/// fourteenth. Columns that grow one by one are too small for that, and fault in the memory of each of their sizes.
struct ColumnBlock: ~Copyable {
  private static let hugePage = 2 << 20
  /// Columns begin at the start of a cache line.
  private static let alignment = 64

  private let base: UnsafeMutableRawPointer
  private let size: Int
  private let isMapped: Bool
  private var used = 0

  /// Bytes that a column of `count` elements takes.
  static func bytes<Element>(_ count: Int, _ type: Element.Type) -> Int {
    (count * MemoryLayout<Element>.stride + alignment - 1) & ~(alignment - 1)
  }

  /// nil where the block would be less than half a huge page, or memory is short.
  init?(bytes: Int) {
    guard bytes >= Self.hugePage / 2 else { return nil }
    // The rest behind the last whole huge page is one, too, where it fills half of it.
    let rest = bytes % Self.hugePage
    let hugeBytes = bytes - rest + (rest >= Self.hugePage / 2 ? Self.hugePage : 0)
    let size = max(bytes, hugeBytes)
    let mapped = mmap(
      nil, size + Self.hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { return nil }
    // What lies before and behind the aligned part goes back.
    let misaligned = Int(bitPattern: mapped) & (Self.hugePage - 1)
    let before = misaligned == 0 ? 0 : Self.hugePage - misaligned
    let base = mapped + before
    if before > 0 { munmap(mapped, before) }
    let pages = (size + 4095) & ~4095
    munmap(base + pages, size + Self.hugePage - before - pages)
    guard MemoryShortage.leavesReserve(size) else {
      munmap(base, size)
      return nil
    }
    // Advice: where the system has none, small pages do.
    madvise(base, hugeBytes, MADV_HUGEPAGE)
    (self.base, self.size, isMapped) = (base, size, true)
  }

  /// Of any size: where it is small for huge pages, malloc's. nil where memory is short.
  static func ofAnySize(bytes: Int) -> ColumnBlock? {
    guard let block = ColumnBlock(bytes: bytes) else { return ColumnBlock(small: bytes) }
    return block
  }

  private init?(small bytes: Int) {
    guard let base = aligned_alloc(Self.alignment, max(Self.bytes(bytes, UInt8.self), Self.alignment)) else {
      return nil
    }
    guard MemoryShortage.leavesReserve(bytes) else {
      free(base)
      return nil
    }
    (self.base, size, isMapped) = (base, bytes, false)
  }

  deinit { if isMapped { munmap(base, size) } else { free(base) } }

  /// Room for a column, as long as the block lives; nil where there is none left.
  mutating func room<Element>(for count: Int, _ type: Element.Type) -> UnsafeMutablePointer<Element>? {
    let bytes = Self.bytes(count, type)
    guard bytes <= size - used else { return nil }
    defer { used += bytes }
    return (base + used).bindMemory(to: Element.self, capacity: count)
  }
}
