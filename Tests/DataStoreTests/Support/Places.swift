// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

/// Where the stores of the tests lie: in a file each, or, with `DATA_STORE_TEST_ENGINE=postgresql`, in a schema each of the
/// server that `DATA_STORE_POSTGRESQL` names.
enum Places {
  static let areOnServer = getenv("DATA_STORE_TEST_ENGINE").map { String(cString: $0) } == "postgresql"
}

/// Why a test is about files, as the table in `docs/postgresql.md` has it: `test_differences.py` compares.
enum Difference: String {
  case file = "the store is a file"
  case locks = "locks of files, and who else has the file open"
  case text = "a column of text takes what a typed column refuses"
  case internals = "paths that rest on SQLite's internals"
  case checkpoints = "checkpoints are the server's own business"
  case info = "info() tells of files"
  case query = "queries are PostgreSQL's SQL"
}

extension Trait where Self == ConditionTrait {
  /// Not for stores on a server.
  static func filesOnly(_ reason: Difference) -> Self {
    .disabled(if: Places.areOnServer, "files only: \(reason.rawValue)")
  }
}
