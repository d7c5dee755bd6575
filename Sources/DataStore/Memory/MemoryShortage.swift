// SPDX-License-Identifier: MIT
import Glibc

/// Notes, by thread, that malloc refused a block.
///
/// Swift ends the process if it cannot get memory. What grows with the caller's data or the file's comes from malloc
/// instead, which can fail. A buffer that was refused memory reuses its own bytes and leaves a note; the call looks for
/// a note before it returns, or commits, anything that it made. So the loops over the rows need no check.
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

  /// Address space that the columns leave to what is small: Swift's objects, whose allocation must not fail, and those
  /// of SQLite, on every thread.
  private static let reserve = 4 << 20
  private static let large = 1 << 15

  /// Whether a block of `bytes`, which was had already, leaves the reserve; else it is to be given back. Asked of the
  /// system: malloc may have as much that only the threads of one arena can take.
  static func leavesReserve(_ bytes: Int) -> Bool {
    bytes < large || hasReserve || SpareBlocks.shared.release() && hasReserve
  }

  private static var hasReserve: Bool {
    // To be written to, or it would not count where the kernel promises no more than there is.
    let block = mmap(nil, reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let block, block != MAP_FAILED else { return false }
    munmap(block, reserve)
    return true
  }

  /// Whether this thread, which has only begun, has an arena of malloc.
  ///
  /// Where address space is short a new thread gets none, and glibc makes each of its small blocks a mapping of its own:
  /// the first that is refused ends the process, however much the other threads' arenas hold. Such blocks all lie at
  /// the start of a page, behind a few bytes of malloc's. To be asked before the thread uses anything thread-local,
  /// which comes from malloc as well.
  static var threadHasArena: Bool {
    guard let first = malloc(24) else { return false }
    defer { free(first) }
    guard let second = malloc(24) else { return false }
    defer { free(second) }
    let page = UInt(getpagesize())
    return UInt(bitPattern: first) % page >= 64 || UInt(bitPattern: second) % page >= 64
  }

  /// Throws if `bytes` are not to be had now; for what goes on to make a Swift array, or a text, of that size.
  package static func expect(_ bytes: Int) throws(StoreError) {
    guard bytes >= 1 << 16 else { return }
    guard let block = malloc(bytes) else { throw .noMemory(bytes) }
    // The optimiser may take out a block that nobody else sees, and the question with it.
    _ = madvise(block, 0, MADV_NORMAL)
    free(block)
  }
}

extension StoreError {
  /// `bytes` is what was asked for, where that is known.
  package static func noMemory(_ bytes: Int? = nil) -> StoreError {
    let size = bytes.map { " of \($0) bytes" } ?? ""
    return StoreError(
      .noMemory,
      "out of memory for a block\(size); nothing was stored. Free memory, or take fewer rows at a time (a range, a"
        + " limit, iter())")
  }
}
