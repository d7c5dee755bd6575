// SPDX-License-Identifier: MIT
import Glibc

/// A block of bytes that others read for as long as they hold it. Whoever fills it does so only while nobody else does.
final class ByteBlock {
  let base: UnsafeMutablePointer<UInt8>

  /// nil where there is no memory.
  init?(capacity: Int) {
    guard let block = malloc(capacity) else { return nil }
    base = block.bindMemory(to: UInt8.self, capacity: capacity)
  }

  deinit { free(base) }
}
