// SPDX-License-Identifier: MIT

/// The columns of a bar beside its key, as a set. The raw bits are those of the C interface.
public struct BarColumns: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let open = BarColumns(rawValue: 1 << 0)
  public static let high = BarColumns(rawValue: 1 << 1)
  public static let low = BarColumns(rawValue: 1 << 2)
  public static let close = BarColumns(rawValue: 1 << 3)
  public static let volume = BarColumns(rawValue: 1 << 4)
  public static let source = BarColumns(rawValue: 1 << 5)
  public static let quality = BarColumns(rawValue: 1 << 6)
  public static let isGap = BarColumns(rawValue: 1 << 7)
  public static let latencySec = BarColumns(rawValue: 1 << 8)
  public static let features = BarColumns(rawValue: 1 << 9)

  /// The nine without features.
  public static let all = BarColumns(rawValue: 0x1ff)

  /// Names by bit, in the order of the schema.
  static let names: [StaticString] = [
    "open", "high", "low", "close", "volume", "source", "quality", "is_gap", "latency_sec", "features",
  ]

  /// The bits that are set, ascending.
  var indices: [Int] { Self.names.indices.filter { rawValue & (1 << UInt32($0)) != 0 } }
}
