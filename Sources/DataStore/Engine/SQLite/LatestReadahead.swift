// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// Finds the latest bars of all series, beside the store's calls.
///
/// To find one takes a call two pages of the file that are in no cache yet, and most of its time. A program that has asked
/// for the latest bars of many series, one at a time, goes on with others: then a thread reads those, too, in the order
/// of the index, until all are kept or there is no room (`KeptRecords`). It works in stretches of a fraction of a millisecond,
/// on a connection of its own, without a lock and without a transaction. None goes on while this process checkpoints or
/// forks. The store ends it before it closes. It does not refer to the store: see `IndexSurvey`.
final class LatestReadahead: @unchecked Sendable {  // the monitor guards the thread
  private let path: String
  private let access: Connection.Access
  private var settings: Connection.Settings
  private let known: StoreKnowledge
  private let watch: FileWatch

  private let monitor = Monitor()
  @exclusivity(unchecked) private var thread: pthread_t?
  @exclusivity(unchecked) private var isWorking = false
  private let stops = Atomic(false)

  private static let seriesOfStretch = 32
  private static let mostStretches = 1 << 12
  /// One behind the other.
  private static let mostFailures = 16

  /// For the file at `path`, which `watch` looks after; what is found goes to `known`.
  init(
    _ path: String, _ access: Connection.Access, _ settings: Connection.Settings, _ known: StoreKnowledge,
    _ watch: FileWatch
  ) {
    self.path = path
    self.access = access
    self.settings = settings
    // It waits for nobody: a fork may be waiting for it.
    self.settings.timeout = 0
    self.known = known
    self.watch = watch
  }

  /// Begins, where it is not at work.
  func start() {
    monitor.locked {
      guard !isWorking, !isOver else { return }
      if let thread { pthread_join(thread, nil) }
      thread = nil
      var started = pthread_t()
      let me = Unmanaged.passRetained(self)
      let isRunning = startThread(&started, me.toOpaque()) { readahead in
        guard let readahead else { return nil }
        let me = Unmanaged<LatestReadahead>.fromOpaque(readahead).takeRetainedValue()
        // Without memory of its own it is not worth while.
        if MemoryShortage.threadHasArena { me.work() }
        me.monitor.locked { me.isWorking = false }
        return nil
      }
      if isRunning {
        thread = started
        isWorking = true
      } else {
        me.release()
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

  private var isOver: Bool { stops.load(ordering: .relaxed) }

  private func work() {
    var reader: StoreConnection?
    var stretches = 0
    var failures = 0
    while stretches < Self.mostStretches, failures < Self.mostFailures {
      do throws(StoreError) {
        func body() throws(StoreError) -> SurveyOutcome { try stretch(&reader) }
        let outcome = try SideWork.stretch(unless: { isOver }, body)
        stretches += 1
        failures = 0
        guard outcome == .more else { break }
      } catch {
        // A commit in between, say.
        failures += 1
        var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
        nanosleep(&pause, nil)
      }
    }
    known.latest.haveFound(stretches * Self.seriesOfStretch)
  }

  private func stretch(_ reader: inout StoreConnection?) throws(StoreError) -> SurveyOutcome {
    try watch.checkDatabase()
    if reader == nil {
      let opened = try StoreConnection(path, access, settings)
      opened.openWAL()
      opened.join(known, writes: false)
      reader = opened
    }
    guard let reader else { return .end }
    return try reader.readAhead(series: Self.seriesOfStretch, notices: watch.noticesSoFar) {
      isOver || SideWork.shouldPause
    }
  }
}
