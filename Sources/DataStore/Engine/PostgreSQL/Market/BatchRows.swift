// SPDX-License-Identifier: MIT

/// The rows of a batch as COPY takes them.
struct BatchRows {
  /// One column as bare pointers: it is looked at once per row.
  private struct Column {
    var kind = BarColumn.Kind.number
    /// Its numbers, its flags, or the codes of its texts; nil where each text is the first value.
    var rows: UnsafeRawPointer?
    var values: UnsafePointer<Bytes>?
    var valueCount = 0

    /// The text of a row; nil for NULL. The codes have been checked.
    @inline(__always)
    func text(_ row: Int) -> Bytes? {
      guard let values else { return nil }
      let code = rows.map { Int($0.load(fromByteOffset: row &* 4, as: Int32.self)) } ?? 0
      return code >= 0 && code < valueCount ? values[code] : nil
    }
  }

  private let timestamps: UnsafePointer<Int64>
  private let symbol: TextColumn
  private let timeframe: TextColumn
  private var columns = PerColumn<Column>(repeating: Column())
  private var columnCount = 0
  private let hasFeatures: Bool
  private let hasMarks: Bool

  /// Rows of the key and of the columns in `carried`, which the batch has. With `hasMarks`, features are followed by whether
  /// they are merged with what is stored, which the batch table has a column for.
  init(_ batch: BorrowedBatch, _ carried: BarColumns, hasMarks: Bool = true) {
    timestamps = batch.timestamps
    symbol = batch.symbol
    timeframe = batch.timeframe
    hasFeatures = carried.contains(.features)
    self.hasMarks = hasMarks && hasFeatures
    for column in carried.subtracting(.features).indices {
      let texts = batch.columns.texts[column]
      columns[columnCount].kind = BarColumn.table[column].kind
      columns[columnCount].values = texts?.values.baseAddress
      columns[columnCount].valueCount = texts?.values.count ?? 0
      columns[columnCount].rows =
        UnsafeRawPointer(batch.columns.numbers[column]) ?? UnsafeRawPointer(batch.columns.flags[column])
        ?? UnsafeRawPointer(texts?.codes)
      columnCount += 1
    }
  }

  private var fieldCount: Int { 4 + columnCount + (hasFeatures ? 1 : 0) + (hasMarks ? 1 : 0) }

  /// Writes a row, with its features where it says anything of them.
  @inline(__always)
  func write(
    _ row: Int, features: Bytes?, isMerged: Bool, to writer: inout CopyWriter
  ) throws(StoreError) {
    try writer.beginRow(Int16(truncatingIfNeeded: fieldCount))
    try writer.add(symbol.text(row))
    try writer.add(timeframe.text(row))
    try writer.add(time: timestamps[row])
    for place in 0..<columnCount {
      let column = columns[unchecked: place]
      switch column.kind {
      case .number:
        try writer.add(number: column.rows?.load(fromByteOffset: row &* 8, as: Double.self) ?? .nan)
      case .flag: try writer.add(column.rows?.load(fromByteOffset: row, as: UInt8.self) ?? 0 != 0)
      case .text: try writer.add(column.text(row))
      case .features: break
      }
    }
    if hasFeatures { try writer.add(features) }
    if hasMarks { try writer.add(isMerged) }
  }
}
