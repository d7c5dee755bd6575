import CSQLite
// SPDX-License-Identifier: MIT
import CShimVFS

/// Makes the disk begin to write the pages of a checkpoint while the later ones are copied.
///
/// SQLite syncs the database behind the last page, and the commits that wait for the checkpoint wait for that.
final class CheckpointWriteback {
  private typealias File = ShimFile<CheckpointWriteback>

  private var database: File?
  private let descriptor: Int32
  private var writeback = Writeback()

  private static let methods = ShimMethods { methods in
    methods.xWrite = { file, bytes, count, offset in
      guard let file else { return SQLITE_IOERR }
      let result = shim_write(file, bytes, count, offset)
      if result == SQLITE_OK { File.withOwner(file) { $0.note(Int(count)) } }
      return result
    }
  }

  /// `descriptor` is one of the database's that stays open for as long as this does: to open another would be to close
  /// it some day, and that drops the process's locks (see `FileAnchor`).
  init(database: SQLiteFile?, descriptor: Int32) {
    self.descriptor = descriptor
    self.database = File(database, self, Self.methods)
  }

  private func note(_ count: Int) { writeback.note(count) { descriptor } }
}
