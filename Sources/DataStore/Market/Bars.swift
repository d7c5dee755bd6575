// SPDX-License-Identifier: MIT

/// Bars that were read, as columns that this object owns. It may outlive its store; threads may share it.
///
/// Each property copies a column into an array of ``count`` elements, or an empty one if the column was not asked for.
/// NULL is NaN in numbers and nil in texts.
public final class Bars: @unchecked Sendable {  // never changes after it was read
  private let rows: BarAccumulator
  /// The symbols that were asked for, in that order. ``range(ofSymbol:)`` gives the rows of each.
  public let symbols: [String]
  /// The timeframe that was asked for.
  public let timeframe: String

  init(_ rows: consuming BarAccumulator, symbols: [String], timeframe: String) {
    self.rows = rows
    self.symbols = symbols
    self.timeframe = timeframe
  }

  /// How many rows there are, of all symbols.
  public var count: Int { rows.count }

  /// The rows of the symbol at `index` of ``symbols``, which must be one of its indices.
  public func range(ofSymbol index: Int) -> Range<Int> {
    let starts = rows.starts
    return starts[index]..<(index + 1 < starts.count ? starts[index + 1] : count)
  }

  /// Nanoseconds since 1970-01-01T00:00:00Z, ascending within a symbol.
  public var timestamps: [Int64] { Array(timestampColumn) }
  /// Opening prices.
  public var open: [Double] { Array(doubles(.open)) }
  /// Highest prices.
  public var high: [Double] { Array(doubles(.high)) }
  /// Lowest prices.
  public var low: [Double] { Array(doubles(.low)) }
  /// Closing prices.
  public var close: [Double] { Array(doubles(.close)) }
  /// Volumes.
  public var volume: [Double] { Array(doubles(.volume)) }
  /// Seconds from a bar's end to its arrival.
  public var latencySec: [Double] { Array(doubles(.latencySec)) }
  /// Whether each bar fills a gap; NULL is false.
  public var isGap: [Bool] { isGapColumn.map { $0 != 0 } }
  /// Where each bar came from.
  public var source: [String?] { strings(.source) }
  /// How good each bar is.
  public var quality: [String?] { strings(.quality) }

  /// One feature over the rows.
  public struct Feature: Sendable {
    /// The feature's key.
    public let key: String
    /// One value per row; NaN if it is null or the row has no such entry.
    public let values: [Double]
    /// One quality per row; nil if the row has no such entry. Empty if qualities were not asked for.
    public let qualities: [FeatureQuality?]
  }

  /// The features in the order asked for, or sorted by key; empty if they were not asked for as columns.
  public var features: [Feature] {
    featureColumns.map { column in
      Feature(
        key: column.key.text, values: Array(column.values),
        qualities: column.qualities.map { $0 < 0 ? nil : FeatureQuality(rawValue: UInt8($0)) })
    }
  }

  private func strings(_ column: BarColumns) -> [String?] {
    let texts = texts(column)
    let words = texts.dictionary.map { $0.text }
    return texts.codes.map { $0 < 0 ? nil : words[Int($0)] }
  }

  // MARK: Columns as they lie in memory; each lives as long as this object

  package var timestampColumn: UnsafeBufferPointer<Int64> { rows.timestamps.elements }
  package var isGapColumn: UnsafeBufferPointer<UInt8> { rows.isGap.elements }
  package var shape: ReadShape { rows.shape }

  package func doubles(_ column: BarColumns) -> UnsafeBufferPointer<Double> {
    switch column {
    case .open: rows.open.elements
    case .high: rows.high.elements
    case .low: rows.low.elements
    case .close: rows.close.elements
    case .volume: rows.volume.elements
    default: rows.latencySec.elements
    }
  }

  /// The dictionary's texts end with a NUL that is not counted.
  package func texts(
    _ column: BarColumns
  ) -> (codes: UnsafeBufferPointer<Int32>, dictionary: [UnsafeBufferPointer<UInt8>]) {
    column == .source
      ? (rows.source.codes.elements, rows.source.dictionary.texts)
      : (rows.quality.codes.elements, rows.quality.dictionary.texts)
  }

  package struct FeatureColumn {
    /// Ends with a NUL that is not counted.
    package let key: UnsafeBufferPointer<UInt8>
    package let values: UnsafeBufferPointer<Double>
    /// By `FeatureQuality`'s raw values; -1 where the row has no such entry.
    package let qualities: UnsafeBufferPointer<Int32>
  }

  package var featureColumns: [FeatureColumn] {
    rows.features.table.order.map { index in
      FeatureColumn(
        key: rows.features.table.key(index), values: rows.features.table.columns[index].values.elements,
        qualities: rows.features.table.columns[index].qualities.elements)
    }
  }

  /// Where each row's features text begins, NUL-terminated; nil if it has none.
  package func featuresText(_ row: Int) -> UnsafePointer<UInt8>? {
    let offset = rows.features.offsets[row]
    return offset < 0 ? nil : UnsafePointer(rows.features.texts.base + Int(offset))
  }

  /// The features of a row as they are stored; nil if it has none, or if they were not asked for as text.
  public func featuresJSON(_ row: Int) -> String? {
    guard shape.features == .json, let text = featuresText(row) else { return nil }
    return Bytes(cString: UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self)).text
  }
}
