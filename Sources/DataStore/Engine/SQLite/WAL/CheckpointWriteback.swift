// SPDX-License-Identifier: MIT
import CSQLite

/// Makes the disk begin to write the pages of a checkpoint while the later ones are copied.
///
/// SQLite syncs the database behind the last page, and the commits that wait for the checkpoint wait for that.
final class CheckpointWriteback {
  private typealias Methods = ReplacedMethods<CheckpointWriteback>

  private var database: Methods?
  private let descriptor: Int32
  private var writeback = Writeback()

  /// `descriptor` is one of the database's that stays open for as long as this does: to open another would be to close
  /// it some day, and that drops the process's locks (see `FileAnchor`).
  init(database: SQLiteFile?, descriptor: Int32) {
    self.descriptor = descriptor
    self.database = Methods(database, self) { methods in
      methods.xWrite = { file, bytes, count, offset in
        guard let file else { return SQLITE_IOERR }
        let result = csqlite_write_by(Methods.own(file), file, bytes, count, offset)
        if result == SQLITE_OK { Methods.withOwner(file) { $0.note(Int(count)) } }
        return result
      }
    }
  }

  private func note(_ count: Int) { writeback.note(count) { descriptor } }
}
