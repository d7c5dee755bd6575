// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  var schema: String? { nil }

  var fastPaths: [String] {
    FastPaths.named.filter { connectionSettings.fastPaths.contains($0.path) }.map(\.name)
  }

  func info() throws(StoreError) -> StoreInfo {
    try read(snapshot: true) { reader throws(StoreError) in
      StoreInfo(
        path: path, sqliteVersion: Connection.libraryVersion, sqliteSourceID: Connection.sourceID,
        isWALResetSafe: Self.isWALResetSafe(Connection.libraryVersionNumber),
        journalMode: try reader.text("PRAGMA main.journal_mode"),
        synchronous: try reader.integer("PRAGMA main.synchronous") == 2 ? "FULL" : "NORMAL",
        durability: options.durability, isReadOnly: options.isReadOnly,
        fastPaths: fastPaths, fastPathsReason: fastPathsReason,
        pageSize: try reader.integer("PRAGMA main.page_size"), fileBytes: StorePath.size(path),
        walBytes: StorePath.size(path + "-wal"),
        // Set at the opening and gone after the last call only, so it may be looked up without the writer lane.
        lastCheckpoint: checkpointer.flatMap { $0.last.withLock { $0 } },
        marketDataRows: try reader.integer("SELECT count(*) FROM main.market_data"),
        marketRequestsRows: try reader.integer("SELECT count(*) FROM main.market_requests"),
        systemStateRows: try reader.integer("SELECT count(*) FROM main.system_state"), server: nil)
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

  func connectionScript() throws(StoreError) -> String {
    try checkOpen()
    let mode = options.isReadOnly ? "PRAGMA query_only=ON;" : "PRAGMA journal_mode=WAL;"
    return "\(mode) PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0;"
  }
}
