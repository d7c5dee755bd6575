// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// Looks through all of the index of bars, or of requests, for other tools' timestamps, beside the store's calls.
///
/// The first look at a series reads the pages of its last hours: a few microseconds more for a call, but one in three of
/// those that a desk makes while it has thousands of series, or has just begun. So when a store has had to look at some
/// series one at a time, a thread looks at all, in the order of the index. What it has found out counts at once
/// (`SurveyedSeries`), until somebody else commits a time in another form (`CommitLedger`). It ends where it meets one, and
/// leaves the rest to first looks; so it does in a large file.
///
/// It works in stretches of a fraction of a millisecond, each with a read transaction of its own, on a connection of its own.
/// None goes on while this process checkpoints or forks: a reader would hold the checkpoint back, and a child has no such
/// thread. The store ends it before it closes. It does not refer to the store: the last to let go of that is to be a caller.
final class IndexSurvey: @unchecked Sendable {  // the monitor guards the thread, which alone reads
  private let path: String
  private let access: Connection.Access
  private var settings: Connection.Settings
  private let known: StoreKnowledge
  private let forms: ForeignForms
  private let watch: FileWatch

  private let monitor = Monitor()
  @exclusivity(unchecked) private var thread: pthread_t?
  @exclusivity(unchecked) private var reader: StoreConnection?
  private let stops = Atomic(false)

  /// Leaves of a stretch, and of all stretches: half a gigabyte at the usual size of a page.
  private static let leavesOfStretch = 64
  private static let mostStretches = 1 << 11
  private static let mostFailures = 16

  /// For the file at `path`, which `watch` looks after; what is found out goes to `forms`, which is one of `known`.
  init(
    _ path: String, _ access: Connection.Access, _ settings: Connection.Settings, _ known: StoreKnowledge,
    _ forms: ForeignForms, _ watch: FileWatch
  ) {
    self.path = path
    self.access = access
    self.settings = settings
    // It waits for nobody: a fork may be waiting for it.
    self.settings.timeout = 0
    self.known = known
    self.forms = forms
    self.watch = watch
  }

  /// Begins, if that has not happened before.
  func start() {
    monitor.locked {
      guard thread == nil, !stops.load(ordering: .relaxed) else { return }
      var started = pthread_t()
      let me = Unmanaged.passRetained(self)
      let isRunning = startThread(&started, me.toOpaque()) { survey in
        guard let survey else { return nil }
        let me = Unmanaged<IndexSurvey>.fromOpaque(survey).takeRetainedValue()
        // Without memory of its own it is not worth while.
        if MemoryShortage.threadHasArena { me.work() }
        return nil
      }
      if isRunning { thread = started } else { me.release() }
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
    defer { reader = nil }
    var failures = 0
    for _ in 0..<Self.mostStretches where failures < Self.mostFailures {
      do throws(StoreError) {
        let outcome = try nextStretch()
        guard outcome == .more else { return }
      } catch {
        // A commit in between, say.
        failures += 1
        var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
        nanosleep(&pause, nil)
      }
    }
  }

  private func nextStretch() throws(StoreError) -> SurveyOutcome? {
    func body() throws(StoreError) -> SurveyOutcome {
      try stretch(Self.leavesOfStretch) { isOver || SideWork.shouldPause }
    }
    return try SideWork.stretch(unless: { isOver }, body)
  }

  /// One stretch, of so many leaves or until it `shouldStop`.
  func stretch(_ leaves: Int, shouldStop: () -> Bool) throws(StoreError) -> SurveyOutcome {
    try watch.checkDatabase()
    if reader == nil {
      reader = try StoreConnection(path, access, settings)
      reader?.openWAL()
      reader?.join(known, writes: false)
    }
    guard let reader else { return .end }
    reader.beginSnapshot()
    try reader.run(.begin)
    defer {
      try? reader.run(.commit)
      reader.endSnapshot()
    }
    return try reader.survey(forms, leaves: leaves, notices: watch.noticesSoFar, shouldStop: shouldStop)
  }
}
