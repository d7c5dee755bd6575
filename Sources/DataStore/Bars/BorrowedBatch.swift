// SPDX-License-Identifier: MIT

/// The columns of bars by number, borrowed. A column that is nil, in the array of its kind, is not carried.
package struct BorrowedColumns {
  package var numbers = PerColumn<UnsafePointer<Double>?>(repeating: nil)
  package var texts = PerColumn<TextColumn?>(repeating: nil)
  package var flags = PerColumn<UnsafePointer<UInt8>?>(repeating: nil)

  package init() {}

  /// Those that are carried; of the features it knows nothing.
  var carried: BarColumns {
    var columns: BarColumns = []
    for column in numbers.indices
    where numbers[column] != nil || texts[column] != nil || flags[column] != nil {
      columns.insert(BarColumns(column: column))
    }
    return columns
  }
}

/// Bars as borrowed columns, each `count` long and owned by the caller for the length of the call.
package struct BorrowedBatch {
  package let count: Int
  package let timestamps: UnsafePointer<Int64>
  package let symbol: TextColumn
  package let timeframe: TextColumn
  package var columns = BorrowedColumns()
  package var features = BorrowedFeatures()
  /// What its first row is called in messages, where it is a part of what the caller gave.
  package var firstRow = 0

  package init(
    count: Int, timestamps: UnsafePointer<Int64>, symbol: TextColumn, timeframe: TextColumn
  ) {
    self.count = count
    self.timestamps = timestamps
    self.symbol = symbol
    self.timeframe = timeframe
  }

  var carriesFeatures: Bool { !features.isEmpty }

  var carried: BarColumns { carriesFeatures ? columns.carried.union(.features) : columns.carried }

  /// Symbol and timeframe of a batch whose rows all belong to one series; nil for any other.
  var series: (symbol: Bytes, timeframe: Bytes)? {
    guard count > 0, let symbol = symbol.text(0), let timeframe = timeframe.text(0) else { return nil }
    for codes in [self.symbol.codes, self.timeframe.codes] {
      guard let codes else { continue }
      for row in 1..<count where codes[row] != codes[0] { return nil }
    }
    return (symbol, timeframe)
  }

  /// True if each row is later than the one before.
  var isAscending: Bool {
    for row in 1..<max(count, 1) where timestamps[row - 1] >= timestamps[row] { return false }
    return true
  }

  /// The bar of a row, as a message names it.
  func place(_ row: Int) -> String {
    Self.place(symbol.text(row), timeframe.text(row), timestamps[row], row: firstRow + row)
  }

  static func place(_ symbol: Bytes?, _ timeframe: Bytes?, _ timestamp: Int64, row: Int) -> String {
    let time = timestamp == Timestamp.none ? "no time" : Timestamp.text(timestamp)
    return "\(symbol?.text ?? "?") \(timeframe?.text ?? "?") \(time) (row \(row))"
  }

  /// The packer of its features, which must not outlive it.
  func featurePacker(_ keys: FeatureKeys = FeatureKeys()) throws(StoreError) -> FeaturePacker {
    do throws(FeaturePackFault) { return try FeaturePacker(features, rows: count, keys: keys) } catch {
      throw error.error(place)
    }
  }

  /// Checks everything but the features' contents against the rules, before anything is written.
  func check() throws(StoreError) {
    try symbol.check("symbol", rows: count, isRequired: true, firstRow: firstRow)
    try timeframe.check("timeframe", rows: count, isRequired: true, firstRow: firstRow)
    for column in columns.texts.indices {
      try columns.texts[column]?.check(
        BarColumn.table[column].name, rows: count, isRequired: false, firstRow: firstRow)
    }
    for row in 0..<count where timestamps[row] == Timestamp.none {
      throw .invalid(
        "\(place(row)): the timestamp is missing (NaT); a bar needs its time. Drop or fix the row",
        row: row, key: "timestamp")
    }
    for column in columns.flags.indices {
      guard let flags = columns.flags[column] else { continue }
      for row in 0..<count where flags[row] > 1 {
        let name = "\(BarColumn.table[column].name)"
        throw .invalid("\(place(row)): \(name) is \(flags[row]); it must be 0 or 1", row: row, key: name)
      }
    }
    if !features.columns.isEmpty, features.json != nil {
      throw .invalid("features are given both as columns and as JSON text; give one of them", key: "features")
    }
    if features.columns.count > Limits.features {
      throw .invalid(
        "\(features.columns.count) feature columns; a batch takes at most \(Limits.features)", key: "features"
      )
    }
  }
}
