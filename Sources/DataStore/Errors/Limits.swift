// SPDX-License-Identifier: MIT

/// Sizes beyond which a call throws `.invalid`. The C header has the same numbers as `DS_MAX_...`.
public enum Limits {
  /// Rows in one batch.
  public static let rows = Int(Int32.max)
  /// Bytes in a symbol, a timeframe, a feature key, a state key.
  public static let nameBytes = 65_535
  /// Feature columns in one batch, entries in one bar.
  public static let features = 65_535
  /// Bytes in one JSON text.
  public static let jsonBytes = 500_000_000
  /// Arrays and objects within each other in a state value.
  public static let jsonDepth = 500
  /// Bytes in any other text.
  public static let textBytes = 500_000_000
  /// Seconds that a call may be told to wait.
  public static let timeout = 1_000_000.0
}
