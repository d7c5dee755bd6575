// SPDX-License-Identifier: MIT
import Glibc

/// A block of bytes that others read for as long as they hold it. It is filled only while no other code holds it.
final class ByteBlock {
  /// A block that its owner holds meanwhile. Handed on with each row, where a count of owners would cost as much as the row.
  typealias Reference = Unmanaged<ByteBlock>

  let base: UnsafeMutablePointer<UInt8>

  /// nil if there is no memory.
  init?(capacity: Int) {
    guard let block = malloc(capacity) else { return nil }
    guard MemoryShortage.leavesReserve(capacity) else {
      free(block)
      return nil
    }
    base = block.bindMemory(to: UInt8.self, capacity: capacity)
  }

  deinit { free(base) }
}
