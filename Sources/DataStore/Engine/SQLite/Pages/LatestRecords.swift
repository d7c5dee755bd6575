// SPDX-License-Identifier: MIT

/// The records of the latest bars that were read or written last, for all connections of a store.
///
/// They are right as of one state of the file, `known`. When somebody has committed since, the index of the WAL tells which
/// pages changed: a record is still right if none of the pages on the way to it did. What the store's own writer commits by
/// a statement over one bar leaves all others right, whatever pages it changed, and mostly tells what the new record is.
/// Where it cannot be told what was changed, all of them are out of date at once, and are found again one by one.
final class LatestRecords: @unchecked Sendable {  // its monitor guards it
  private let monitor = Monitor()
  @exclusivity(unchecked) private var records = KeptRecords()
  @exclusivity(unchecked) private var changes = PageChanges()
  @exclusivity(unchecked) private var known: KeptTrees.Snapshot?
  /// As of `known`; see `CommitLedger.Knowable`.
  @exclusivity(unchecked) private var plainSince: UInt32 = 0
  @exclusivity(unchecked) private var schemaCookie: UInt32?
  /// Whether the file may have pages that became free; see `PageTrail.withoutWays`.
  @exclusivity(unchecked) private var hasFreePages = true
  /// Counts the states that were gone through.
  @exclusivity(unchecked) private var clock: UInt32 = 1
  /// What was last right before is out of date.
  @exclusivity(unchecked) private var oldest: UInt32 = 1
  /// The last state that others have made, or that is not known to be one bar's.
  @exclusivity(unchecked) private var lastOther: UInt32 = 0
  /// Records that were looked for in vain and then found, since that was last told.
  @exclusivity(unchecked) private var finds = 0
  @exclusivity(unchecked) private var findsUntilTold = fewestFinds
  @exclusivity(unchecked) private var onManyFinds: (@Sendable () -> Void)?
  private static let fewestFinds = 64
  /// More frames of the WAL than that are not gone through.
  private static let mostFrames = 1 << 13

  /// How the connection that asks sees the file, and what else it takes to follow others' commits.
  struct View {
    let changed: ChangedPages
    let ledger: CommitLedger
    let notices: Int?
  }

  // MARK: Readers

  /// Copies the record of a series' latest bar to `room`, and gives its instant; nil if it is not known as of `snapshot`. No text
  /// in another form means its instant or later.
  func find(
    _ symbol: Bytes, _ timeframe: Bytes, _ snapshot: KeptTrees.Snapshot, _ view: View,
    into room: inout ByteBuffer
  ) -> Int64? {
    monitor.locked {
      guard isKnown(snapshot, view), let record = records.find(symbol, timeframe), isRight(record) else {
        return nil
      }
      record.head.pointee.confirmed = clock
      room.removeAll()
      room.append(record.bytes)
      return room.isIncomplete ? nil : record.head.pointee.instant
    }
  }

  /// Whether a record is known as of `snapshot`.
  func has(
    _ symbol: Bytes, _ timeframe: Bytes, _ snapshot: KeptTrees.Snapshot, _ view: View
  ) -> Bool {
    monitor.locked {
      isKnown(snapshot, view) && (records.find(symbol, timeframe).map(isRight) ?? false)
    }
  }

  /// Keeps a record that was found as of `snapshot` by way of the pages of `trail`. False if there was no room, without
  /// `pushes`.
  @discardableResult
  func keep(
    _ instant: Int64, _ record: Bytes, _ symbol: Bytes, _ timeframe: Bytes, _ trail: PageTrail,
    _ snapshot: KeptTrees.Snapshot, _ knowable: CommitLedger.Knowable, pushes: Bool = true
  ) -> Bool {
    var tell: (@Sendable () -> Void)?
    let isKept = monitor.locked {
      guard known == snapshot, knowable.plainSince == plainSince, trail.isWhole else { return true }
      if pushes {
        finds += 1
        if finds >= findsUntilTold, let onManyFinds {
          tell = onManyFinds
          finds = 0
          // Until the end of what that begins.
          findsUntilTold = .max
        }
      }
      let head = KeptRecords.Head(
        instant: instant, found: clock, confirmed: clock, trail: hasFreePages ? trail : trail.withoutWays)
      return records.keep(head, record, symbol, timeframe, pushes: pushes)
    }
    tell?()
    return isKept
  }

  // MARK: All series

  /// How many are kept, right or not.
  var count: Int { monitor.locked { records.count } }

  /// Has `body` called when many records were looked for one at a time; again after `haveFound`.
  func whenManyWereFound(_ body: (@Sendable () -> Void)?) { monitor.locked { onManyFinds = body } }

  /// So many records were found together. That is not to be done again before a part of them was looked for one at a time:
  /// it must not cost more than it saves.
  func haveFound(_ records: Int) {
    monitor.locked {
      finds = 0
      findsUntilTold = max(Self.fewestFinds, records / 16)
    }
  }

  // MARK: The writer

