// SPDX-License-Identifier: MIT

/// What a session has found out of its server.
struct ServerFacts {
  let tables: ServerTables
  let isStandby: Bool
  /// Which server this is, and which line of its history it writes: a standby that was promoted begins another one.
  let system: String
  /// Changes with each crash of it, as after the loss of one of its processes.
  let crashes: String
  /// When the session began, by the server's clock.
  let started: String
  /// The process that serves it. A pooler makes up another number.
  let process: Int32
  /// All transactions before this one are over.
  let oldestTransaction: UInt64
}

extension Session {
  /// Takes what was found out about the server and this session.
  func take(_ facts: ServerFacts) {
    system = facts.system
    crashes = facts.crashes
    started = facts.started
    processNumber = facts.process
    horizon.oldest = facts.oldestTransaction
  }

  /// Sets a new session up, in one round trip, and refuses a server that cannot be used.
  func setUp(_ options: StoreOptions) throws(StoreError) -> ServerFacts {
    guard serverVersion >= ServerSchema.oldestServer else {
      throw StoreError(
        .schema,
        "\(place): the server is PostgreSQL \(parameterStatus("server_version")); 13 or newer is needed")
    }
    guard parameterStatus("server_encoding").utf8.elementsEqual("UTF8".utf8) else {
      throw StoreError(
        .schema,
        "\(place): the database has the encoding \(parameterStatus("server_encoding")); a store needs UTF8: create it with"
          + " ENCODING 'UTF8' TEMPLATE template0")
    }
    // 0 would wait for ever. And what a busy server locks for a moment, to add a page to a table say, is nobody's write.
    let lockTimeout = max(20, Int(min(options.timeout * 1000, 2_000_000_000)))
    let settings: [(String, String)] = [
      ("lock_timeout", "\(lockTimeout)"), ("synchronous_commit", options.durability == .full ? "on" : "off"),
      ("search_path", "pg_catalog, pg_temp"), ("default_transaction_isolation", "read committed"),
      ("TimeZone", "UTC"), ("DateStyle", "ISO, YMD"), ("IntervalStyle", "iso_8601"), ("bytea_output", "hex"),
      ("extra_float_digits", "1"), ("idle_in_transaction_session_timeout", "0"),
    ]
    let set = settings.map { ", pg_catalog.set_config('\($0.0)', '\($0.1)', false)" }.joined()
    let facts = try run(
      """
      SELECT coalesce(pg_catalog.current_schema()::text, ''), pg_catalog.current_setting('search_path'),
      pg_catalog.pg_is_in_recovery(),
      CASE WHEN pg_catalog.pg_is_in_recovery() THEN ''
      ELSE pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) END,
      pg_catalog.current_setting('synchronous_commit'),
      (SELECT backend_start FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())),
      pg_catalog.pg_backend_pid(), pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()),
      pg_catalog.pg_stat_get_bgwriter_stat_reset_time()\(set)
      """)
    let schema = facts.string(0)
    guard !schema.isEmpty else {
      throw StoreError(
        .schema,
        "\(place): no schema of the search_path ('\(facts.string(1))') is there. Create one, or name another:"
          + " ?options=-c%20search_path%3Dmarket")
    }
    guard !schema.utf8.starts(with: "pg_".utf8) else {
      throw StoreError(
        .schema,
        "\(place): the first schema of the search_path is \(schema), which is the server's own, or a session's. Name one of"
          + " yours: ?options=-c%20search_path%3Dmarket")
    }
    // What a server replicates to is its administrator's choice: stronger than "on" stays.
    if options.durability == .full, facts.string(4).utf8.elementsEqual("remote_apply".utf8) {
      try run("SET synchronous_commit = remote_apply")
    }
    return ServerFacts(
      tables: ServerTables(schema: schema, searchPath: facts.string(1)),
      isStandby: facts.bytes(2).first == UInt8(ascii: "t"), system: facts.string(3), crashes: facts.string(8),
      started: facts.string(5), process: Int32(facts.string(6)) ?? processNumber,
      oldestTransaction: UInt64(facts.string(7)) ?? 0)
  }
}
