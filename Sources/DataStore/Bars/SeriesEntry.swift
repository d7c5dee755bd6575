// SPDX-License-Identifier: MIT

/// What is stored of one (symbol, timeframe).
public struct SeriesEntry: Sendable, Equatable {
  /// The series' symbol.
  public let symbol: String
  /// The series' timeframe.
  public let timeframe: String
  /// Time of the first bar, in nanoseconds since 1970-01-01T00:00:00Z.
  public let first: Int64
  /// Time of the last bar, likewise.
  public let last: Int64
  /// Bars; nil if they were not counted.
  public let bars: Int64?
  /// Of them gap rows (`is_gap` is 1); nil if they were not counted.
  public let gaps: Int64?
}

extension SeriesEntry {
  /// Names are equal where their bytes are.
  public static func == (left: SeriesEntry, right: SeriesEntry) -> Bool {
    left.name == right.name
      && (left.first, left.last, left.bars, left.gaps) == (right.first, right.last, right.bars, right.gaps)
  }

  var name: (ExactText, ExactText) { (ExactText(symbol), ExactText(timeframe)) }
}
