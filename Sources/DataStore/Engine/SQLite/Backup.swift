// SPDX-License-Identifier: MIT
import Glibc

extension SQLiteEngine {
  func backup(to target: String, overwrite: Bool) throws(StoreError) {
    let location = try StorePath(target, as: "target")
    let path = location.resolved
    let reporter = ProgressReporter.current
    try ProgressReporter.call(reporter, .pages, of: nil) { () throws(StoreError) in
      try backup(to: location, path, overwrite, reporter)
    }
  }

  private func backup(
    to location: StorePath, _ path: String, _ overwrite: Bool, _ reporter: ProgressReporter?
  ) throws(StoreError) {
    try readCommitted { reader throws(StoreError) in
      try checkTarget(location, overwrite)
      let partial = try location.besides(Self.partialName)
      do throws(StoreError) {
        try copy(reader, to: partial, reporter)
        try reporter?.finish()
        try checkTarget(try StorePath(path, as: "target"), overwrite)
        try Self.publish(partial, as: path, overwrite)
      } catch {
        unlink(partial)
        unlink(partial + "-journal")
        throw error
      }
      StorePath.syncFolder(location.folder)
    }
  }

  /// Lets a store's file, which nobody has open any more, become what a backup of it would be: it is moved.
  static func publish(closed file: String, as target: String, overwrite: Bool) throws(StoreError) {
    if let remainder = SideFiles.remainder(beside: file) {
      throw StoreError(.storage, "\(file): \(remainder) was left beside it. The backup was not made")
    }
    let location = try StorePath(target, as: "target")
    try checkPlace(location, overwrite)
    try publish(file, as: location.resolved, overwrite)
    StorePath.syncFolder(location.folder)
  }

  /// A short name, not the target's with a suffix: that one may already be as long as names can be.
  private static var partialName: String {
    ".backup-" + String(UInt64.random(in: 1 << 40..<1 << 41), radix: 36)
  }

  /// Throws if the backup would take the place of the store or of one of its files, of a file that is there, or of
  /// another one's database: what lies beside the target decides what opens under its name.
  private func checkTarget(_ target: StorePath, _ overwrite: Bool) throws(StoreError) {
    if let found = FileIdentity(target.resolved),
      let mine = ([""] + SideFiles.suffixes).first(where: { FileIdentity(path + $0) == found })
    {
      let what = mine.isEmpty ? "the store itself" : "the store's own \(mine)"
      throw .invalid("\(target.resolved) is \(what); name another file as the backup", key: "target")
    }
    try Self.checkPlace(target, overwrite)
  }

  /// Throws if there is a file, or another one's -wal or -journal, where a backup is to appear.
  static func checkPlace(_ target: StorePath, _ overwrite: Bool) throws(StoreError) {
    guard overwrite || !target.exists else {
      throw .invalid("\(target.resolved) exists already; name another file, or pass overwrite", key: "target")
    }
    guard let remainder = SideFiles.remainder(beside: target.resolved) else { return }
    throw .invalid(
      "beside \(target.resolved) lies \(remainder), which would be taken for the backup's. The file is in use, was not"
        + " closed cleanly, or was deleted without it: close its users (or open it once and close it), move the leftover"
        + " away, or name another file", key: "target")
  }

  private func copy(
    _ reader: Connection, to partial: String, _ reporter: ProgressReporter?
  ) throws(StoreError) {
    _ = try reader.integer("SELECT count(*) FROM main.sqlite_schema")
    if let reporter { reporter.expect(Int(try reader.integer("PRAGMA main.page_count"))) }
    let copy = try BackupCopy(creating: partial)
    let pages = PagesCopied()
    try reader.interruption.reporting(to: reporter, by: pages) { () throws(StoreError) in
      try copy.copy(from: reader, pages)
    }
  }

  private static func publish(_ partial: String, as path: String, _ overwrite: Bool) throws(StoreError) {
    func failure() -> StoreError {
      StoreError(.storage, "writing the backup \(path): \(String(cString: strerror(errno))). It was not made")
    }
    let descriptor = open(partial, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    defer { _ = Glibc.close(descriptor) }
    // What is replaced keeps its permissions, as it would where open(2) truncates it.
    var replaced = stat()
    if overwrite, stat(path, &replaced) == 0, fchmod(descriptor, replaced.st_mode & 0o777) != 0 {
      throw failure()
    }
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
