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

  /// What is known of the texts of a series near its latest bar: all are in the stored form, or too many to look at.
  private struct PlainEnd {
    var series: [UInt8] = []
    var instant: Int64 = 0
    var snapshot: KeptPages.Snapshot?
    /// The leaf of the latest bar.
    var leaf: (page: UInt32, frame: UInt32) = (0, 0)
    /// The other pages that the texts lie on, and those that lead there.
    var others: [(page: UInt32, frame: UInt32)] = []
    var isTooLong = false

    func isOf(_ symbol: Bytes, _ timeframe: Bytes) -> Bool {
      guard series.count == symbol.count + timeframe.count + 1 else { return false }
      return series.withUnsafeBufferPointer { series in
        Bytes(rebasing: series[..<symbol.count]).equals(symbol)
          && Bytes(rebasing: series[(symbol.count + 1)...]).equals(timeframe)
      }
    }
  }

  private static let keptSeries = 256
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
  /// By a hash of the series. From malloc, which may refuse it.
  private let ends: UnsafeMutablePointer<PlainEnd>
  @exclusivity(unchecked) private var date = TimestampParser.DateMemo()
  private var scratch: UnsafeMutablePointer<UInt8>?
  /// The inner pages on the way to the current leaf, each with the cell whose child comes next.
  @exclusivity(unchecked) private var path: [(number: UInt32, page: BTreePage, cell: Int)] = []

  /// nil if the connection has no WAL open.
  init?(_ connection: Connection) throws(StoreError) {
    guard let files = PageFiles(connection) else { return nil }
    pageSize = Int(try connection.integer("PRAGMA main.page_size"))
    guard pageSize >= 512, pageSize <= 65_536 else { return nil }
    guard let block = malloc(Self.keptSeries * MemoryLayout<PlainEnd>.stride) else { return nil }
    pages = KeptPages(files, pageSize: pageSize)
    ends = block.bindMemory(to: PlainEnd.self, capacity: Self.keptSeries)
    ends.initialize(repeating: PlainEnd(), count: Self.keptSeries)
  }

  deinit {
    ends.deinitialize(count: Self.keptSeries)
    free(ends)
    free(scratch)
  }

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
    guard isPlain(end, symbol, timeframe, instant, snapshot),
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
    for place in 0..<Self.keptSeries { ends[place].snapshot = nil }
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
      path.append((number, page, low))
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

  /// Whether all texts that may mean `instant`, or later, are in the stored form (see `TimeForms`). What was found
  /// holds until one of the pages that it was found on changes.
  private func isPlain(
    _ end: End, _ symbol: Bytes, _ timeframe: Bytes, _ instant: Int64, _ snapshot: KeptPages.Snapshot
  ) -> Bool {
    let place = Self.place(symbol, timeframe)
    if ends[place].isOf(symbol, timeframe), let known = ends[place].snapshot,
      known.generation == snapshot.generation
    {
      if ends[place].isTooLong { return false }
      if known == snapshot { return true }
      // The stretch that counts only moves on with the latest bar.
      if ends[place].instant <= instant, isStillPlain(&ends[place], end, symbol, timeframe, snapshot) {
        ends[place].snapshot = snapshot
        return true
      }
    }
    guard let found = plainEnd(end, symbol, timeframe, instant, snapshot) else { return false }
    ends[place] = found
    return !found.isTooLong
  }

  private static func place(_ symbol: Bytes, _ timeframe: Bytes) -> Int {
    // FNV-1a
    var hash: UInt32 = 2_166_136_261
    for byte in symbol { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    for byte in timeframe { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int(truncatingIfNeeded: (hash ^ hash >> 16) & UInt32(keptSeries - 1))
  }

  /// Whether only the last leaf has changed, and has nothing out of the ordinary.
  private func isStillPlain(
    _ known: inout PlainEnd, _ end: End, _ symbol: Bytes, _ timeframe: Bytes, _ snapshot: KeptPages.Snapshot
  ) -> Bool {
    guard known.leaf.page == end.leaf.number,
      known.others.allSatisfy({ pages.frame(of: $0.page, snapshot) == $0.frame }),
      let frame = pages.frame(of: end.leaf.number, snapshot)
    else { return false }
    if known.leaf.frame != frame {
      guard scan(end.leaf.page, from: end.leaf.cell, symbol, timeframe, low: []) != nil else { return false }
      known.leaf.frame = frame
    }
    return true
  }

  /// Goes back from the latest bar to the first text that cannot matter; nil if another form is met on the way.
  private func plainEnd(
    _ end: End, _ symbol: Bytes, _ timeframe: Bytes, _ instant: Int64, _ snapshot: KeptPages.Snapshot
  ) -> PlainEnd? {
    let low = TimeForms.earliestText(near: instant).withBytes { Array($0) }
    let depth = path.count
    var found = PlainEnd(
      series: Array(symbol) + [0] + Array(timeframe), instant: instant, snapshot: snapshot)
    guard let frame = pages.frame(of: end.leaf.number, snapshot),
      var isDone = scan(end.leaf.page, from: end.leaf.cell, symbol, timeframe, low: low)
    else { return nil }
    found.leaf = (end.leaf.number, frame)
    for step in path {
      guard let frame = pages.frame(of: step.number, snapshot) else { return nil }
      found.others.append((step.number, frame))
    }
    while !isDone {
      // Up to the entry before those that were seen, if there is one.
      while let last = path.last, last.cell == 0 { path.removeLast() }
      guard let last = path.indices.last else { break }
      path[last].cell -= 1
      let (_, page, cell) = path[last]
      guard let isBefore = scan(page, from: cell, to: cell, symbol, timeframe, low: low),
        var number = page.child(cell)
      else { return nil }
      if isBefore { break }
      // Down to the last leaf before that.
      while path.count < depth {
        guard let page = self.page(number, snapshot), page.kind == .indexInterior,
          let frame = pages.frame(of: number, snapshot), let child = page.child(page.cellCount)
        else { return nil }
        found.others.append((number, frame))
        path.append((number, page, page.cellCount))
        number = child
      }
      guard found.others.count < Self.mostPages else {
        found.others = []
        found.isTooLong = true
        return found
      }
      guard let frame = pages.frame(of: number, snapshot), let leaf = read(number, frame),
        leaf.kind == .indexLeaf,
        let reachesBack = scan(leaf, from: leaf.cellCount - 1, symbol, timeframe, low: low)
      else { return nil }
      found.others.append((number, frame))
      isDone = reachesBack
    }
    return found
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
