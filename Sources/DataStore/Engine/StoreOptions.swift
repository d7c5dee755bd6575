// SPDX-License-Identifier: MIT

/// What a call that has returned is worth after a power cut.
public enum Durability: Int32, Sendable {
  /// A call that returned survives a power cut.
  case full = 0
  /// A call that returned survives a killed process; a power cut may take back the latest calls, each of them whole, but
  /// never corrupts the file.
  case normal = 1
}

/// How a store is opened.
public struct StoreOptions: Sendable {
  /// What a call that has returned is worth after a power cut.
  public var durability: Durability
  /// Seconds that a writer waits for another one before it throws `.busy`: 0 to ``maximumTimeout``.
  public var timeout: Double
  /// Never writes to the database; writes throw `.storage`.
  public var isReadOnly: Bool
  /// Takes the paths that rest on SQLite's internals, if its version is one that they were tested with. Results are the
  /// same either way; `info()` tells which are on. The environment variable `DATA_STORE_FAST_PATHS=0` switches them off, too.
  public var usesFastPaths: Bool

  /// Bytes that may wait to be folded into the database before a commit is followed by a checkpoint: 8 MiB. A bar of each of
  /// five hundred symbols takes two, and pages that such calls change again are folded in once. A small WAL is soon written
  /// over instead of extended, and syncing a file that does not grow costs a third less. Tests make it smaller.
  var checkpointBytes: Int64 = 8 << 20

  /// The longest timeout, in seconds.
  public static let maximumTimeout = Limits.timeout

  /// The defaults: full durability, ten seconds, writing allowed, fast paths.
  public init(
    durability: Durability = .full, timeout: Double = 10, isReadOnly: Bool = false, usesFastPaths: Bool = true
  ) {
    self.durability = durability
    self.timeout = timeout
    self.isReadOnly = isReadOnly
    self.usesFastPaths = usesFastPaths
  }

  func check() throws(StoreError) {
    guard timeout >= 0, timeout <= Self.maximumTimeout else {
      throw .invalid(
        "timeout is \(timeout) s; it must be from 0 to \(Int(Self.maximumTimeout))", key: "timeout")
    }
  }
}
