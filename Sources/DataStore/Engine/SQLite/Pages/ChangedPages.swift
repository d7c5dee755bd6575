// SPDX-License-Identifier: MIT
import Glibc

/// Looks at the pages that commits have changed for times in other forms than the stored one.
///
/// A row that was added, or whose time was changed, stands in the index over its key, on a page that changed with it. The
/// frames that were added to the WAL since are these pages. It is enough to look at the latest of each.
final class ChangedPages {
  @exclusivity(unchecked) private var files: PageFiles
  /// Room for one; from malloc, which may refuse it.
  @exclusivity(unchecked) private var page: UnsafeMutablePointer<UInt8>?
  @exclusivity(unchecked) private var pageSize = 0
  @exclusivity(unchecked) private var date = TimestampParser.DateMemo()
  @exclusivity(unchecked) private var first = FirstPage()
  /// Pages of tables, as of `first`, each at a place by its number; 0 where none is.
  @exclusivity(unchecked) private var tables = [UInt32](repeating: 0, count: ChangedPages.places)
  private static let places = 256
  /// More of them cost more than to find out again what is asked for.
  private static let mostBytes = 2 << 20

  var index: WALIndex {
    @inline(__always) _read { yield files.index }
    @inline(__always) _modify { yield &files.index }
  }

  /// nil if the connection has no WAL open.
  init?(_ connection: Connection) {
    guard let files = PageFiles(connection) else { return nil }
    self.files = files
  }

  deinit { free(page) }

  /// All pages as of a header. See `PageSource`.
  func source(as header: WALIndex.Header) -> PageSource? { PageSource(files, as: header) }

  /// Whether no commit behind `old`, up to `new`, which is the current header, has added a row in another form. `cookie` is
  /// the schema's as of `old`, and becomes that as of `new`.
  func arePlain(after old: WALIndex.Header?, upTo new: WALIndex.Header, _ cookie: inout UInt32?) -> Bool {
    let known = cookie
    let schema = schema(new)
    cookie = schema?.cookie
    // Another schema may have made another table ours.
    guard let old, let schema, known == schema.cookie, let frames = frames(behind: old, upTo: new),
      frames.count <= Self.mostBytes / max(new.pageSize, 512)
    else { return false }
    for frame in frames {
      guard let number = files.index.page(in: frame), number > 0 else { return false }
      if number == 1 || isOfTable(number) { continue }
      if files.index.frame(of: number, upTo: new.lastFrame) != frame { continue }
      guard let bytes = room(new.pageSize),
        files.read(number, frame, into: bytes, pageSize, pageSize: pageSize)
      else { return false }
      switch BTreePage.Kind(rawValue: bytes[0]) {
      case .indexLeaf, .indexInterior:
        guard isPlain(bytes, schema.usableSize) else { return false }
      case .tableLeaf, .tableInterior: tables[Self.place(number)] = number
      // The rest of a long row, say.
      case nil: break
      }
    }
    // The frames were those of this WAL all the while.
    guard let still = files.index.sample()?.header else { return false }
    return still.salts == new.salts && still.lastFrame >= new.lastFrame
  }

  /// The frames of all commits behind `old`, up to `new`, which is the current header; nil if others may be gone.
  ///
  /// Where the WAL has started over in between, there are none but those that it holds now if these are as many as were
  /// committed since.
  func frames(behind old: WALIndex.Header, upTo new: WALIndex.Header) -> ClosedRange<UInt32>? {
    guard old.salts != 0, new.salts != 0, new.lastFrame > 0 else { return nil }
    if old.salts == new.salts {
      return new.lastFrame > old.lastFrame ? (old.lastFrame + 1)...new.lastFrame : nil
    }
    // An index that was made again counts from 0.
    guard new.starts == old.starts &+ 1, old.commits > 0, new.commits > old.commits,
      new.lastFrame <= Self.mostCounted, new.commits - old.commits <= new.lastFrame
    else { return nil }
    var commits: UInt32 = 0
    for frame in 1...new.lastFrame {
      guard let isCommit = files.isCommit(frame, pageSize: new.pageSize) else { return nil }
      if isCommit { commits += 1 }
    }
    return commits == new.commits - old.commits ? 1...new.lastFrame : nil
  }

  /// Frames that are looked at one by one.
  private static let mostCounted: UInt32 = 128

  /// The schema's cookie as of the current header.
  func schemaCookie(_ header: WALIndex.Header) -> UInt32? { schema(header)?.cookie }

