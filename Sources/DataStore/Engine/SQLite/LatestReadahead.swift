// SPDX-License-Identifier: MIT

/// Finds the latest bars of all series, beside the store's calls.
///
/// To find one takes a call two pages of the file that are in no cache yet, and most of its time. A program that has asked
/// for the latest bars of many series, one at a time, goes on with others: then a thread reads those, too, in the order
/// of the index, until all are kept or there is no room (`KeptRecords`). It works in stretches of a fraction of a millisecond,
/// on a connection of its own, without a lock and without a transaction. None goes on while this process checkpoints or
/// forks. The store ends it before it closes. It does not refer to the store: see `IndexSurvey`.
final class LatestReadahead: @unchecked Sendable {  // the thread alone reads
  private let path: String
  private let access: Connection.Access
  private let settings: Connection.Settings
  private let known: StoreKnowledge
  private let watch: FileWatch

  private let worker = SideWorker()

  private static let seriesOfStretch = 32
  private static let mostStretches = 1 << 12

  /// For the file at `path`, which `watch` looks after; what is found goes to `known`.
  init(
    _ path: String, _ access: Connection.Access, _ settings: Connection.Settings, _ known: StoreKnowledge,
    _ watch: FileWatch
  ) {
    self.path = path
    self.access = access
    self.settings = settings.withoutWaiting
    self.known = known
    self.watch = watch
  }

  /// Begins, unless it is at work.
  func start() { worker.start { [self] in work() } }

  /// Ends it; nothing of it is left then.
  func end() { worker.end() }

  private func work() {
    var reader: StoreConnection?
    let stretches = worker.runStretches(atMost: Self.mostStretches) { () throws(StoreError) in
      try stretch(&reader) == .more
    }
    known.latest.haveFound(stretches * Self.seriesOfStretch)
  }

  private func stretch(_ reader: inout StoreConnection?) throws(StoreError) -> SurveyOutcome {
    try watch.checkDatabase()
    if reader == nil { reader = try .reader(path, access, settings, known) }
    guard let reader else { return .end }
    return try reader.readAhead(series: Self.seriesOfStretch, notices: watch.noticesSoFar) {
      worker.isOver || SideWork.shouldPause
    }
  }
}
