// SPDX-License-Identifier: MIT

/// Facts about a store, and the SQLite library or the server that it uses.
public struct StoreInfo: Sendable {
  /// The absolute path of the file.
  public let path: String
  /// The version of the SQLite library in use; empty on a server.
  public let sqliteVersion: String
  /// The check-in that SQLite was built from; empty on a server.
  public let sqliteSourceID: String
  /// Whether this SQLite is free of the WAL-reset bug. (The store's own checkpoints avoid it either way.)
  public let isWALResetSafe: Bool
  /// `PRAGMA journal_mode`: "wal", or another one on a read-only store whose file is in that mode. Empty on a server.
  public let journalMode: String
  /// "FULL" or "NORMAL".
  public let synchronous: String
  /// What the store was opened with.
  public let durability: Durability
  /// What the store was opened with.
  public let isReadOnly: Bool
  /// The fast paths that the store takes: "pages", "latest_pages", "frames", "read_lock".
  public let fastPaths: [String]
  /// Why it takes no others; nil if it takes all.
  public let fastPathsReason: String?
  /// Bytes per page; 0 on a server.
  public let pageSize: Int64
  /// Bytes in the database file, or in the server's database with all that lies in it.
  public let fileBytes: Int64
  /// Bytes in the -wal file; 0 if there is none.
  public let walBytes: Int64
  /// The latest checkpoint, asked for or automatic, of this very store; nil if it has done none. Other programs
  /// and other stores checkpoint the same file, too.
  public let lastCheckpoint: LastCheckpoint?
  /// Rows of `market_data`: bars.
  public let marketDataRows: Int64
  /// Rows of `market_requests`.
  public let marketRequestsRows: Int64
  /// Rows of `system_state`.
  public let systemStateRows: Int64
  /// The server that the store lies on; nil for a file.
  public let server: ServerInfo?
}
