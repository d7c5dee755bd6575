// SPDX-License-Identifier: MIT

extension PostgreSQLEngine {
  var schema: String? { tables.schema }

  func info() throws(StoreError) -> StoreInfo {
    try read(snapshot: false) { session throws(StoreError) in
      let facts = try session.run(
        """
        SELECT pg_catalog.pg_database_size(pg_catalog.current_database()),
        pg_catalog.current_setting('synchronous_commit'), (SELECT count(*) FROM \(tables.bars)),
        (SELECT count(*) FROM \(tables.requests)), (SELECT count(*) FROM \(tables.state)),
        pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('fsync')::bool,
        pg_catalog.current_setting('full_page_writes')::bool
        """)
      func number(_ column: Int) -> Int64 { Int64(facts.string(column)) ?? 0 }
      func flag(_ column: Int) -> Bool { facts.bytes(column).first == UInt8(ascii: "t") }
      let server = ServerInfo(
        version: Int32(truncatingIfNeeded: session.serverVersion), schema: tables.schema, isStandby: flag(5),
        fsync: flag(6), fullPageWrites: flag(7),
        synchronousCommit: SynchronousCommit(rawValue: facts.string(1)) ?? .on)
      return StoreInfo(
        path: path, sqliteVersion: "", sqliteSourceID: "", isWALResetSafe: true, journalMode: "",
        synchronous: options.durability == .full ? "FULL" : "NORMAL", durability: options.durability,
        isReadOnly: options.isReadOnly, fastPaths: [], fastPathsReason: nil, pageSize: 0,
        fileBytes: number(0),
        walBytes: 0, lastCheckpoint: nil, marketDataRows: number(2), marketRequestsRows: number(3),
        systemStateRows: number(4), server: server)
    }
  }

  /// The server checkpoints by itself.
  func checkpoint() throws(StoreError) -> CheckpointResult {
    try call { () throws(StoreError) in
      try checkMayWrite()
      try lane.enter(until: Deadline(secondsFromNow: options.timeout))
      defer { leaveLane() }
      guard transactionDepth == 0 else { throw .checkpointWithin }
      return CheckpointResult(walFrames: 0, checkpointed: 0, heldBack: 0)
    }
  }

  func connectionScript() throws(StoreError) -> String {
    try checkOpen()
    throw .invalid(
      "a store on a PostgreSQL server has no SQLite connection to set up; use sql(), or connect another client to"
        + " \(path) and run SET search_path TO \(ServerTables.quoted(tables.schema))")
  }

  func check() throws(StoreError) -> [String] {
    let reporter = ProgressReporter.current
    return try ProgressReporter.call(reporter, .rows, of: nil) { () throws(StoreError) in
      try read(snapshot: true) { session throws(StoreError) in
        let (faults, found) = try ServerSchema.faults(session, tables)
        var findings = faults
        if found < ServerSchema.tables.count {
          findings.append(
            "schema \(tables.schema) lacks a table of the store: open the store again, which makes it")
        }
        // Rows can be looked at where the columns are those that are asked for.
        if findings.isEmpty {
          findings += try session.additions(to: tables)
          findings += try session.strangeRows(in: tables, reporter)
          findings += try session.telling(reporter) { () throws(StoreError) in
            try session.damagedJSON(in: tables)
          }
        }
        try reporter?.finish()
        return findings
      }
    }
  }
}
