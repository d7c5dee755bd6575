// SPDX-License-Identifier: MIT

extension StoreOptions {
  func connectionSettings(_ fastPaths: FastPaths) -> Connection.Settings {
    Connection.Settings(
      timeout: timeout, synchronous: durability.synchronous, walLimit: checkpointBytes, fastPaths: fastPaths)
  }
}

extension Durability {
  /// `PRAGMA synchronous`. In WAL mode FULL syncs at each commit, NORMAL only at checkpoints.
  /// https://sqlite.org/pragma.html#pragma_synchronous
  var synchronous: String {
    switch self {
    case .full: "FULL"
    case .normal: "NORMAL"
    }
  }
}
