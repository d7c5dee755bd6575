// SPDX-License-Identifier: MIT
import Glibc

@testable import DataStore

/// A waiting line as another process has it: on a descriptor of its own, which is all that the kernel tells them by.
final class LineMember {
  let line: TicketLock
  private let descriptor: Int32

  init(_ path: String) {
    descriptor = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0o600)
    line = TicketLock(descriptor: descriptor)
  }

  deinit { close(descriptor) }
}
