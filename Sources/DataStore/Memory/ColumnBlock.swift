// SPDX-License-Identifier: MIT
import Glibc

/// One block of memory for all columns of a long read, in huge pages where the system has them.
///
/// Fresh memory costs a page fault for each 4 KiB, which takes longer than filling them; two megabytes at once cost a
/// fourteenth. Columns that grow one by one are too small for that, and fault in the memory of each of their sizes.
struct ColumnBlock: ~Copyable {
  private static let hugePage = SpareBlocks.alignment
  /// Columns begin at the start of a cache line.
  private static let alignment = 64

  private let block: UnsafeMutableRawBufferPointer
  private let isMapped: Bool
  private var used = 0

  /// Bytes that a column of `count` elements takes.
  static func bytes<Element>(_ count: Int, _ type: Element.Type) -> Int {
    (count * MemoryLayout<Element>.stride + alignment - 1) & ~(alignment - 1)
  }

  /// nil if the block would be less than half a huge page, or memory is short.
  init?(bytes: Int) {
    guard bytes >= Self.hugePage / 2 else { return nil }
    guard let block = SpareBlocks.shared.take(bytes) ?? Self.map(bytes) else { return nil }
    self.block = block
    isMapped = true
  }

  private static func map(_ bytes: Int) -> UnsafeMutableRawBufferPointer? {
    // The rest behind the last whole huge page is one, too, where it fills half of it.
    let rest = bytes % hugePage
    let hugeBytes = bytes - rest + (rest >= hugePage / 2 ? hugePage : 0)
    let size = max(bytes, hugeBytes)
    let mapped = mmap(
      nil, size + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { return SpareBlocks.shared.release() ? map(bytes) : nil }
    // What lies before and behind the aligned part goes back.
    let misaligned = Int(bitPattern: mapped) & (hugePage - 1)
    let before = misaligned == 0 ? 0 : hugePage - misaligned
    let base = mapped + before
    if before > 0 { munmap(mapped, before) }
    let pages = (size + 4095) & ~4095
    munmap(base + pages, size + hugePage - before - pages)
    guard MemoryShortage.leavesReserve(size) else {
      munmap(base, size)
      return nil
    }
    // Advice: where the system has none, small pages do.
    madvise(base, hugeBytes, MADV_HUGEPAGE)
    return UnsafeMutableRawBufferPointer(start: base, count: size)
  }

  /// Of any size: where it is small for huge pages, malloc's. nil if memory is short.
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
    block = UnsafeMutableRawBufferPointer(start: base, count: bytes)
    isMapped = false
  }

  deinit { if isMapped { SpareBlocks.shared.keep(block) } else { free(block.baseAddress) } }

  /// Room for a column, as long as the block lives; nil if there is none left.
  mutating func room<Element>(for count: Int, _ type: Element.Type) -> UnsafeMutablePointer<Element>? {
    let bytes = Self.bytes(count, type)
    guard bytes <= block.count - used, let base = block.baseAddress else { return nil }
    defer { used += bytes }
    return (base + used).bindMemory(to: Element.self, capacity: count)
  }
}
