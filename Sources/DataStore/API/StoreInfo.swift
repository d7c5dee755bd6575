// SPDX-License-Identifier: MIT

/// Facts about a store and the SQLite library that it uses.
public struct StoreInfo: Sendable {
  /// The absolute path of the file.
  public let path: String
  /// The version of the SQLite library in use.
  public let sqliteVersion: String
  /// The check-in that SQLite was built from.
  public let sqliteSourceID: String
  /// Whether this SQLite is free of the WAL-reset bug. (The store's own checkpoints avoid it either way.)
  public let isWALResetSafe: Bool
  /// `PRAGMA journal_mode`: "wal", or another one on a read-only store whose file is in that mode.
  public let journalMode: String
  /// `PRAGMA synchronous`: "FULL" or "NORMAL".
  public let synchronous: String
  /// What the store was opened with.
  public let durability: Durability
  /// What the store was opened with.
  public let isReadOnly: Bool
  /// The fast paths that the store takes: "pages", "latest_pages", "frames", "read_lock".
  public let fastPaths: [String]
  /// Why it takes no others; nil if it takes all.
  public let fastPathsReason: String?
  /// Bytes per page.
  public let pageSize: Int64
  /// Bytes in the database file.
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
}

extension Store {
  /// The fast paths that the store takes, by name.
  package var fastPaths: [String] {
    FastPaths.named.filter { connectionSettings.fastPaths.contains($0.path) }.map(\.name)
  }

  /// The version of the SQLite library in use, such as "3.40.1".
  public static var sqliteVersion: String { Connection.libraryVersion }
  /// The check-in that SQLite was built from.
  public static var sqliteSourceID: String { Connection.sourceID }

  /// Facts as of now; counting the rows visits one index of each table.
  ///
  /// - Throws: As a read, see ``StoreError``.
  public func info() throws(StoreError) -> StoreInfo {
    try read(snapshot: true) { reader throws(StoreError) in
      StoreInfo(
        path: path, sqliteVersion: Connection.libraryVersion, sqliteSourceID: Connection.sourceID,
        isWALResetSafe: Self.isWALResetSafe(Connection.libraryVersionNumber),
        journalMode: try Schema.text("PRAGMA main.journal_mode", reader),
        synchronous: try Schema.integer("PRAGMA main.synchronous", reader) == 2 ? "FULL" : "NORMAL",
        durability: options.durability, isReadOnly: options.isReadOnly,
        fastPaths: fastPaths, fastPathsReason: fastPathsReason,
        pageSize: try Schema.integer("PRAGMA main.page_size", reader), fileBytes: StorePath.size(path),
        walBytes: StorePath.size(path + "-wal"),
        // Set at the opening and gone after the last call only, so it may be looked up without the writer lane.
        lastCheckpoint: checkpointer.flatMap { $0.last.withLock { $0 } },
        marketDataRows: try Schema.integer("SELECT count(*) FROM main.market_data", reader),
        marketRequestsRows: try Schema.integer("SELECT count(*) FROM main.market_requests", reader),
        systemStateRows: try Schema.integer("SELECT count(*) FROM main.system_state", reader))
    }
  }

  /// The bug came with 3.7.0 and went with 3.51.3, 3.50.7 and 3.44.6. https://sqlite.org/wal.html#walresetbug
  static func isWALResetSafe(_ version: Int) -> Bool {
    switch version {
    case ..<3_007_000: true
    case 3_044_006..<3_045_000: true
    case 3_050_007..<3_051_000: true
    default: version >= 3_051_003
    }
  }

  /// Throws `.invalid` unless the address, of another client's `sqlite3_libversion()`, is that of the SQLite at work
  /// here. nil stands for one that does not show it, and so brings its own.
  package static func checkSharesSQLite(_ libversionAddress: UnsafeRawPointer?) throws(StoreError) {
    if let libversionAddress, Connection.isOwnSQLite(libversionAddress) { return }
    throw StoreError(
      .invalid,
      "the other client runs on a copy of SQLite of its own, and the store on SQLite \(sqliteVersion) of the system. Two copies in"
        + " one process do not see each other's locks and lose each other's commits. Read with sql(), write through the market"
        + " and state methods, or open the file in a process of its own")
  }

  /// The statements that set a connection of another SQLite client up as the specification asks for, and that keep
  /// it from checkpointing on its own, which would bring back the WAL-reset bug.
  ///
  /// - Throws: `.closed` if the store is closed, or this is a forked child.
  public func connectionScript() throws(StoreError) -> String {
    try checkOpen()
    let mode = options.isReadOnly ? "PRAGMA query_only=ON;" : "PRAGMA journal_mode=WAL;"
    return "\(mode) PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0;"
  }
}
