// SPDX-License-Identifier: MIT
import CSQLite

/// The pages of the database as of the snapshot that a connection's read transaction sees, fetched past SQLite.
///
/// SQLite begins the transaction, and its locks keep the snapshot: no frame that belongs to it is overwritten, and no later
/// one is folded into the database, before the transaction ends. What SQLite does not tell is which snapshot it is. So the
/// header of the WAL's index is looked at before and after: where it is the same, that is the snapshot.
struct PageSource {
  private var files: PageFiles
  /// The last frame that counts; 0 where the database has all there is.
  private var lastFrame: UInt32 = 0
  private(set) var pageSize = 0
  /// The part of a page that is SQLite's to fill.
  private(set) var usableSize = 0
  private(set) var schemaCookie: UInt32 = 0

  /// The header of the WAL's index as of the read transaction.
  private(set) var header: WALIndex.Header?

  /// Counts the read transactions.
  private(set) var epoch: UInt64 = 0
  /// Counts the changes of `origin`: as long as it is the same, a page has changed where another frame holds it, and not
  /// otherwise.
  private(set) var state: UInt64 = 0
  private var origin: Origin?
  /// Where the database's header was when it was looked at.
  private var firstPage: (state: UInt64, frame: UInt32)?
  /// How many pages the database had when this transaction first asked. It does not shrink.
  private var pagesOfDatabase: Int?

  /// What tells one state of the files from others, beside the last frame.
  private struct Origin: Equatable {
    /// They change whenever the WAL starts over.
    let salts: UInt64
    /// Of an empty WAL, which has no salts; see `KeptPages.Generation`.
    let notices: Int?
    /// The last frame, where the database has all there is: the frames may be overwritten then, and tell nothing.
    let foldedUpTo: UInt32?
  }

  /// nil if the connection has no WAL open: none is before its first read, and none ever where the file is not in WAL
  /// mode. To ask for the shared memory would make some.
  init?(_ connection: Connection) {
    guard let files = PageFiles(connection) else { return nil }
    self.files = files
  }

  /// Runs `begin`, which starts the read transaction of `connection`, and finds out what it sees. False if that cannot
  /// be told, as while others commit or fold the WAL in. `notices` counts what was noticed of the file so far; nil if nothing
  /// notices.
  mutating func begin(
    _ connection: Connection, notices: Int?, _ begin: () throws(StoreError) -> Void
  ) throws(StoreError) -> Bool {
    guard connection.isOutsideTransaction else { return false }
    epoch += 1
    pagesOfDatabase = nil
    header = nil
    let before = files.index.sample()
    try begin()
    guard let before, let after = files.index.sample(), before.header == after.header,
      connection.isReading
    else {
      return false
    }
    let last = before.header.lastFrame
    let isFolded = before.folded == last
    // Where all is folded in, SQLite, too, reads the database alone, and lets nobody write to it meanwhile. Else it holds a
    // reader's mark, so that the WAL cannot start over.
    guard isFolded || after.folded < last else { return false }
    lastFrame = isFolded ? 0 : last
    let salts = before.header.salts
    let now = Origin(
      salts: salts, notices: salts == 0 ? notices : nil, foldedUpTo: isFolded ? last : nil)
    // Without salts and notices one state cannot be told from another.
    if now != origin || salts == 0 && notices == nil { state += 1 }
    origin = now
    header = before.header
    return readHeader()
  }

  /// The pages as of `header`, which a transaction that is open keeps as they are: one that is not newer, or one that has
  /// the lock on writing. nil if they are not to be had.
  init?(_ files: PageFiles, as header: WALIndex.Header) {
    self.files = files
    lastFrame = header.lastFrame
    guard readHeader() else { return nil }
  }

  /// Whether the WAL is still the one of `header`.
  mutating func isStill(_ header: WALIndex.Header) -> Bool {
    files.index.sample()?.header.salts == header.salts
  }

  private static let headerBytes = 100

  private mutating func readHeader() -> Bool {
    guard let frame = frame(of: 1) else { return false }
    if let firstPage, firstPage == (state, frame) { return true }
    firstPage = nil
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.headerBytes) { bytes in
      guard let start = bytes.baseAddress else { return false }
      let sizeOfWAL = lastFrame > 0 ? files.pageSizeOfWAL : nil
      if lastFrame > 0, sizeOfWAL == nil { return false }
      guard files.read(1, frame, into: start, Self.headerBytes, pageSize: sizeOfWAL ?? 512) else {
        return false
      }
      let stored = Int(bytes[16]) << 8 | Int(bytes[17])
      let size = stored == 1 ? 65_536 : stored
      guard size >= 512, size & (size - 1) == 0, sizeOfWAL == nil || sizeOfWAL == size else { return false }
      pageSize = size
      usableSize = size - Int(bytes[20])
      schemaCookie = UnsafeRawPointer(start + 40).loadUnaligned(as: UInt32.self)
      let isUTF8 = bytes[56] == 0 && bytes[57] == 0 && bytes[58] == 0 && bytes[59] == 1
      guard bytes[18] == 2 && bytes[19] == 2 && usableSize >= 480 && isUTF8 else { return false }
      firstPage = (state, frame)
      return true
    }
  }

  /// The frame that holds a page; 0 if the database does; nil if it cannot be told.
  mutating func frame(of page: UInt32) -> UInt32? {
    page > 0 ? files.index.frame(of: page, upTo: lastFrame) : nil
  }

  /// Copies a page to `bytes`, which has room for `pageSize`. False if it cannot be had.
  mutating func read(_ page: UInt32, into bytes: UnsafeMutablePointer<UInt8>) -> Bool {
    guard let frame = frame(of: page) else { return false }
    return read(page, frame, into: bytes)
  }

  /// The same from the frame that holds it.
  func read(_ page: UInt32, _ frame: UInt32, into bytes: UnsafeMutablePointer<UInt8>) -> Bool {
    files.read(page, frame, into: bytes, pageSize, pageSize: pageSize)
  }

  /// Whether the database itself has what counts of a page: then that stays as it is for as long as the transaction.
  mutating func isInDatabase(_ page: UInt32) -> Bool { frame(of: page) == 0 }

  var databasePages: Int {
    mutating get {
      if let pagesOfDatabase { return pagesOfDatabase }
      let pages = files.databaseBytes / pageSize
      pagesOfDatabase = pages
      return pages
    }
  }

  /// Copies pages that lie side by side in the database, whatever counts of them, to `bytes`, which has room.
  func read(_ first: UInt32, pages: Int, into bytes: UnsafeMutablePointer<UInt8>) -> Bool {
    files.readDatabase(at: Int64(first - 1) * Int64(pageSize), into: bytes, pages * pageSize)
  }
}

extension Connection {
  /// A first read, so that the WAL is open before a later one asks for its pages. Whatever is wrong shows there, too.
  func openWAL() { _ = try? integer("PRAGMA main.schema_version") }

  var isOutsideTransaction: Bool { sqlite3_txn_state(handle, "main") == SQLITE_TXN_NONE }
  fileprivate var isReading: Bool { sqlite3_txn_state(handle, "main") == SQLITE_TXN_READ }
}
