// SPDX-License-Identifier: MIT

extension Store {
  /// Facts as of now; counting the rows visits one index of each table.
  public func info() throws(StoreError) -> StoreInfo { try engine.info() }

  /// The fast paths that the store takes, by name.
  package var fastPaths: [String] { engine.fastPaths }

  /// Why some fast paths are off; nil where all are on.
  package var fastPathsReason: String? { engine.fastPathsReason }

  /// What is wrong with the file, one text per finding; empty where it is sound.
  ///
  /// It looks at each page and each row: SQLite's own integrity, the schema, triggers on our tables (which never run
  /// here), timestamps in other forms than ours, values of a wrong type, features and state values that are damaged.
  public func check() throws(StoreError) -> [String] { try engine.check() }

  /// Folds the WAL into the database file. The store does so by itself as the WAL grows.
  @discardableResult
  public func checkpoint() throws(StoreError) -> CheckpointResult { try engine.checkpoint() }

  /// Copies the store as of one moment to `target` while others write. The target appears whole, or not at all.
  ///
  /// - Throws: `.invalid` where `target` exists and `overwrite` is false, or is the store itself; `.storage` where it cannot
  ///   be written.
  public func backup(to target: String, overwrite: Bool = false) throws(StoreError) {
    try engine.backup(to: target, overwrite: overwrite)
  }

  /// The statements that set a connection of another SQLite client up as the specification asks for, and that keep
  /// it from checkpointing on its own, which would reopen the WAL-reset bug.
  public func connectionScript() throws(StoreError) -> String { try engine.connectionScript() }
}

extension Store {
  /// The version of the SQLite library at work, such as "3.40.1".
  public static var sqliteVersion: String { Connection.libraryVersion }
  /// The check-in that SQLite was built from.
  public static var sqliteSourceID: String { Connection.sourceID }

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
}