  /// The same, and whether the file has pages that belong to no tree, or moves pages about.
  func facts(_ header: WALIndex.Header) -> (cookie: UInt32, hasFreePages: Bool)? {
    schema(header).map { ($0.cookie, $0.hasFreePages) }
  }

  // MARK: The first page

  /// What the first page says, and where that stands: as long as the latest frame of the first page is the same one of the
  /// same WAL, no commit has changed the page.
  private struct FirstPage {
    /// 0 where nothing is known.
    var salts: UInt64 = 0
    var frame: UInt32 = 0
    var cookie: UInt32 = 0
    var usableSize = 0
    var hasFreePages = true
  }

  /// The first page as of the current header; nil if it is not to be had.
  ///
  /// What gives a page to another tree, or takes it from one, counts that in the first page: the pages that are free, or all
  /// there are (btree.c: allocateBtreePage, freePage2). So the pages that are known to be of tables are so for as long as the
  /// first page stands.
  private func schema(_ header: WALIndex.Header) -> FirstPage? {
    guard let frame = files.index.frame(of: 1, upTo: header.lastFrame) else { return nil }
    if header.salts != 0, first.salts == header.salts, first.frame == frame {
      // The frame was one of this WAL.
      return files.index.sample()?.header.salts == header.salts ? first : nil
    }
    guard var read = readFirst(frame, header) else { return nil }
    read.salts = header.salts
    read.frame = frame
    first = read
    for place in tables.indices { tables[place] = 0 }
    return read
  }

  @inline(__always)
  private func isOfTable(_ page: UInt32) -> Bool { tables[Self.place(page)] == page }

  private static func place(_ page: UInt32) -> Int { Int(page) & (places - 1) }

  private func readFirst(_ frame: UInt32, _ header: WALIndex.Header) -> FirstPage? {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.headerBytes) { bytes in
      guard let start = bytes.baseAddress,
        files.read(1, frame, into: start, Self.headerBytes, pageSize: header.pageSize),
        files.index.sample()?.header.salts == header.salts
      else { return nil }
      // Before its first frame the WAL does not tell the size of a page.
      let stored = Int(bytes[16]) << 8 | Int(bytes[17])
      let size = header.pageSize > 0 ? header.pageSize : stored == 1 ? 65_536 : stored
      return FirstPage(
        cookie: UnsafeRawPointer(start + 40).loadUnaligned(as: UInt32.self),
        usableSize: size - Int(bytes[20]),
        // The first of them and how many there are; the largest root, where the file is vacuumed bit by bit.
        hasFreePages: UnsafeRawPointer(start + 32).loadUnaligned(as: UInt64.self) != 0
          || UnsafeRawPointer(start + 52).loadUnaligned(as: UInt32.self) != 0)
    }
  }

  private static let headerBytes = 100

  private func room(_ size: Int) -> UnsafeMutablePointer<UInt8>? {
    guard size >= 512, size <= 65_536 else { return nil }
    if pageSize != size {
      free(page)
      page = malloc(size)?.bindMemory(to: UInt8.self, capacity: size)
      pageSize = page == nil ? 0 : size
    }
    return page
  }

  /// Whether a page of an index has no entry over (symbol, timeframe, time) whose time is in another form. What is not such
  /// an entry, nor one of the key of system_state, is not known to be none.
  private func isPlain(_ bytes: UnsafePointer<UInt8>, _ usableSize: Int) -> Bool {
    guard let page = BTreePage(bytes, size: usableSize) else { return false }
    var cell = 0
    while true {
      cell += page.plainTimes(from: cell, to: page.cellCount)
      guard cell < page.cellCount else { return true }
      guard let payload = page.payload(cell), payload.overflow == 0 else { return false }
      if let entry = IndexEntry(payload.local) {
        guard TimestampParser.stored(entry.timestamp, &date) != nil else { return false }
      } else if !IndexEntry.isOfOneText(payload.local) {
        return false
      }
      cell += 1
    }
  }
}

extension IndexEntry {
  /// Whether a record is that of an index over one text.
  fileprivate static func isOfOneText(_ record: Bytes) -> Bool {
    var header = 0
    guard let size = Varint.read(record, &header), let text = Varint.read(record, &header),
      let rowid = Varint.read(record, &header)
    else { return false }
    return header == size && RecordValue.textSize(text) != nil && RecordValue.integerSize(rowid) != nil
  }
}
