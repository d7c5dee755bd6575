// SPDX-License-Identifier: MIT

/// A column of a bar beside its key. Its number is its bit in `BarColumns`, and its place among the schema's columns.
package struct BarColumn: Sendable {
  /// What a column holds.
  package enum Kind: UInt8, Sendable {
    /// Doubles; NaN is NULL.
    case number
    case text
    /// 0 or 1.
    case flag
    /// The features as JSON. There is one such column.
    case features
  }

  package let name: StaticString
  package let kind: Kind

  private init(_ name: StaticString, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }

  /// All of them. To add one, see CONTRIBUTING.md: its number here is the count of `PerColumn`, too.
  package static let table: PerColumn<BarColumn> = [
    BarColumn("open", .number),
    BarColumn("high", .number),
    BarColumn("low", .number),
    BarColumn("close", .number),
    BarColumn("volume", .number),
    BarColumn("source", .text),
    BarColumn("quality", .text),
    BarColumn("is_gap", .flag),
    BarColumn("latency_sec", .number),
    BarColumn("features", .features),
  ]

  /// As SQL declares it.
  var sqlType: String {
    switch kind {
    case .number: "REAL"
    case .text: "TEXT"
    case .flag: "INTEGER"
    case .features: "JSON"
    }
  }

  /// The schema's default; nil for NULL.
  var sqlDefault: String? { kind == .flag ? "0" : nil }

  /// The names, in the order of the schema, as SQL lists them.
  static let nameList = BarColumns.names.map { "\($0)" }.joined(separator: ", ")
}

/// Something for each column of a bar, by the column's number.
package typealias PerColumn<Element: ~Copyable> = InlineArray<10, Element>

/// The columns of a bar beside its key, as a set. The raw bits are those of the C interface.
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

  /// All without features.
  public static let all = BarColumns(rawValue: everything.rawValue & ~features.rawValue)

  /// All, and features.
  package static let everything = BarColumns(rawValue: (1 << UInt32(PerColumn<UInt8>.count)) - 1)

  /// Names by bit, in the order of the schema.
  static let names: [StaticString] = BarColumn.table.indices.map { BarColumn.table[$0].name }

  /// The set of one column, by its number.
  init(column: Int) { self.init(rawValue: 1 << UInt32(truncatingIfNeeded: column)) }

  /// Whether the column of this number is among them.
  @inlinable
  package func contains(column: Int) -> Bool { rawValue &>> UInt32(truncatingIfNeeded: column) & 1 != 0 }

  /// The bits that are set, ascending.
  package var indices: [Int] { BarColumn.table.indices.filter { rawValue & (1 << UInt32($0)) != 0 } }

  /// The number of the column, in a set of one.
  @inline(__always)
  package var number: Int { rawValue.trailingZeroBitCount }
}
