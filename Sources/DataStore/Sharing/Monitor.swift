// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// A lock with a condition to wait for, up to a deadline. (The standard library's `Mutex` has no condition.)
package final class Monitor: @unchecked Sendable {  // pthread's own objects are made for sharing
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  package init() {
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  @inline(__always)
  package func locked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result
  {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// For a lock that is held across a fork; else `locked`.
  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }

  // Within `locked` only:

  package func wait() { pthread_cond_wait(condition, mutex) }

  /// False once the deadline has passed.
  func wait(until deadline: Deadline) -> Bool {
    var time = deadline.systemTime
    return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
  }

  /// Runs `body` without the lock.
  func unlocked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_unlock(mutex)
    defer { pthread_mutex_lock(mutex) }
    return body()
  }

  package func wakeAll() { pthread_cond_broadcast(condition) }
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
