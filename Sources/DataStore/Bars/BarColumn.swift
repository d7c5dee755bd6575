// SPDX-License-Identifier: MIT

/// The columns of a bar beside its key, as a set. The raw bits are those of the C interface (`DS_COLUMN_...`).
public struct BarColumns: OptionSet, Hashable, Sendable {
  /// The bits of the C interface.
  public let rawValue: UInt32
  /// The set of these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Opening price.
  public static let open = BarColumns(rawValue: 1 << 0)
  /// Highest price.
  public static let high = BarColumns(rawValue: 1 << 1)
  /// Lowest price.
  public static let low = BarColumns(rawValue: 1 << 2)
  /// Closing price.
  public static let close = BarColumns(rawValue: 1 << 3)
  /// Volume.
  public static let volume = BarColumns(rawValue: 1 << 4)
  /// Where the bar came from.
  public static let source = BarColumns(rawValue: 1 << 5)
  /// How good the bar is, in its producer's words.
  public static let quality = BarColumns(rawValue: 1 << 6)
  /// Whether the bar fills a gap.
  public static let isGap = BarColumns(rawValue: 1 << 7)
  /// Seconds from the bar's end to its arrival.
  public static let latencySec = BarColumns(rawValue: 1 << 8)
  /// The features, as JSON.
  public static let features = BarColumns(rawValue: 1 << 9)

  /// All nine columns, without the features.
  public static let all = BarColumns(rawValue: 0x1ff)

  /// Names by bit, in the order of the schema.
  static let names: [StaticString] = [
    "open", "high", "low", "close", "volume", "source", "quality", "is_gap", "latency_sec", "features",
  ]

  /// The bits that are set, ascending.
  var indices: [Int] { Self.names.indices.filter { rawValue & (1 << UInt32($0)) != 0 } }
}
