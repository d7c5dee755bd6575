// SPDX-License-Identifier: MIT
import CLinux
import Glibc
import Synchronization

/// A lock with a condition to wait for, up to a deadline. (The standard library's `Mutex` has no condition.)
///
/// A short call takes ten of them, and nearly always finds them free: that is one atomic instruction here, and another one to let
/// go, where pthread's take fifty instructions. A thread that has to wait does so in the kernel (futex(2)).
package final class Monitor: @unchecked Sendable {  // made for sharing
  /// Where they lie must not change.
  private struct Words: ~Copyable {
    /// 0: free. 1: taken. 2: taken, and there may be waiters.
    let lock = Atomic<UInt32>(0)
    /// Counts the calls of `wakeAll`.
    let calls = Atomic<UInt32>(0)
  }

  private let words = UnsafeMutablePointer<Words>.allocate(capacity: 1)
  /// How many threads wait for the condition; guarded by the lock.
  @exclusivity(unchecked) private var waiters = 0

  package init() { words.initialize(to: Words()) }

  deinit {
    words.deinitialize(count: 1)
    words.deallocate()
  }

  @inline(__always)
  package func locked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result
  {
    lock()
    defer { unlock() }
    return try body()
  }

  /// For a lock that is held across a fork; else `locked`.
  @inline(__always)
  func lock() {
    if !words.pointee.lock.compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged {
      waitForLock()
    }
  }

  @inline(__always)
  func unlock() {
    if words.pointee.lock.exchange(0, ordering: .releasing) == 2 { wakeNext() }
  }

  @inline(never)
  private func waitForLock() {
    while words.pointee.lock.exchange(2, ordering: .acquiring) != 0 { _ = clinux_wait(lockWord, 2, nil) }
  }

  @inline(never)
  private func wakeNext() { clinux_wake(lockWord, 0) }

  private var lockWord: UnsafeRawPointer { UnsafeRawPointer(words) }
  private var callsWord: UnsafeRawPointer { lockWord + MemoryLayout<UInt32>.size }

  // Within `locked` only:

  /// May return early, for no reason.
  package func wait() { _ = wait(for: nil) }

  /// False once the deadline has passed.
  func wait(until deadline: Deadline) -> Bool {
    var time = deadline.systemTime
    return wait(for: &time)
  }

  private func wait(for end: UnsafePointer<timespec>?) -> Bool {
    // What is called for from here on is not missed: the word is another one then.
    let seen = words.pointee.calls.load(ordering: .relaxed)
    waiters += 1
    unlock()
    let result = clinux_wait(callsWord, seen, end)
    lock()
    waiters -= 1
    return result == 0
  }

  /// Runs `body` without the lock.
  func unlocked<Result>(_ body: () -> Result) -> Result {
    unlock()
    defer { lock() }
    return body()
  }

  package func wakeAll() {
    guard waiters > 0 else { return }
    words.pointee.calls.wrappingAdd(1, ordering: .relaxed)
    clinux_wake(callsWord, 1)
  }
}

/// A thread of this process, by a number that no other thread ever has. (pthread_self() is used again after
/// a thread has ended, and a new thread must not inherit an old one's transaction.)
struct ThreadID: Equatable {
  private let number: UInt

  static var current: ThreadID {
    if let kept = pthread_getspecific(key) { return ThreadID(number: UInt(bitPattern: kept)) }
    let number = next.add(1, ordering: .relaxed).oldValue
    pthread_setspecific(key, UnsafeRawPointer(bitPattern: number))
    return ThreadID(number: number)
  }

  private static let next = Atomic<UInt>(1)
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()
}
