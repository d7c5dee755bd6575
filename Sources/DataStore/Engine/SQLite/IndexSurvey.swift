// SPDX-License-Identifier: MIT

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
final class IndexSurvey: @unchecked Sendable {  // the thread alone reads
  private let path: String
  private let access: Connection.Access
  private let settings: Connection.Settings
  private let known: StoreKnowledge
  private let forms: ForeignForms
  private let watch: FileWatch

  private let worker = SideWorker()
  @exclusivity(unchecked) private var reader: StoreConnection?

  /// Leaves of a stretch, and of all stretches: half a gigabyte at the usual size of a page.
  private static let leavesOfStretch = 64
  private static let mostStretches = 1 << 11

  /// For the file at `path`, which `watch` looks after; what is found out goes to `forms`, which is one of `known`.
  init(
    _ path: String, _ access: Connection.Access, _ settings: Connection.Settings, _ known: StoreKnowledge,
    _ forms: ForeignForms, _ watch: FileWatch
  ) {
    self.path = path
    self.access = access
    self.settings = settings.withoutWaiting
    self.known = known
    self.forms = forms
    self.watch = watch
  }

  /// Begins, unless it is at work.
  func start() { worker.start { [self] in work() } }

  /// Ends it; nothing of it is left then.
  func end() { worker.end() }

  private func work() {
    defer { reader = nil }
    _ = worker.runStretches(atMost: Self.mostStretches) { () throws(StoreError) in
      try stretch(Self.leavesOfStretch) { worker.isOver || SideWork.shouldPause } == .more
    }
  }

  /// One stretch, of so many leaves or until it `shouldStop`.
  func stretch(_ leaves: Int, shouldStop: () -> Bool) throws(StoreError) -> SurveyOutcome {
    try watch.checkDatabase()
    if reader == nil { reader = try .reader(path, access, settings, known) }
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
