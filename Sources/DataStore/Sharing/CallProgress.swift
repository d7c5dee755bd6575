// SPDX-License-Identifier: MIT

/// How far a call has come.
public struct CallProgress: Sendable, Equatable {
  /// What a call counts.
  public enum Unit: Int32, Sendable {
    /// Rows of what is written or read. `Store.check()` looks at each row twice, and counts both.
    case rows = 0
    /// Pages of the file, in `Store.backup(to:overwrite:)`; of a store on a server that counts the bars.
    case pages = 1
  }

  /// So many are done. It never goes down within a call, and reaches `total` in the last report, and only there.
  public let done: Int
  /// Of so many; nil while nobody knows.
  public let total: Int?
  /// What is counted.
  public let unit: Unit
}
