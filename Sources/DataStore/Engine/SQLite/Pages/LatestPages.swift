// SPDX-License-Identifier: MIT
import Synchronization

/// Finds the latest bar of a series without a lock on the file and without SQLite: its record is kept, or found in pages that
/// stay from call to call.
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
  private let records: LatestRecords
  private var room = ByteBuffer(capacity: KeptRecords.longestRecord)
  @exclusivity(unchecked) private var date = TimestampParser.DateMemo()

  /// The series that `readAhead` has come to.
  private var ahead = Series()

  /// `ends` is what is known of the ends of series, by `ledger`.
  init(
    _ trees: KeptTrees, _ changed: ChangedPages, _ ledger: CommitLedger, _ ends: any PlainEnds,
    _ records: LatestRecords
  ) {
    self.trees = trees
    self.changed = changed
    self.ledger = ledger
    self.ends = ends
    self.records = records
  }

  private func view(_ notices: Int?) -> LatestRecords.View {
    LatestRecords.View(changed: changed, ledger: ledger, notices: notices)
  }

  /// The latest bar of a series; nil if it is out of the ordinary, or there is none. Within a read transaction `header` is that
  /// of its snapshot.
  func row(
    _ symbol: Bytes, _ timeframe: Bytes, _ connection: Connection, notices: Int?,
    as header: WALIndex.Header? = nil
  ) throws(StoreError) -> Row? {
    guard let snapshot = begin(connection, notices, as: header) else { return nil }
    if let instant = records.find(symbol, timeframe, snapshot, view(notices), into: &room) {
      return Row(instant: instant, record: room.bytes)
    }
    var trail = PageTrail()
    guard let roots = try trees.roots(of: .bars, snapshot, connection),
      let end = trees.end(of: symbol, timeframe, roots.index, snapshot, &trail)?.last,
      let last = end.page.indexEntry(end.cell),
      last.symbol.equalsWord(symbol), last.timeframe.equalsWord(timeframe),
      let instant = TimestampParser.stored(last.timestamp, &date)
    else { return nil }
    let rowid = last.rowid
    guard
      let knowable = plainness(
        instant, symbol, timeframe, roots.index, snapshot, notices: notices),
      let record = trees.record(rowid, roots.table, snapshot, &trail)
    else { return nil }
    atomicMemoryFence(ordering: .acquiring)
    guard trees.isStill(snapshot) else { return nil }
    records.keep(instant, record, symbol, timeframe, trail, snapshot, knowable)
    return Row(instant: instant, record: record)
  }

  private func begin(
    _ connection: Connection, _ notices: Int?, as header: WALIndex.Header? = nil
  ) -> KeptTrees.Snapshot? {
    // Without salts and notices one state of the file could not be told from another.
    guard header != nil || connection.isOutsideTransaction, let snapshot = trees.begin(notices: notices),
      snapshot.header.salts != 0 || notices != nil, header == nil || header == snapshot.header
    else { return nil }
    atomicMemoryFence(ordering: .acquiring)
    return snapshot
  }

  /// What counts, where all texts that may mean `instant`, or later, are in the stored form (see `TimeForms`); else nil.
  private func plainness(
    _ instant: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ root: UInt32, _ snapshot: KeptTrees.Snapshot,
    notices: Int?
  ) -> CommitLedger.Knowable? {
    guard let knowable = ledger.knowable(with: snapshot.header, notices: notices, changed) else {
      return nil
    }
    if let isPlain = ends.isPlainFrom(instant, symbol, timeframe, knowable) {
      return isPlain ? knowable : nil
    }
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
    return found == nil ? nil : knowable
  }

  // MARK: All series

  /// A series by its names. Without bytes it comes before all others.
  private struct Series: ~Copyable {
    var symbol = ByteBuffer()
    var timeframe = ByteBuffer()

    init() {}

    fileprivate mutating func become(_ entry: IndexEntry) {
      symbol.removeAll()
      symbol.append(entry.symbol)
      timeframe.removeAll()
      timeframe.append(entry.timeframe)
    }
  }

  enum Step {
    /// It has come to the next one.
    case next
    /// It was the last one, or there was not enough room.
    case end
    /// Something was in the way: a commit, say.
    case unclear
  }

  /// Keeps the record of the latest bar of one series, where it is not kept yet, and goes on to the series behind it: each
  /// call one more.
  func readAhead(_ connection: Connection, notices: Int?) throws(StoreError) -> Step {
    guard let snapshot = begin(connection, notices),
      let roots = try trees.roots(of: .bars, snapshot, connection)
    else { return .unclear }
    let (symbol, timeframe) = (ahead.symbol.bytes, ahead.timeframe.bytes)
    var trail = PageTrail()
    guard let end = trees.end(of: symbol, timeframe, roots.index, snapshot, isPassing: true, &trail) else {
      return .unclear
    }
    var found: (instant: Int64, rowid: Int64)?
    if let (page, cell) = end.last, let last = page.indexEntry(cell), last.symbol.equalsWord(symbol),
      last.timeframe.equalsWord(timeframe), let instant = TimestampParser.stored(last.timestamp, &date)
    {
      found = (instant, last.rowid)
    }
    var next = Series()
    var hasNext = false
    if let (page, cell) = end.next {
      guard let entry = page.indexEntry(cell) else { return .unclear }
      next.become(entry)
      hasNext = true
    }
    if let (instant, rowid) = found, !records.has(symbol, timeframe, snapshot, view(notices)),
      let knowable = plainness(
        instant, symbol, timeframe, roots.index, snapshot, notices: notices),
      // Its page comes in place of the index's.
      let record = trees.record(rowid, roots.table, snapshot, isPassing: true, &trail)
    {
      atomicMemoryFence(ordering: .acquiring)
      guard trees.isStill(snapshot) else { return .unclear }
      guard
        records.keep(instant, record, symbol, timeframe, trail, snapshot, knowable, pushes: false)
      else { return .end }
    }
    atomicMemoryFence(ordering: .acquiring)
    guard trees.isStill(snapshot), !next.symbol.isIncomplete, !next.timeframe.isIncomplete else {
      return .unclear
    }
    guard hasNext else { return .end }
    swap(&ahead, &next)
    return .next
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
