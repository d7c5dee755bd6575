// SPDX-License-Identifier: MIT
import CSQLite
import Glibc
import Synchronization

/// Finds the latest bar of a series in pages that stay from call to call, without a lock and without SQLite.
///
/// SQLite's read transaction costs more than the bar. Here the header of the WAL's index is checked before and after:
/// where it is the same, all that was read in between is of one snapshot. Pages that others have changed since the
/// last call are fetched again, and no others. Anything out of the ordinary gives nil and is left to SQLite: another schema,
/// other types, other tools' timestamps near the latest, a commit in between.
final class LatestPages {
  struct Row {
    let instant: Int64
    /// The texts in it stay until the next call.
    let record: Bytes
  }

  /// Of one-second bars, of which forty hours may count, they are eleven hundred.
  private static let mostPages = 2048
  /// Fewer pages on both ways down than are kept at the least; no tree of usual pages is as deep.
  private static let deepest = 6

  // The holder of the connection is alone with them, and they are looked at many times per call.
  @exclusivity(unchecked) private var pages: KeptPages
  private let pageSize: Int
  @exclusivity(unchecked) private var usableSize = 0
  /// By the schema's cookie; nil if its tables are not the specification's to the letter.
  @exclusivity(unchecked) private var known: (cookie: UInt32, roots: (table: UInt32, index: UInt32)?)?
  private let ledger: CommitLedger
  private let ends: any PlainEnds
  private let changed: ChangedPages
  @exclusivity(unchecked) private var date = TimestampParser.DateMemo()
  private var scratch: UnsafeMutablePointer<UInt8>?
  /// The inner pages on the way to the current leaf, each with the cell whose child comes next.
  @exclusivity(unchecked) private var path: [(number: UInt32, cell: Int)] = []

  /// nil if the connection has no WAL open. `ends` is what is known of the ends of series, by `ledger`.
  init?(_ connection: Connection, _ ledger: CommitLedger, _ ends: any PlainEnds) throws(StoreError) {
    guard let files = PageFiles(connection), let changed = ChangedPages(connection) else { return nil }
    self.ledger = ledger
    self.ends = ends
    self.changed = changed
    pageSize = Int(try connection.integer("PRAGMA main.page_size"))
    guard pageSize >= 512, pageSize <= 65_536, let room = KeptPages.room(pageSize: pageSize) else {
      return nil
    }
    pages = KeptPages(files, pageSize: pageSize, room)
  }

  deinit { free(scratch) }

  /// The latest bar of a series; nil if it is out of the ordinary, or there is none.
  func row(
    _ symbol: Bytes, _ timeframe: Bytes, _ connection: Connection, notices: Int?
  ) throws(StoreError) -> Row? {
    guard connection.isOutsideTransaction, let snapshot = pages.begin(notices: notices) else { return nil }
    atomicMemoryFence(ordering: .acquiring)
    guard let roots = try roots(snapshot, connection),
      let end = descend(roots.index, symbol, timeframe, snapshot),
      end.entry.symbol.equalsWord(symbol), end.entry.timeframe.equalsWord(timeframe),
      let instant = TimestampParser.stored(end.entry.timestamp, &date)
    else { return nil }
    let rowid = end.entry.rowid
    guard isPlain(end, symbol, timeframe, instant, snapshot, notices: notices),
      let record = record(rowid, roots.table, snapshot)
    else {
      return nil
    }
    atomicMemoryFence(ordering: .acquiring)
    return pages.isStill(snapshot) ? Row(instant: instant, record: record) : nil
  }

  // MARK: The tables

  /// Where the table and its index begin, by this snapshot's schema.
  private func roots(
    _ snapshot: KeptPages.Snapshot, _ connection: Connection
  ) throws(StoreError) -> (table: UInt32, index: UInt32)? {
    guard let first = pages.bytes(of: 1, snapshot) else { return nil }
    let cookie = UnsafeRawPointer(first + 40).loadUnaligned(as: UInt32.self)
    if let known, known.cookie == cookie { return known.roots }
    // WAL mode and UTF-8. https://sqlite.org/fileformat2.html#the_database_header
    usableSize = pageSize - Int(first[20])
    let isPlain =
      first[18] == 2 && first[19] == 2 && usableSize >= 480 && first[56] | first[57] | first[58] == 0
      && first[59] == 1
    let found = isPlain ? try connection.roots() : nil
    guard pages.isStill(snapshot) else { return nil }
    known = (cookie, found)
    return found
  }

  private func page(_ number: UInt32, _ snapshot: KeptPages.Snapshot) -> BTreePage? {
    pages.bytes(of: number, snapshot).flatMap { BTreePage($0, size: usableSize) }
  }

  // MARK: The index

  /// The last entry of a series, on a leaf.
  private struct End {
    let entry: IndexEntry
    let leaf: (number: UInt32, page: BTreePage, cell: Int)
  }

