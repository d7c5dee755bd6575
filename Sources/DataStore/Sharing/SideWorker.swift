// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// A thread for `SideWork`. It does not refer to what it works for beyond its work, and is ended before that is closed.
final class SideWorker: @unchecked Sendable {  // the monitor guards the thread
  private let monitor = Monitor()
  @exclusivity(unchecked) private var thread: pthread_t?
  @exclusivity(unchecked) private var isWorking = false
  private let stops = Atomic(false)

  /// One behind the other.
  private static let mostFailures = 16

  private final class Job {
    let worker: SideWorker
    let work: () -> Void

    init(_ worker: SideWorker, _ work: @escaping () -> Void) {
      self.worker = worker
      self.work = work
    }
  }

  /// Whether the work is to end.
  var isOver: Bool { stops.load(ordering: .relaxed) }

  /// Begins `work`, unless it is at work or was ended. Where no thread is to be had, nothing happens.
  func start(_ work: @escaping () -> Void) {
    monitor.locked {
      guard !isWorking, !isOver else { return }
      if let thread { pthread_join(thread, nil) }
      thread = nil
      var started = pthread_t()
      let job = Unmanaged.passRetained(Job(self, work))
      let isRunning = startThread(&started, job.toOpaque()) { passed in
        guard let passed else { return nil }
        let job = Unmanaged<Job>.fromOpaque(passed).takeRetainedValue()
        // Without memory of its own it is not worth while.
        if MemoryShortage.threadHasArena { job.work() }
        job.worker.monitor.locked { job.worker.isWorking = false }
        return nil
      }
      if isRunning {
        thread = started
        isWorking = true
      } else {
        job.release()
      }
    }
  }

  /// Ends it; nothing of it is left then.
  func end() {
    stops.store(true, ordering: .relaxed)
    let thread = monitor.locked {
      defer { self.thread = nil }
      return self.thread
    }
    if let thread { pthread_join(thread, nil) }
  }

  /// Within `work`: runs `stretch` again and again, at most so many times, for as long as it tells that there is more to
  /// do. Returns how many times it was run to its end.
  func runStretches(atMost most: Int, _ stretch: () throws(StoreError) -> Bool) -> Int {
    var stretches = 0
    var failures = 0
    while stretches < most, failures < Self.mostFailures {
      do throws(StoreError) {
        let hasMore = try SideWork.stretch(unless: { isOver }, stretch)
        stretches += 1
        failures = 0
        guard hasMore == true else { break }
      } catch {
        // A commit in between, say.
        failures += 1
        var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
        nanosleep(&pause, nil)
      }
    }
    return stretches
  }
}
