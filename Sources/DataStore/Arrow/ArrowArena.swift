// SPDX-License-Identifier: MIT
import Glibc

/// Memory of what was converted of some chunks, until they are written.
final class ArrowArena {
  private var blocks: [UnsafeMutableRawPointer] = []
  private var interners: [ArrowInterner] = []

  deinit { for block in blocks { free(block) } }

  func room<Element>(_ count: Int, _ type: Element.Type) throws(StoreError) -> UnsafeMutablePointer<Element> {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, let block = malloc(max(bytes, 1)) else { throw .noMemory(overflow ? nil : bytes) }
    guard MemoryShortage.leavesReserve(bytes) else {
      free(block)
      throw .noMemory(bytes)
    }
    blocks.append(block)
    return block.bindMemory(to: Element.self, capacity: count)
  }

  func interner() -> ArrowInterner {
    let interner = ArrowInterner()
    interners.append(interner)
    return interner
  }
}

/// A `TextInterner` that may be handed around.
final class ArrowInterner {
  var texts = TextInterner()
}
