// SPDX-License-Identifier: MIT
import Glibc

/// Notes, by thread, that malloc refused a block.
///
/// Swift ends the process where memory is missing. What grows with the caller's data or the file's comes from malloc
/// instead, which says no. A buffer that was refused goes on over its own bytes and leaves a note; the call looks for
/// one before it hands out, or commits, anything that it made. So the loops over the rows need no check.
package enum MemoryShortage {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  static func note() { pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1)) }
  static func forget() { if isNoted { pthread_setspecific(key, nil) } }
  @inline(__always)
  static var isNoted: Bool { pthread_getspecific(key) != nil }

  /// Throws where `bytes` are not to be had now; for what goes on to make a Swift array, or a text, of that size.
  package static func expect(_ bytes: Int) throws(StoreError) {
    guard bytes >= 1 << 16 else { return }
    guard let block = malloc(bytes) else { throw .noMemory(bytes) }
    free(block)
  }
}

extension StoreError {
  /// `bytes` is what was asked for, where that is known.
  package static func noMemory(_ bytes: Int? = nil) -> StoreError {
    let size = bytes.map { " of \($0) bytes" } ?? ""
    return StoreError(
      .noMemory,
      "there is no memory for a block\(size); nothing was stored. Free memory, or take fewer rows at a time (a range, a"
        + " limit, iter())")
  }
}
