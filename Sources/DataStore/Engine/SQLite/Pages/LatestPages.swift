// SPDX-License-Identifier: MIT
import Synchronization

/// Finds the latest bar of a series in pages that stay from call to call, without a lock and without SQLite.
///
/// SQLite's read transaction costs more than the bar. Here the header of the WAL's index is checked before and after:
/// where it is the same, all that was read in between is of one snapshot. Anything out of the ordinary gives nil and is left
/// to SQLite: another schema, other types, other tools' timestamps near the latest, a commit in between.
final class LatestPages {
  struct Row {
    let instant: Int64
    /// The texts in it stay until the next call.
    let record: Bytes
  }

  /// Of one-second bars, of which sixteen hours count, they are five hundred.
  private static let mostLeaves = 2048

  private let trees: KeptTrees
  private let changed: ChangedPages
  private let ledger: CommitLedger
  private let ends: any PlainEnds
  @exclusivity(unchecked) private var date = TimestampParser.DateMemo()
  /// Counts the snapshots. What was found in the one that was seen last is still there.
  @exclusivity(unchecked) private var state: UInt64 = 0
  @exclusivity(unchecked) private var lastSnapshot: KeptTrees.Snapshot?
  @exclusivity(unchecked) private var found = SeriesTable(
    empty: Found(state: 0, instant: 0, place: KeptTrees.RowPlace(page: 0, cell: 0)))

  /// Where the latest bar of a series stands in a snapshot; no text in another form means its instant or later.
  private struct Found {
    var state: UInt64
    var instant: Int64
    var place: KeptTrees.RowPlace
  }

  /// `ends` is what is known of the ends of series, by `ledger`.
  init(_ trees: KeptTrees, _ changed: ChangedPages, _ ledger: CommitLedger, _ ends: any PlainEnds) {
    self.trees = trees
    self.changed = changed
    self.ledger = ledger
    self.ends = ends
  }

  /// The latest bar of a series; nil if it is out of the ordinary, or there is none.
  func row(
    _ symbol: Bytes, _ timeframe: Bytes, _ connection: Connection, notices: Int?
  ) throws(StoreError) -> Row? {
    // Without salts and notices one state of the file could not be told from another.
    guard connection.isOutsideTransaction, let snapshot = trees.begin(notices: notices),
      snapshot.header.salts != 0 || notices != nil
    else { return nil }
    atomicMemoryFence(ordering: .acquiring)
    if snapshot != lastSnapshot {
      state &+= 1
      lastSnapshot = snapshot
    }
    if let place = found.find(symbol, timeframe), found[place].state == state {
      let found = found[place]
      if let record = trees.record(at: found.place, snapshot) {
        atomicMemoryFence(ordering: .acquiring)
        return trees.isStill(snapshot) ? Row(instant: found.instant, record: record) : nil
      }
    }
    guard let roots = try trees.roots(of: .bars, snapshot, connection),
      let end = trees.lastEntry(roots.index, symbol, timeframe, snapshot),
      end.symbol.equalsWord(symbol), end.timeframe.equalsWord(timeframe),
      let instant = TimestampParser.stored(end.timestamp, &date)
    else { return nil }
    let rowid = end.rowid
    guard isPlain(instant, symbol, timeframe, roots.index, snapshot, notices: notices),
      let (record, place) = trees.record(rowid, roots.table, snapshot)
    else {
      return nil
    }
    atomicMemoryFence(ordering: .acquiring)
    guard trees.isStill(snapshot) else { return nil }
    found.keep(Found(state: state, instant: instant, place: place), symbol, timeframe)
    return Row(instant: instant, record: record)
  }

  /// Whether all texts that may mean `instant`, or later, are in the stored form (see `TimeForms`).
  private func isPlain(
    _ instant: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ root: UInt32, _ snapshot: KeptTrees.Snapshot,
    notices: Int?
  ) -> Bool {
    guard let knowable = ledger.knowable(with: snapshot.header, notices: notices, changed) else {
      return false
    }
    if let isPlain = ends.isPlainFrom(instant, symbol, timeframe, knowable) { return isPlain }
    let span = TimeForms.Written.meaning(instant, nil)
    var left = Self.mostLeaves
    let found = trees.plainTimes(
      symbol, timeframe, span, root, snapshot,
      unless: {
        left -= 1
        return left < 0
      })
    // Where the snapshot is not the newest any more, pages may have been of another.
    if trees.isStill(snapshot) {
      if found != nil {
        ends.keepPlain(span, symbol, timeframe, knowable)
      } else {
        ends.keepOther(instant, symbol, timeframe, knowable)
      }
    }
    return found != nil
  }
}

/// What is known of the texts near the ends of series.
protocol PlainEnds: AnyObject {
  /// Whether all texts that mean `instant`, that of the latest bar by its text, or later, are in the stored form; nil if that
  /// is not known. False may also mean that it is SQLite's to find out.
  func isPlainFrom(
    _ instant: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: CommitLedger.Knowable
  ) -> Bool?
  /// All texts that are written of times of this span are in the stored form.
  func keepPlain(
    _ span: TimeForms.Written, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: CommitLedger.Knowable)
  /// Not all that mean `instant` or later are.
  func keepOther(_ instant: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: CommitLedger.Knowable)
}
