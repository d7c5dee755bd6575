// SPDX-License-Identifier: MIT
import CSQLite

/// A database, its WAL, and the index of it.
struct PageFiles {
  let database: UnsafeMutablePointer<sqlite3_file>
  let wal: UnsafeMutablePointer<sqlite3_file>
  var index: WALIndex

  /// nil if the connection has no WAL open.
  init?(_ connection: Connection) {
    guard let database = connection.file(SQLITE_FCNTL_FILE_POINTER),
      let wal = connection.file(SQLITE_FCNTL_JOURNAL_POINTER)
    else { return nil }
    (self.database, self.wal) = (database, wal)
    index = WALIndex(database)
  }

  private static let walHeaderBytes = 32
  private static let frameHeaderBytes = 24

  /// The page size in the WAL's header; nil if it is not a WAL.
  var pageSizeOfWAL: Int? {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.walHeaderBytes) { bytes in
      guard csqlite_read(wal, bytes.baseAddress, Int32(Self.walHeaderBytes), 0) == SQLITE_OK,
        bytes[0] == 0x37, bytes[1] == 0x7f, bytes[2] == 0x06, bytes[3] & 0xfe == 0x82
      else { return nil }
      return bytes[8...11].reduce(0) { $0 << 8 | Int($1) }
    }
  }

  /// Copies the first `count` bytes of a page from its frame, from the database where that is 0.
  func read(
    _ page: UInt32, _ frame: UInt32, into bytes: UnsafeMutablePointer<UInt8>, _ count: Int, pageSize: Int
  ) -> Bool {
    guard frame > 0 else {
      return readDatabase(at: Int64(page - 1) * Int64(pageSize), into: bytes, count)
    }
    let frames = Int(frame - 1) * (Self.frameHeaderBytes + pageSize)
    return csqlite_read(
      wal, bytes, Int32(count), Int64(Self.walHeaderBytes + frames + Self.frameHeaderBytes)) == SQLITE_OK
  }

  /// Whether a commit ends with a frame; nil if that cannot be told.
  func isCommit(_ frame: UInt32, pageSize: Int) -> Bool? {
    // The frame's page, and behind a commit the pages of the database.
    var words: (UInt32, UInt32) = (0, 0)
    let offset = Int64(Self.walHeaderBytes) + Int64(frame - 1) * Int64(Self.frameHeaderBytes + pageSize)
    let isRead = withUnsafeMutableBytes(of: &words) { bytes in
      csqlite_read(wal, bytes.baseAddress, Int32(bytes.count), offset) == SQLITE_OK
    }
    return isRead ? words.1 != 0 : nil
  }

  /// Copies `count` bytes of the database.
  func readDatabase(at offset: Int64, into bytes: UnsafeMutablePointer<UInt8>, _ count: Int) -> Bool {
    csqlite_read(database, bytes, Int32(count), offset) == SQLITE_OK
  }

  /// 0 if it cannot be told.
  var databaseBytes: Int {
    var size: Int64 = 0
    return csqlite_size(database, &size) == SQLITE_OK ? Int(size) : 0
  }
}
