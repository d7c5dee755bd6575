// SPDX-License-Identifier: MIT

/// One feature over the rows of a batch, borrowed. Values are doubles or integers (neither: null in
/// every row); null where `isNull` is 1 or the double is NaN. Without a quality column "ready" goes with a
/// number and "missing" with a null; with one, a row with a null value and no quality has no such entry.
package struct BorrowedFeature {
  package var key: UnsafeBufferPointer<UInt8>
  package var values: UnsafePointer<Double>?
  package var integers: UnsafePointer<Int64>?
  package var isNull: UnsafePointer<UInt8>?
  package var quality: TextColumn?

  package init(
    key: UnsafeBufferPointer<UInt8>, values: UnsafePointer<Double>?, integers: UnsafePointer<Int64>?,
    isNull: UnsafePointer<UInt8>?, quality: TextColumn?
  ) {
    self.key = key
    self.values = values
    self.integers = integers
    self.isNull = isNull
    self.quality = quality
  }
}

/// Bars as borrowed columns, each `count` long and owned by the caller for the length of the call. A
/// column that is nil is not carried.
package struct BorrowedBatch {
  package let count: Int
  package let timestamps: UnsafePointer<Int64>
  package let symbol: TextColumn
  package let timeframe: TextColumn
  package var open: UnsafePointer<Double>?
  package var high: UnsafePointer<Double>?
  package var low: UnsafePointer<Double>?
  package var close: UnsafePointer<Double>?
  package var volume: UnsafePointer<Double>?
  package var source: TextColumn?
  package var quality: TextColumn?
  package var isGap: UnsafePointer<UInt8>?
  package var latencySec: UnsafePointer<Double>?
  package var features: [BorrowedFeature] = []
  /// One NUL-terminated JSON text per row; nil if a row says nothing of features.
  package var featuresJSON: UnsafePointer<UnsafePointer<CChar>?>?

  package init(
    count: Int, timestamps: UnsafePointer<Int64>, symbol: TextColumn, timeframe: TextColumn
  ) {
    self.count = count
    self.timestamps = timestamps
    self.symbol = symbol
    self.timeframe = timeframe
  }

  var carriesFeatures: Bool { !features.isEmpty || featuresJSON != nil }

  var carried: BarColumns {
    var columns: BarColumns = []
    if open != nil { columns.insert(.open) }
    if high != nil { columns.insert(.high) }
    if low != nil { columns.insert(.low) }
    if close != nil { columns.insert(.close) }
    if volume != nil { columns.insert(.volume) }
    if source != nil { columns.insert(.source) }
    if quality != nil { columns.insert(.quality) }
    if isGap != nil { columns.insert(.isGap) }
    if latencySec != nil { columns.insert(.latencySec) }
    if carriesFeatures { columns.insert(.features) }
    return columns
  }

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
    let symbol = symbol.text(row)?.text ?? "?"
    let timeframe = timeframe.text(row)?.text ?? "?"
    let time = timestamps[row] == Timestamp.none ? "no time" : Timestamp.text(timestamps[row])
    return "\(symbol) \(timeframe) \(time) (row \(row))"
  }

  /// Checks everything but the features' contents against the rules, before anything is written.
  func check() throws(StoreError) {
    try symbol.check("symbol", rows: count, isRequired: true)
    try timeframe.check("timeframe", rows: count, isRequired: true)
    try source?.check("source", rows: count, isRequired: false)
    try quality?.check("quality", rows: count, isRequired: false)
    for row in 0..<count where timestamps[row] == Timestamp.none {
      throw .invalid(
        "\(place(row)): the timestamp is missing (NaT); a bar needs its time. Drop or fix the row",
        row: row, key: "timestamp")
    }
    if let isGap {
      for row in 0..<count where isGap[row] > 1 {
        throw .invalid(
          "\(place(row)): is_gap is \(isGap[row]); it must be 0 or 1", row: row, key: "is_gap")
      }
    }
    if !features.isEmpty, featuresJSON != nil {
      throw .invalid("features are given both as columns and as JSON text; give one of them", key: "features")
    }
    if features.count > Limits.features {
      throw .invalid(
        "\(features.count) feature columns; a batch takes at most \(Limits.features)", key: "features")
    }
  }
}
