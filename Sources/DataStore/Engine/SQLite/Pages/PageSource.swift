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
  private let lastFrame: UInt32
  private(set) var pageSize = 0
  /// The part of a page that is SQLite's to fill.
  private(set) var usableSize = 0
  private(set) var schemaCookie: UInt32 = 0

  /// Runs `begin`, which starts the read transaction of `connection`, and finds out what it sees. nil if that cannot
  /// be told, as while others commit or fold the WAL in.
  init?(_ connection: Connection, begin: () throws(StoreError) -> Void) throws(StoreError) {
    // No WAL is open before a connection's first read, and none ever where the file is not in WAL mode: to ask for the
    // shared memory would make some.
    guard connection.isOutsideTransaction, let files = PageFiles(connection) else { return nil }
    self.files = files
    let before = self.files.index.sample()
    try begin()
    guard let before, let after = self.files.index.sample(), before.header == after.header,
      connection.isReading
    else {
      return nil
    }
    let last = before.header.lastFrame
    if before.folded == last {
      // All is folded in: SQLite, too, reads the database alone, and lets nobody write to it meanwhile.
      lastFrame = 0
    } else if after.folded < last {
      // SQLite holds a reader's mark, so that the WAL cannot start over.
      lastFrame = last
    } else {
      return nil
    }
    guard readHeader() else { return nil }
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
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.headerBytes) { bytes in
      guard let header = bytes.baseAddress else { return false }
      let sizeOfWAL = lastFrame > 0 ? files.pageSizeOfWAL : nil
      if lastFrame > 0, sizeOfWAL == nil { return false }
      pageSize = sizeOfWAL ?? 512
      guard read(1, into: header, Self.headerBytes) else { return false }
      let stored = Int(header[16]) << 8 | Int(header[17])
      let size = stored == 1 ? 65_536 : stored
      guard size >= 512, size & (size - 1) == 0, sizeOfWAL == nil || sizeOfWAL == size else { return false }
      pageSize = size
      usableSize = size - Int(header[20])
      schemaCookie = UnsafeRawPointer(header + 40).loadUnaligned(as: UInt32.self)
      let isUTF8 = header[56] == 0 && header[57] == 0 && header[58] == 0 && header[59] == 1
      return header[18] == 2 && header[19] == 2 && usableSize >= 480 && isUTF8
    }
  }

  /// Copies a page to `bytes`, which has room for `pageSize`. False if it cannot be had.
  mutating func read(_ page: UInt32, into bytes: UnsafeMutablePointer<UInt8>) -> Bool {
    read(page, into: bytes, pageSize)
  }

  /// Whether the database itself has what counts of a page: then that stays as it is for as long as the transaction.
  mutating func isInDatabase(_ page: UInt32) -> Bool {
    page > 0 && files.index.frame(of: page, upTo: lastFrame) == 0
  }

  /// How many pages the database had when it was first asked. It does not shrink.
  private(set) lazy var databasePages = files.databaseBytes / pageSize

  /// Copies pages that lie side by side in the database, whatever counts of them, to `bytes`, which has room.
  func read(_ first: UInt32, pages: Int, into bytes: UnsafeMutablePointer<UInt8>) -> Bool {
    files.readDatabase(at: Int64(first - 1) * Int64(pageSize), into: bytes, pages * pageSize)
  }

  private mutating func read(_ page: UInt32, into bytes: UnsafeMutablePointer<UInt8>, _ count: Int) -> Bool {
    guard page > 0, let frame = files.index.frame(of: page, upTo: lastFrame) else { return false }
    return files.read(page, frame, into: bytes, count, pageSize: pageSize)
  }
}

extension Connection {
  /// A first read, so that the WAL is open before a later one asks for its pages. Whatever is wrong shows there, too.
  func openWAL() { _ = try? integer("PRAGMA main.schema_version") }

  var isOutsideTransaction: Bool { sqlite3_txn_state(handle, "main") == SQLITE_TXN_NONE }
  fileprivate var isReading: Bool { sqlite3_txn_state(handle, "main") == SQLITE_TXN_READ }
}
