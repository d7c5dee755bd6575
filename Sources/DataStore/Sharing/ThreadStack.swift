// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// What is left of the calling thread's stack. A thread may have as little as 16 KiB, and one that runs out of stack
/// ends the process.
package enum ThreadStack {
  /// What a call takes, with a third in reserve. The first one of a process takes most, as symbols are looked up.
  private static let bytesOfCall: UInt = 40 << 10
  /// What SQLite takes for each level of a nested expression, in compiling it.
  private static let bytesOfLevel: UInt = 512

  /// Bytes; very many where the thread runs on a stack that is not its own (a coroutine's), or that grows.
  private static var left: UInt {
    let end: UInt
    if let kept = pthread_getspecific(slot) {
      end = UInt(bitPattern: kept)
    } else {
      end = clinux_stack_end()
      pthread_setspecific(slot, UnsafeRawPointer(bitPattern: end))
    }
    return clinux_stack() &- end
  }

  private static let slot: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// Whether there is enough for a call.
  static var isEnough: Bool { left >= bytesOfCall }

  /// Throws if there is not enough for a call.
  @inline(__always)
  package static func check() throws(StoreError) {
    if !isEnough { throw notEnough }
  }

  private static var notEnough: StoreError {
    .invalid(
      "this thread has \(left) bytes of stack left, and a call of the store needs \(bytesOfCall): start it with a stack of"
        + " 128 KiB or more (threading.stack_size() in Python, pthread_attr_setstacksize() in C)")
  }

  /// How deep an expression of a query may be nested.
  static func expressionDepth(atMost most: Int32) -> Int32 {
    let spare = left
    return spare <= bytesOfCall ? 1 : Int32(min((spare - bytesOfCall) / bytesOfLevel + 16, UInt(most)))
  }
}
