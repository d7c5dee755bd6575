// SPDX-License-Identifier: MIT

extension Store {
  /// Facts as of now; counting the rows visits one index of each table.
  ///
  /// - Throws: As a read, see ``StoreError``.
  public func info() throws(StoreError) -> StoreInfo { try engine.info() }

  /// The fast paths that the store takes, by name.
  package var fastPaths: [String] { engine.fastPaths }

  /// Why some fast paths are off; nil if all are on.
  package var fastPathsReason: String? { engine.fastPathsReason }

  /// The schema in which a server's store lies; nil for a file.
  package var schema: String? { engine.schema }

  /// What is wrong with the file, one string per finding; empty if it is sound.
  ///
  /// It looks at each page and each row: SQLite's own integrity, the schema, triggers on our tables (which never run
  /// here), timestamps in other forms than ours, values of a wrong type, features and state values that are damaged.
  ///
  /// - Throws: As a read, see ``StoreError``; but damage is a finding, not `.corrupt` or `.schema`.
  public func check() throws(StoreError) -> [String] { try engine.check() }

  /// Copies the WAL into the database file. The store does so by itself as the WAL grows.
  ///
  /// - Returns: What was copied, and what readers of older snapshots held back.
  /// - Throws: `.invalid` within a transaction. Otherwise as a write, see ``StoreError``.
  @discardableResult
  public func checkpoint() throws(StoreError) -> CheckpointResult { try engine.checkpoint() }

  /// Copies one snapshot of the store to `target` while others write. The target appears whole, or not at all.
  ///
  /// - Parameters:
  ///   - target: The path of the new file.
  ///   - overwrite: Replaces a file that exists; it keeps its permissions.
  /// - Throws: `.invalid` if `target` exists and `overwrite` is false; and always for the store's own file and its -wal,
  ///   -shm and -journal, for those of another database, and for a target beside which a -wal or -journal lies, which
  ///   would be taken for the backup's. `.storage` if it cannot be written. Otherwise as a read, see ``StoreError``.
  public func backup(to target: String, overwrite: Bool = false) throws(StoreError) {
    try engine.backup(to: target, overwrite: overwrite)
  }

  /// The statements that set a connection of another SQLite client up as the specification asks for, and that keep
  /// it from checkpointing on its own, which would bring back the WAL-reset bug.
  ///
  /// - Throws: `.closed` if the store is closed, or this is a forked child.
  public func connectionScript() throws(StoreError) -> String { try engine.connectionScript() }
}

extension Store {
  /// The version of the SQLite library in use, such as "3.40.1".
  public static var sqliteVersion: String { Connection.libraryVersion }
  /// The check-in that SQLite was built from.
  public static var sqliteSourceID: String { Connection.sourceID }

  /// Throws `.invalid` unless the address, of another client's `sqlite3_libversion()`, is that of the SQLite in use
  /// here. nil stands for one that does not show it, and so brings its own.
  package static func checkSharesSQLite(_ libversionAddress: UnsafeRawPointer?) throws(StoreError) {
    if let libversionAddress, Connection.isOwnSQLite(libversionAddress) { return }
    throw StoreError(
      .invalid,
      "the other client runs on a copy of SQLite of its own, and the store on SQLite \(sqliteVersion) of the system. Two copies in"
        + " one process do not see each other's locks and lose each other's commits. Read with sql(), write through the market"
        + " and state methods, or open the file in a process of its own")
  }
}
