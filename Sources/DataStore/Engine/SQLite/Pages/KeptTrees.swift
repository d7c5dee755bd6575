// SPDX-License-Identifier: MIT
import Glibc

/// The tables and the indexes of their keys in pages that stay from call to call, without a lock and without SQLite.
///
/// A snapshot is the header of the WAL's index, which is compared before and after: where it is the same, all that was read in
/// between is of one commit. Pages that have changed since the last call are fetched again, and no others.
final class KeptTrees {
  typealias Snapshot = KeptPages.Snapshot
  typealias Roots = (table: UInt32, index: UInt32)

  /// Fewer pages on both ways down than are kept at the least; no tree of usual pages is as deep.
  static let deepest = 6

  // The holder of the connection is alone with them, and they are looked at many times per call.
  @exclusivity(unchecked) private var pages: KeptPages
  private let pageSize: Int
  @exclusivity(unchecked) private var usableSize = 0
  /// By table, and by the schema's cookie; nil if the table is not the specification's to the letter.
  @exclusivity(unchecked) private var known = [(cookie: UInt32, roots: Roots?)?](
    repeating: nil, count: PagedTable.allCases.count)
  /// Room for a page that is not worth keeping; from malloc, which may refuse it.
  private var scratch: UnsafeMutablePointer<UInt8>?

  // For walks over the index; see `PlainTimes.swift`.
  /// The inner pages on the way to the current leaf, each with the cell before which the child stands.
  @exclusivity(unchecked) var path: [(number: UInt32, cell: Int)] = []
  /// Where leaves were met last: as many pages lie above.
  @exclusivity(unchecked) var leafDepth = -1
  @exclusivity(unchecked) private var tableLeafDepth = -1
  @exclusivity(unchecked) var low = ByteBuffer()
  @exclusivity(unchecked) var high = ByteBuffer()
  @exclusivity(unchecked) var date = TimestampParser.DateMemo()

  /// nil if the connection has no WAL open.
  init?(_ connection: Connection) throws(StoreError) {
    guard let files = PageFiles(connection) else { return nil }
    pageSize = Int(try connection.integer("PRAGMA main.page_size"))
    guard pageSize >= 512, pageSize <= 65_536, let room = KeptPages.room(pageSize: pageSize) else {
      return nil
    }
    pages = KeptPages(files, pageSize: pageSize, in: room)
  }

  deinit { free(scratch) }

  /// See `KeptPages`.
  @inline(__always)
  func begin(notices: Int?) -> Snapshot? { pages.begin(notices: notices) }
  @inline(__always)
  func isStill(_ snapshot: Snapshot) -> Bool { pages.isStill(snapshot) }

  /// Whether the WAL is still that of the snapshot, which a transaction keeps as it is.
  func isOfWAL(_ snapshot: Snapshot) -> Bool { pages.isOfWAL(snapshot) }

  /// Where a table and its index begin, by this snapshot's schema.
  func roots(
    of table: PagedTable, _ snapshot: Snapshot, _ connection: Connection
  ) throws(StoreError) -> Roots? {
    guard let first = pages.bytes(of: 1, snapshot) else { return nil }
    let cookie = UnsafeRawPointer(first + 40).loadUnaligned(as: UInt32.self)
    if let known = known[table.rawValue], known.cookie == cookie { return known.roots }
    // WAL mode and UTF-8. https://sqlite.org/fileformat2.html#the_database_header
    usableSize = pageSize - Int(first[20])
    let isPlain =
      first[18] == 2 && first[19] == 2 && usableSize >= 480 && first[56] | first[57] | first[58] == 0
      && first[59] == 1
    let found = isPlain ? try connection.roots(of: table) : nil
    guard pages.isOfWAL(snapshot) else { return nil }
    known[table.rawValue] = (cookie, found)
    return found
  }

  /// A page that is kept from now on; see `KeptPages.bytes`.
  func page(_ number: UInt32, _ snapshot: Snapshot) -> BTreePage? {
    pages.bytes(of: number, snapshot).flatMap { BTreePage($0, size: usableSize) }
  }

  /// A page as it is kept, or one that stays until the next is asked for.
  func passingPage(_ number: UInt32, _ snapshot: Snapshot) -> BTreePage? {
    if let bytes = pages.keptBytes(of: number, snapshot) { return BTreePage(bytes, size: usableSize) }
    if scratch == nil { scratch = malloc(pageSize)?.bindMemory(to: UInt8.self, capacity: pageSize) }
    guard let scratch, pages.read(number, snapshot, into: scratch) else { return nil }
    return BTreePage(scratch, size: usableSize)
  }

  /// Where a series ends in the index.
  struct SeriesEnd {
    /// The last entry that is not behind the series, and the first that is: each in its page.
    var last: (page: BTreePage, cell: Int)?
    var next: (page: BTreePage, cell: Int)?
  }

  /// Where a series ends; the pages on the way there are added to `trail`. With `isPassing` its leaf is not worth keeping. nil
  /// where that is SQLite's to find out.
  func end(
    of symbol: Bytes, _ timeframe: Bytes, _ root: UInt32, _ snapshot: Snapshot, isPassing: Bool = false,
    _ trail: inout PageTrail
  ) -> SeriesEnd? {
    low.removeAll()
    low.append(symbol)
    low.append(timeframe)
    guard !low.isIncomplete else { return nil }
    let place = IndexPlace(
      .behindSeries, low.bytes, symbolBytes: symbol.count, timeframeBytes: timeframe.count)
    var end = SeriesEnd()
    var placeOfLast = -1
    var number = root
    for depth in 0..<Self.deepest {
      let isAmongLeaves = isPassing && depth == leafDepth
      guard let page = isAmongLeaves ? passingPage(number, snapshot) : page(number, snapshot),
        page.kind == .indexInterior || page.kind == .indexLeaf, let cell = place.firstCell(of: page)
      else { return nil }
      trail.add(number)
      // An entry of an inner page stands between those of two children.
      if cell > 0 {
        end.last = (page, cell - 1)
        placeOfLast = trail.count - 1
      }
      if cell < page.cellCount { end.next = (page, cell) }
      if page.kind == .indexLeaf {
        leafDepth = depth
        // A later entry of the series would come to this leaf.
        trail.end()
        trail.end(at: placeOfLast)
        return end
      }
      guard let child = page.child(cell) else { return nil }
      number = child
    }
    return nil
  }

  /// A row of the table that is on one page. `trail` and `isPassing` as above.
  func record(
    _ rowid: Int64, _ root: UInt32, _ snapshot: Snapshot, isPassing: Bool = false, _ trail: inout PageTrail
  ) -> Bytes? {
    var number = root
    for depth in 0..<Self.deepest {
      let isAmongLeaves = isPassing && depth == tableLeafDepth
      guard let page = isAmongLeaves ? passingPage(number, snapshot) : page(number, snapshot),
        let cell = page.firstCell(notBefore: rowid)
      else { return nil }
      trail.add(number)
      switch page.kind {
      case .tableLeaf:
        tableLeafDepth = depth
        trail.end()
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
}