  /// The last entry that is not after the series; nil if that is on no leaf.
  private func descend(
    _ root: UInt32, _ symbol: Bytes, _ timeframe: Bytes, _ snapshot: KeptPages.Snapshot
  ) -> End? {
    path.removeAll(keepingCapacity: true)
    var number = root
    while path.count < Self.deepest {
      guard let page = page(number, snapshot), page.kind == .indexInterior || page.kind == .indexLeaf else {
        return nil
      }
      // The first cell that is after all of the series.
      var low = 0
      var high = page.cellCount
      while low < high {
        let middle = (low + high) / 2
        guard let entry = page.indexEntry(middle) else { return nil }
        let order = entry.symbol.order(symbol)
        if order > 0 || order == 0 && entry.timeframe.order(timeframe) > 0 {
          high = middle
        } else {
          low = middle + 1
        }
      }
      if page.kind == .indexLeaf {
        guard low > 0, let entry = page.indexEntry(low - 1) else { return nil }
        return End(entry: entry, leaf: (number, page, low - 1))
      }
      guard let child = page.child(low) else { return nil }
      path.append((number, low))
      number = child
    }
    return nil
  }

  // MARK: The table

  private func record(_ rowid: Int64, _ root: UInt32, _ snapshot: KeptPages.Snapshot) -> Bytes? {
    var number = root
    for _ in 0..<Self.deepest {
      guard let page = page(number, snapshot), let cell = page.firstCell(notBefore: rowid) else { return nil }
      switch page.kind {
      case .tableLeaf:
        guard cell < page.cellCount, page.rowid(cell) == rowid, let payload = page.payload(cell),
          payload.overflow == 0
        else { return nil }
        return payload.local
      case .tableInterior:
        guard let child = page.child(cell) else { return nil }
        number = child
      default: return nil
      }
    }
    return nil
  }

  // MARK: Other tools' timestamps

  /// Whether all texts that may mean `instant`, or later, are in the stored form (see `TimeForms`).
  private func isPlain(
    _ end: End, _ symbol: Bytes, _ timeframe: Bytes, _ instant: Int64, _ snapshot: KeptPages.Snapshot,
    notices: Int?
  ) -> Bool {
    guard let knowable = ledger.knowable(with: snapshot.header, notices: notices, changed) else {
      return false
    }
    if let isPlain = ends.isPlainFrom(instant, symbol, timeframe, knowable) { return isPlain }
    let isPlain = isPlainToTheEnd(end, symbol, timeframe, instant, snapshot)
    // Where the snapshot is not the newest any more, pages may have been of another.
    if pages.isStill(snapshot) { ends.keepLatest(instant, isPlain: isPlain, symbol, timeframe, knowable) }
    return isPlain
  }

  /// Goes back from the latest bar to the first text that cannot matter; false if another form is met on the way, or the way
  /// is too long.
  private func isPlainToTheEnd(
    _ end: End, _ symbol: Bytes, _ timeframe: Bytes, _ instant: Int64, _ snapshot: KeptPages.Snapshot
  ) -> Bool {
    let low = TimeForms.earliestText(near: instant).withBytes { Array($0) }
    let depth = path.count
    guard var isDone = scan(end.leaf.page, from: end.leaf.cell, symbol, timeframe, low: low) else {
      return false
    }
    var seen = 0
    while !isDone {
      // Up to the entry before those that were seen, if there is one.
      while let last = path.last, last.cell == 0 { path.removeLast() }
      guard let last = path.indices.last else { break }
      path[last].cell -= 1
      let cell = path[last].cell
      guard let page = page(path[last].number, snapshot),
        let isBefore = scan(page, from: cell, to: cell, symbol, timeframe, low: low),
        var number = page.child(cell)
      else { return false }
      if isBefore { break }
      // Down to the last leaf before that.
      while path.count < depth {
        guard let page = self.page(number, snapshot), page.kind == .indexInterior,
          let child = page.child(page.cellCount)
        else { return false }
        path.append((number, page.cellCount))
        number = child
      }
      seen += 1
      guard seen < Self.mostPages, let frame = pages.frame(of: number, snapshot),
        let leaf = read(number, frame), leaf.kind == .indexLeaf,
        let reachesBack = scan(leaf, from: leaf.cellCount - 1, symbol, timeframe, low: low)
      else { return false }
      isDone = reachesBack
    }
    return true
  }

  private func read(_ page: UInt32, _ frame: UInt32) -> BTreePage? {
    if scratch == nil { scratch = malloc(pageSize)?.bindMemory(to: UInt8.self, capacity: pageSize) }
    guard let scratch, pages.read(page, frame, into: scratch) else { return nil }
    return BTreePage(scratch, size: usableSize)
  }

  /// Looks at the entries of a page from cell `last` back. True if it came to one before the series or `low`; nil
  /// where it met another form.
  private func scan(
    _ page: BTreePage, from last: Int, to first: Int = 0, _ symbol: Bytes, _ timeframe: Bytes, low: [UInt8]
  ) -> Bool? {
    var cell = last
    while cell >= first {
      guard let entry = page.indexEntry(cell) else { return nil }
      guard entry.symbol.equalsWord(symbol), entry.timeframe.equalsWord(timeframe) else { return true }
      if low.withUnsafeBufferPointer({ entry.timestamp.order($0) }) < 0 { return true }
      guard TimestampParser.stored(entry.timestamp, &date) != nil else { return nil }
      cell -= 1
    }
    return false
  }
}

/// What is known of the texts near the ends of series.
protocol PlainEnds: AnyObject {
  /// Whether all texts that mean `instant`, that of the latest bar by its text, or later, are in the stored form; nil if that
  /// is not known. False may also mean that it is SQLite's to find out.
  func isPlainFrom(
    _ instant: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: CommitLedger.Knowable
  ) -> Bool?
  func keepLatest(
    _ instant: Int64, isPlain: Bool, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: CommitLedger.Knowable)
}
