// SPDX-License-Identifier: MIT
import Glibc

/// The files that SQLite keeps beside a database. What belongs together is told by the names alone: a new file beside an
/// old -wal or -journal is taken for the one that these were left by.
enum SideFiles {
  static let suffixes = ["-wal", "-journal", "-shm"]
  static let longestSuffix = 8

  /// The database that a file of this name is kept for; nil if there is none.
  static func owner(of path: String) -> String? {
    for suffix in suffixes where path.utf8.count > suffix.utf8.count {
      let bytes = Array(path.utf8)
      let owner = bytes.dropLast(suffix.utf8.count)
      guard bytes[owner.count...].elementsEqual(suffix.utf8) else { continue }
      let name = String(decoding: owner, as: UTF8.self)
      if FileIdentity(name) != nil { return name }
    }
    return nil
  }

  /// A -wal or -journal beside `path`, whatever is in it; nil if there is none. (A stale -shm is made again.)
  static func remainder(beside path: String) -> String? {
    ["-wal", "-journal"].map { path + $0 }.first { name in
      var status = stat()
      return lstat(name, &status) == 0
    }
  }

  /// Throws if `path` has no file, or an empty one, and a -wal or a -journal with something in it. SQLite would delete
  /// that (pager.c: pagerOpenWalIfPresent, hasHotJournal), and it may be all that is left of a file that was deleted or
  /// moved.
  static func checkNoneIsLeft(beside path: String) throws(StoreError) {
    // The database is looked at last: one that is being made gets its -wal once there is something in it.
    guard let left = ["-wal", "-journal"].map({ path + $0 }).first(where: isLeft), StorePath.size(path) == 0
    else { return }
    throw StoreError(
      .storage,
      "there is no database at \(path), or an empty file, but beside it lies \(left) of one that was there before, with"
        + " changes that may be nowhere else. Nothing was touched. Put the database back beside it; or move it away, then"
        + " open the store again; or name another file")
  }

  private static func isLeft(_ path: String) -> Bool {
    StorePath.size(path) > 0 && !(path.hasSuffix("-journal") && isOfNoUse(journal: path))
  }

  /// Whether nothing can be restored from a journal: it says that the database was empty before, or it has no header, or
  /// one that makes no sense. Such a journal is left if the making of a store is cut short, or is there while another process
  /// makes one.
  /// https://sqlite.org/fileformat2.html#the_rollback_journal
  private static func isOfNoUse(journal path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return errno == ENOENT }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: 28)
    let count = pread(descriptor, &header, header.count, 0)
    // SQLite takes nothing from one that is shorter than its header (pager.c: readJournalHdr).
    guard count == header.count else { return count >= 0 }
    // The magic is written last.
    let magic: [UInt8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
    // But with less than full durability the rest need not be on the disk by then. SQLite looks at these two sizes to tell,
    // and journals from before 3.5.8 have no page size.
    func number(_ place: Int) -> UInt32 { header[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    func isSize(_ size: UInt32, from least: UInt32) -> Bool {
      size >= least && size <= 65_536 && size & (size - 1) == 0
    }
    let makesSense = isSize(number(20), from: 32) && (number(24) == 0 || isSize(number(24), from: 512))
    return !header[..<8].elementsEqual(magic) || number(16) == 0 || !makesSense
  }
}
