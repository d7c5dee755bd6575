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
      if number == 1 || files.index.frame(of: number, upTo: new.lastFrame) != frame { continue }
      guard let bytes = room(new.pageSize),
        files.read(number, frame, into: bytes, pageSize, pageSize: pageSize),
        isPlain(bytes, schema.usableSize)
      else { return false }
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

  private func schema(_ header: WALIndex.Header) -> (cookie: UInt32, usableSize: Int)? {
    guard let frame = files.index.frame(of: 1, upTo: header.lastFrame) else { return nil }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.headerBytes) { bytes in
      guard let start = bytes.baseAddress,
        files.read(1, frame, into: start, Self.headerBytes, pageSize: header.pageSize),
        files.index.sample()?.header.salts == header.salts
      else { return nil }
      // Before its first frame the WAL does not tell the size of a page.
      let stored = Int(bytes[16]) << 8 | Int(bytes[17])
      let size = header.pageSize > 0 ? header.pageSize : stored == 1 ? 65_536 : stored
      return (UnsafeRawPointer(start + 40).loadUnaligned(as: UInt32.self), size - Int(bytes[20]))
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

  /// Whether a page has no entry of an index over (symbol, timeframe, time) whose time is in another form. What is not such
  /// an entry, nor one of the key of system_state, is not known to be none.
  private func isPlain(_ bytes: UnsafePointer<UInt8>, _ usableSize: Int) -> Bool {
    guard let kind = BTreePage.Kind(rawValue: bytes[0]), kind == .indexLeaf || kind == .indexInterior else {
      return true
    }
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
