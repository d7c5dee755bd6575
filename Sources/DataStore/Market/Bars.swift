// SPDX-License-Identifier: MIT

/// Bars that were read, as columns that this object owns. It may outlive its store; threads may share it.
///
/// The properties, named in `ColumnNames.swift`, copy a column into an array; a column that was not asked for is empty. NULL is NaN in numbers
/// and nil in texts.
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

  /// The rows of a symbol; nil if it was not asked for.
  public func rows(of symbol: String) -> Range<Int>? {
    symbols.firstIndex { ExactText($0) == ExactText(symbol) }.map(range(ofSymbol:))
  }

  /// Nanoseconds since 1970-01-01T00:00:00Z, ascending within a symbol.
  public var timestamps: [Int64] { Array(timestampColumn) }

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

  subscript(numbers column: BarColumns) -> [Double] { Array(numbers(column.number)) }
  subscript(flags column: BarColumns) -> [Bool] { flags(column.number).map { $0 != 0 } }
  subscript(texts column: BarColumns) -> [String?] {
    let texts = texts(column.number)
    let words = texts.dictionary.map { $0.text }
    return texts.codes.map { $0 < 0 ? nil : words[Int($0)] }
  }

  // MARK: Columns as they lie in memory; each lives as long as this object

  package var timestampColumn: UnsafeBufferPointer<Int64> { rows.timestamps.elements }
  package var shape: ReadShape { rows.shape }

  /// A column by its number.
  package func numbers(_ column: Int) -> UnsafeBufferPointer<Double> { rows.numbers[column].elements }
  /// A column by its number.
  package func flags(_ column: Int) -> UnsafeBufferPointer<UInt8> { rows.flags[column].elements }

  /// A column by its number. The dictionary's texts end with a NUL that is not counted.
  package func texts(
    _ column: Int
  ) -> (codes: UnsafeBufferPointer<Int32>, dictionary: [UnsafeBufferPointer<UInt8>]) {
    (rows.texts[column].codes.elements, rows.texts[column].dictionary.texts)
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
