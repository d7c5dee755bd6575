// SPDX-License-Identifier: MIT
import Glibc

/// Which process this is, without a system call: each call on a store asks, for a forked child must not touch the
/// connections of its parent.
///
/// The process id is kept on a page that the kernel wipes on fork (MADV_WIPEONFORK,
/// https://man7.org/linux/man-pages/man2/madvise.2.html).
enum ProcessMark {
  static var current: pid_t {
    guard let page else { return getpid() }
    if page.pointee == 0 { page.pointee = getpid() }
    return page.pointee
  }

  /// Any thread that finds it empty writes the same number. nil if the kernel has no such page: then it is asked.
  private nonisolated(unsafe) static let page: UnsafeMutablePointer<pid_t>? = {
    let size = Int(getpagesize())
    let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { return nil }
    let wipeOnFork: Int32 = 18  // in <sys/mman.h> for GNU sources only
    guard madvise(mapped, size, wipeOnFork) == 0 else {
      munmap(mapped, size)
      return nil
    }
    return mapped.bindMemory(to: pid_t.self, capacity: 1)
  }()
}
