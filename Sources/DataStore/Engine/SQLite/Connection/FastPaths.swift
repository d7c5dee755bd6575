// SPDX-License-Identifier: MIT
import Glibc

/// The paths that rest on how SQLite works inside, beyond its documented interface: which of them a store takes, and
/// why not the others.
///
/// Each of them has a slower twin that goes through SQLite alone and gives the same results. So they can be switched off,
/// to find out whether one of them is to blame for something, and they are off with a version of SQLite that they were
/// not tested with.
struct FastPaths: OptionSet, Hashable, Sendable {
  let rawValue: UInt8

  /// Reads take rows from the pages of the file (`SeriesPages`): the file format, wal.c.
  static let pages = FastPaths(rawValue: 1)
  /// `latest_bar` takes its row from pages that stay between calls (`LatestPages`): the file format, wal.c.
  static let latestPages = FastPaths(rawValue: 2)
  /// The frames of a transaction are written to the WAL in long pieces (`FrameGathering`): wal.c.
  static let frames = FastPaths(rawValue: 4)
  /// A live bar takes no reader's lock (`ReadLockSparing`): wal.c, btree.c, pager.c. It needs `frames`.
  static let readLock = FastPaths(rawValue: 8)

  static let all: FastPaths = [.pages, .latestPages, .frames, .readLock]

  /// With their names in `StoreInfo`.
  static let named: [(name: String, path: FastPaths)] = [
    ("pages", .pages), ("latest_pages", .latestPages), ("frames", .frames), ("read_lock", .readLock),
  ]

  /// The versions of SQLite (`sqlite3_libversion_number()`) that the whole test suite has passed with; `make test-sqlite`
  /// repeats that.
  static let testedVersions = [3_034_001, 3_040_001, 3_046_001, 3_053_004]

  /// Tells all stores of a process which to take: "0" none, "1" all, else names with commas between them, to look
  /// for the one that is to blame. The option and the list of versions come first.
  static let variable = "DATA_STORE_FAST_PATHS"

  /// The paths to take, and why there are none.
  static func chosen(wanted: Bool) -> (paths: FastPaths, reason: String?) {
    guard wanted else { return ([], "switched off by the option fast_paths") }
    let version = Connection.libraryVersionNumber
    guard testedVersions.contains(version) else {
      let tested = testedVersions.map(versionText).joined(separator: ", ")
      return ([], "not tested with SQLite \(versionText(version)), but with \(tested)")
    }
    guard let value = getenv(variable).map({ String(cString: $0) }), value != "1" else { return (.all, nil) }
    let names = value.utf8.split(separator: UInt8(ascii: ",")).map { String(Substring($0)) }
    let taken = named.filter { path in names.contains { $0.utf8.elementsEqual(path.name.utf8) } }
    return (taken.reduce(into: []) { $0.insert($1.path) }, "switched off by \(variable)=\(value)")
  }

  private static func versionText(_ number: Int) -> String {
    "\(number / 1_000_000).\(number / 1_000 % 1_000).\(number % 1_000)"
  }
}
