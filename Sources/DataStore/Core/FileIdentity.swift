// SPDX-License-Identifier: MIT
import Glibc

/// Which file a name stands for: device and inode.
struct FileIdentity: Equatable {
  let device: UInt
  let inode: UInt

  /// nil where there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }
}

/// Notices when the database file, its -wal or its -shm were moved, deleted or replaced under our
/// feet. SQLite goes on writing to the old inode then, and acknowledges what nobody will find.
struct FileWatch {
  private let path: String
  private let walPath: String
  private let sharedMemoryPath: String
  private let database: FileIdentity?
  private let wal: FileIdentity?
  private let sharedMemory: FileIdentity?

  /// Takes note of the files as they are: call it once SQLite has opened all of them.
  init(_ path: String) {
    self.path = path
    walPath = path + "-wal"
    sharedMemoryPath = path + "-shm"
    database = FileIdentity(path)
    wal = FileIdentity(walPath)
    sharedMemory = FileIdentity(sharedMemoryPath)
  }

  /// For readers: the database alone.
  func checkDatabase() throws(StoreError) {
    guard FileIdentity(path) != database else { return }
    throw moved(path)
  }

  /// For writers, before each acknowledgement.
  func checkAll() throws(StoreError) {
    try checkDatabase()
    if wal != nil, FileIdentity(walPath) != wal { throw moved(walPath) }
    if sharedMemory != nil, FileIdentity(sharedMemoryPath) != sharedMemory { throw moved(sharedMemoryPath) }
  }

  private func moved(_ name: String) -> StoreError {
    StoreError(
      .closed,
      "\(name) was moved, deleted or replaced while the store was open; nothing was written. Put the file back"
        + " together with its -wal, then open the store again")
  }
}
