// SPDX-License-Identifier: MIT
import Glibc

/// Opens a file as a store: looks first, changes only what is ours, and leaves anything else as it was.
struct StoreOpening {
  let path: String
  private(set) var writer: StoreConnection?
  private(set) var checkpointer: Checkpointer?
  /// The first reader, where opening needed one.
  private(set) var reader: StoreConnection?
  private(set) var readerAccess = Connection.Access.readOnly

  init(
    _ location: StorePath, _ options: StoreOptions, _ settings: Connection.Settings
  ) throws(StoreError) {
    let path = location.given
    self.path = location.resolved
    try ForkedProcess.isolate(location.resolved)
    // SQLite takes a file of one byte for an empty one, and would write over it.
    if StorePath.size(path) == 1 {
      throw Schema.refusal(path, "it is not an SQLite database, but one byte long")
    }
    try SideFiles.checkNoneIsLeft(beside: self.path)
    if options.isReadOnly {
      try openReadOnly(location, settings)
    } else {
      try openForWriting(location, settings)
    }
  }

  // MARK: For writing

  private mutating func openForWriting(
    _ location: StorePath, _ settings: Connection.Settings
  ) throws(StoreError) {
    let path = path
    // Another's WAL must not be folded into a file that is refused.
    let hasWAL = StorePath.size(path + "-wal") > 0
    if !location.exists { StorePath.create(path) }
    let connection = try StoreConnection(
      path, .readWrite, settings, usesShim: settings.fastPaths.contains(.frames))
    let deadline = Deadline(secondsFromNow: settings.timeout)
    connection.waitFairly()
    connection.beginWaiting(until: deadline)
    let state: Schema.State
    do throws(StoreError) {
      state = try connection.failingWhenShort { () throws(StoreError) in
        try Schema.inspect(connection, path: path)
      }
    } catch {
      if hasWAL { connection.leaveWALOnClose() }
      throw error
    }
    guard !connection.isReadOnly else {
      if hasWAL { connection.leaveWALOnClose() }
      throw StoreError(
        .storage, "\(path) cannot be written: check its owner, mode and mount, or open it with read_only")
    }
    // To look at a file that is in WAL mode was to open its WAL.
    if !connection.hasWALOpen { try switchToWAL(connection, deadline, isNew: state == .blank) }
    if state != .complete { try Schema.create(connection, path: path) }
    if !location.exists { StorePath.syncFolder(location.folder) }
    // The first read makes the -wal and the -shm, which are watched from now on.
    if !connection.hasWALOpen { _ = try connection.integer("SELECT count(*) FROM main.sqlite_schema") }
    connection.gatherFrames()
    checkpointer = Checkpointer(limitBytes: settings.walLimit) { () throws(StoreError) in
      try Connection(path, .readWrite, settings, usesShim: true)
    }
    writer = connection
  }

  /// Switching needs the file to itself for an instant, and SQLite does not wait for that by itself.
  private func switchToWAL(
    _ connection: StoreConnection, _ deadline: Deadline, isNew: Bool
  ) throws(StoreError) {
    while true {
      do throws(StoreError) {
        // The table in docs/speed.md that decided it: a small commit writes whole pages, and sums up each byte of
        // them. Larger pages hold bars with features better, and gain less in bulk than they cost there.
        if isNew { try connection.execute("PRAGMA main.page_size=4096") }
        let mode = try connection.text("PRAGMA main.journal_mode=WAL")
        guard mode == "wal" else {
          throw StoreError(
            .storage,
            "\(path): SQLite keeps journal mode '\(mode)' instead of WAL, which needs shared memory: is the file on a"
              + " network filesystem? Move it to a local disk")
        }
        return
      } catch {
        guard error.isBusy, !deadline.isPast else { throw error }
        var step = timespec(tv_sec: 0, tv_nsec: 1_000_000)
        nanosleep(&step, nil)
      }
    }
  }

  // MARK: For reading only

  private mutating func openReadOnly(
    _ location: StorePath, _ settings: Connection.Settings
  ) throws(StoreError) {
    guard location.exists else {
      throw StoreError(.storage, "\(path): no such file; a read-only store must exist already")
    }
    do throws(StoreError) {
      reader = try inspected(.readOnly, settings)
    } catch {
      // Without a place for the -shm a WAL file cannot be read, unless it cannot change either.
      guard error.code == .storage, StorePath.size(path + "-wal") == 0, access(location.folder, W_OK) != 0
      else {
        throw error
      }
      reader = try inspected(.immutable, settings)
      readerAccess = .immutable
    }
  }

  private func inspected(
    _ access: Connection.Access, _ settings: Connection.Settings
  ) throws(StoreError) -> StoreConnection {
    let connection = try StoreConnection(path, access, settings)
    let state = try connection.failingWhenShort { () throws(StoreError) in
      try Schema.inspect(connection, path: path)
    }
    switch state {
    case .complete: return connection
    case .blank: throw Schema.refusal(path, "it is empty, and read-only it cannot be initialised")
    case .partial: throw Schema.refusal(path, "a table is missing, and read-only it cannot be added")
    }
  }
}
