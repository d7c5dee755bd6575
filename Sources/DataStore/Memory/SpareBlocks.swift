// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// Memory of finished long reads, kept for the next ones: the system clears fresh memory, which takes a tenth of
/// a read.
///
/// The system may take back what is kept here whenever it needs memory (`MADV_FREE`, madvise(2)); it then comes back cleared.
/// There is no lock: a child process may free what its parent read, and a lock that another thread held as it was forked
/// would never come free there.
struct SpareBlocks: ~Copyable {
  static let shared = SpareBlocks()

  /// All blocks begin at a multiple of this.
  static let alignment = 2 << 20
  /// In bytes; a larger block goes back to the system at once.
  static let largest = 4 << 20
  /// How many are kept.
  static let most = 4
  private static let page = 4096

  /// 0, or where a block begins and, in the bits that its alignment leaves free, how many pages it has.
  private let places = InlineArray<4, Atomic<UInt>> { _ in Atomic(0) }
  private let turn = Atomic<Int>(0)

  deinit { release() }

  /// A block of `size` bytes or little more; nil if there is none. In it is what was, or zeros.
  func take(_ size: Int) -> UnsafeMutableRawBufferPointer? {
    for index in places.indices {
      let kept = places[index].load(ordering: .relaxed)
      guard let block = Self.block(kept), size <= block.count, block.count - size < Self.alignment else {
        continue
      }
      if places[index].compareExchange(expected: kept, desired: 0, ordering: .acquiring).exchanged {
        return block
      }
    }
    return nil
  }

  /// Keeps a block that was mapped, or unmaps it, or another one for it.
  func keep(_ block: UnsafeMutableRawBufferPointer) {
    let address = UInt(bitPattern: block.baseAddress)
    guard block.count <= Self.largest, address % UInt(Self.alignment) == 0,
      madvise(block.baseAddress, block.count, MADV_FREE) == 0
    else { return Self.unmap(block) }
    let kept = address | UInt((block.count + Self.page - 1) / Self.page)
    for index in places.indices {
      if places[index].compareExchange(expected: 0, desired: kept, ordering: .releasing).exchanged { return }
    }
    // One after the other goes, so that sizes that nobody asks for any more do not stay.
    let index = turn.wrappingAdd(1, ordering: .relaxed).oldValue & (Self.most - 1)
    let other = places[index].exchange(kept, ordering: .acquiringAndReleasing)
    if let other = Self.block(other) { Self.unmap(other) }
  }

  /// Gives everything back to the system. False if there was nothing.
  @discardableResult
  func release() -> Bool {
    var isAny = false
    for index in places.indices {
      guard let block = Self.block(places[index].exchange(0, ordering: .acquiring)) else { continue }
      Self.unmap(block)
      isAny = true
    }
    return isAny
  }

  private static func block(_ kept: UInt) -> UnsafeMutableRawBufferPointer? {
    let pages = kept & UInt(alignment - 1)
    guard let base = UnsafeMutableRawPointer(bitPattern: kept - pages) else { return nil }
    return UnsafeMutableRawBufferPointer(start: base, count: Int(pages) * page)
  }

  private static func unmap(_ block: UnsafeMutableRawBufferPointer) { munmap(block.baseAddress, block.count) }
}
