// SPDX-License-Identifier: MIT
import CPostgreSQL
import Glibc

/// The request that a server cancel what a session runs, over a connection of its own.
///
/// libpq sends it by calls that block, and a network that swallows everything would hold the caller up for ever. So a thread
/// of its own does it.
final class CancelRequest: @unchecked Sendable {  // the monitor guards what changes
  private let functions: LibPQ.Functions
  private let request: OpaquePointer
  private let monitor = Monitor()
  private var isSent = false

  init(_ functions: LibPQ.Functions, owning request: OpaquePointer) {
    self.functions = functions
    self.request = request
  }

  deinit { functions.pointee.PQfreeCancel(request) }

  /// Whether the server has taken it within so many nanoseconds.
  func send(within span: Int64) -> Bool {
    let deadline = Deadline(nanosecondsFromNow: span)
    let mine = Unmanaged.passRetained(self)
    let isRunning = startDetachedThread(mine.toOpaque()) { request in
      request.map { Unmanaged<CancelRequest>.fromOpaque($0).takeRetainedValue().send() }
      return nil
    }
    guard isRunning else {
      mine.release()
      send()
      return true
    }
    return monitor.locked {
      while !isSent, monitor.wait(until: deadline) {}
      return isSent
    }
  }

  private func send() {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
      guard let base = room.baseAddress else { return }
      _ = functions.pointee.PQcancel(request, base, 256)
    }
    monitor.locked {
      isSent = true
      monitor.wakeAll()
    }
  }
}
