// SPDX-License-Identifier: MIT
import Glibc

extension Store {
  /// Copies the store as of one moment to `target` while others write. The target appears whole, or not at all.
  ///
  /// - Throws: `.storage` where `target` exists and `overwrite` is false, is the store itself, or cannot be written.
  public func backup(to target: String, overwrite: Bool = false) throws(StoreError) {
    let location = try StorePath(target, as: "target")
    let path = location.resolved
    try readCommitted { reader throws(StoreError) in
      try checkTarget(location, overwrite)
      let partial = "\(path).partial-\(getpid())-\(Deadline.now)"
      do throws(StoreError) {
        try copy(reader, to: partial)
        try checkTarget(try StorePath(target), overwrite)
        try Self.publish(partial, as: path, overwrite)
      } catch {
        unlink(partial)
        unlink(partial + "-journal")
        throw error
      }
      StorePath.syncFolder(location.folder)
    }
  }

  private func checkTarget(_ target: StorePath, _ overwrite: Bool) throws(StoreError) {
    guard target.exists else { return }
    if FileIdentity(target.resolved) == FileIdentity(path) {
      throw StoreError(.invalid, "\(target.resolved) is the store itself; name another file as the backup")
    }
    guard overwrite else {
      throw StoreError(.invalid, "\(target.resolved) exists already; name another file, or pass overwrite")
    }
    for suffix in ["-wal", "-journal"] where StorePath.size(target.resolved + suffix) > 0 {
      throw StoreError(
        .invalid,
        "\(target.resolved) has a \(suffix) file: it is in use, or was not closed cleanly, and the \(suffix) would be"
          + " taken for the backup's. Close its users, or name another file")
    }
  }

  private func copy(_ reader: Connection, to partial: String) throws(StoreError) {
    _ = try Schema.integer("SELECT count(*) FROM main.sqlite_schema", reader)
    let copy = try BackupCopy(creating: partial)
    try copy.copy(from: reader)
  }

  private static func publish(_ partial: String, as path: String, _ overwrite: Bool) throws(StoreError) {
    func failure() -> StoreError {
      StoreError(.storage, "writing the backup \(path): \(String(cString: strerror(errno))). It was not made")
    }
    let descriptor = open(partial, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    defer { _ = Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure() }
    // link() refuses a target that has appeared meanwhile; rename() would replace it. Some filesystems have no links.
    if !overwrite {
      if link(partial, path) == 0 {
        unlink(partial)
        return
      }
      guard errno == EPERM || errno == EOPNOTSUPP else { throw failure() }
    }
    guard rename(partial, path) == 0 else { throw failure() }
  }
}