  /// Follows a commit of the store's own writer that has written one bar of a series, or with nil none. `record` makes the
  /// new record from the one that the latest bar had; where it gives nil it is to be read. `notices` counts what was noticed
  /// of the file by now.
  func follow(
    _ commit: CommitLedger.OwnCommit, _ changed: ChangedPages, notices: (() -> Int?)?,
    _ series: (symbol: Bytes, timeframe: Bytes)?,
    _ record: (_ last: KeptRecords.Record) -> (instant: Int64, bytes: Bytes)?
  ) {
    monitor.locked {
      // Else others have committed before, and the next reader sees to both.
      guard let known, known.header == commit.before, plainSince == commit.plainSince,
        commit.before.salts != 0 || known.generation.notices != nil && known.generation.notices == notices?()
      else { return }
      var last: KeptRecords.Record?
      if let series { last = records.find(series.symbol, series.timeframe) }
      let new = last.flatMap { isRight($0) ? record($0) : nil }
      advanceClock()
      // All that the WAL holds, if it has started over, is of this commit.
      let first = commit.before.salts == commit.after.salts ? commit.before.lastFrame + 1 : 1
      var isNoted = false
      if first <= commit.after.lastFrame, commit.after.salts != 0,
        let changesFirst = note(first...commit.after.lastFrame, changed)
      {
        isNoted = !changesFirst || hasFreePages || mayStay(changed.facts(commit.after))
      }
      if !isNoted { oldest = clock }
      // Behind a clock that was set back, none are left.
      if let series, let last, records.count > 0 {
        if isNoted, let new {
          let head = KeptRecords.Head(
            instant: new.instant, found: clock, confirmed: clock, trail: PageTrail())
          if !records.replace(last, by: head, new.bytes) {
            _ = records.keep(head, new.bytes, series.symbol, series.timeframe)
          }
        } else {
          records.remove(series.symbol, series.timeframe)
        }
      }
      self.known = KeptTrees.Snapshot(
        header: commit.after,
        generation: KeptPages.Generation(salts: commit.after.salts, notices: nil))
    }
  }

  // MARK: States of the file

  @inline(__always)
  private func isRight(_ record: KeptRecords.Record) -> Bool {
    let confirmed = record.head.pointee.confirmed
    guard confirmed >= oldest else { return false }
    if confirmed >= lastOther { return true }
    return record.head.pointee.trail.isWhole
      && changes.areNone(of: record.head.pointee.trail, after: record.head.pointee.found)
  }

  /// Whether `snapshot` is what is known, after others' commits were followed where it is newer.
  @inline(__always)
  private func isKnown(_ snapshot: KeptTrees.Snapshot, _ view: View) -> Bool {
    snapshot == known || catchUp(snapshot, view)
  }

  private func catchUp(_ snapshot: KeptTrees.Snapshot, _ view: View) -> Bool {
    // One that is older by now is not gone back to.
    guard view.changed.index.sample()?.header == snapshot.header,
      let knowable = view.ledger.knowable(with: snapshot.header, notices: view.notices, view.changed)
    else { return false }
    advanceClock()
    lastOther = clock
    if plainSince != knowable.plainSince || !areNoted(upTo: snapshot, view.changed) {
      oldest = clock
      plainSince = knowable.plainSince
      let facts = view.changed.facts(snapshot.header)
      schemaCookie = facts?.cookie
      hasFreePages = facts?.hasFreePages ?? true
    }
    known = snapshot
    return true
  }

  /// Notes which pages changed from what is known up to `snapshot`; false if that cannot be told.
  private func areNoted(upTo snapshot: KeptTrees.Snapshot, _ changed: ChangedPages) -> Bool {
    guard let known, let frames = changed.frames(behind: known.header, upTo: snapshot.header),
      frames.count <= Self.mostFrames, let changesFirst = note(frames, changed),
      // The frames were those of this WAL all the while.
      changed.index.sample()?.header.salts == snapshot.header.salts
    else { return false }
    // The first page tells the schema, and more.
    return !changesFirst || mayStay(changed.facts(snapshot.header))
  }

  /// Whether records stay right where the first page has changed, and says this now.
  private func mayStay(_ facts: (cookie: UInt32, hasFreePages: Bool)?) -> Bool {
    let hadFreePages = hasFreePages
    hasFreePages = facts?.hasFreePages ?? true
    guard let facts, let schemaCookie, facts.cookie == schemaCookie else { return false }
    // Those that were kept with all of the way on which they were found stay right.
    return hadFreePages || !facts.hasFreePages
  }

  /// Notes the pages of frames as changed now; whether the first page is among them. nil if they are not all to be had.
  private func note(_ frames: ClosedRange<UInt32>, _ changed: ChangedPages) -> Bool? {
    var hasFirst = false
    for frame in frames {
      guard let page = changed.index.page(in: frame), page > 0, changes.note(page, clock) else { return nil }
      if page == 1 { hasFirst = true }
    }
    return hasFirst
  }

  private func advanceClock() {
    if clock == .max {
      records.removeAll()
      changes.removeAll()
      (clock, oldest, lastOther) = (0, 1, 0)
    }
    clock += 1
  }
}
