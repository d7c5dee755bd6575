// SPDX-License-Identifier: MIT

/// Collects the features of rows that are read: as texts, or unpacked to a column a key.
struct FeatureAccumulator: ~Copyable {
  struct Column: ~Copyable {
    /// Its number among the parser's keys.
    let key: Int
    var values = ColumnBuffer<Double>()
    /// Quality by code; -1 where the row has no such entry.
    var qualities = ColumnBuffer<Int32>()
    init(key: Int) { self.key = key }
  }

  let mode: ReadShape.Features
  private var parser = FeatureParser()

  /// Texts one after the other, each with its NUL.
  private(set) var texts = ByteBuffer()
  /// Where each row's text begins; -1 where it has none.
  private(set) var offsets = ColumnBuffer<Int64>()

  private(set) var columns: UnsafeMutablePointer<Column>
  private(set) var columnCount = 0
  private var columnCapacity = 16
  /// The column of each of the parser's keys; -1 where it is not wanted.
  private var columnOfKey: [Int] = []
  private let takesAllKeys: Bool

  init(_ shape: ReadShape) {
    mode = shape.features
    takesAllKeys = shape.featureKeys == nil
    columns = .allocate(capacity: columnCapacity)
    guard mode == .values || mode == .columns else { return }
    for key in shape.featureKeys ?? [] {
      var key = key
      let number = key.withUTF8 { parser.keys.number(of: $0) }
      addColumn(for: number)
    }
  }

  deinit {
    columns.deinitialize(count: columnCount)
    columns.deallocate()
  }

  func key(_ column: Int) -> Bytes { parser.keys.text(columns[column].key) }

  /// Takes the features of row `row`; nil where it has none.
  @inline(__always)
  mutating func append(_ text: Bytes?, row: Int) throws(FeatureFault) {
    if mode == .json {
      guard let text else { return offsets.append(-1) }
      offsets.append(Int64(texts.count))
      texts.append(text)
      texts.append(0)
      return
    }
    guard let text else { return }
    try parser.parse(text)
    for entry in parser.entries {
      let column = column(for: entry.key)
      guard column >= 0 else { continue }
      columns[column].values.pad(to: row, with: .nan)
      columns[column].values.append(entry.number)
      if mode == .columns {
        columns[column].qualities.pad(to: row, with: -1)
        columns[column].qualities.append(Int32(entry.quality.rawValue))
      }
    }
  }

  @inline(__always)
  private mutating func column(for key: Int) -> Int {
    if key < columnOfKey.count, columnOfKey[key] >= 0 { return columnOfKey[key] }
    guard takesAllKeys else { return -1 }
    return addColumn(for: key)
  }

  @discardableResult
  private mutating func addColumn(for key: Int) -> Int {
    if columnCount == columnCapacity {
      let grown = UnsafeMutablePointer<Column>.allocate(capacity: columnCapacity * 2)
      grown.moveInitialize(from: columns, count: columnCount)
      columns.deallocate()
      columns = grown
      columnCapacity *= 2
    }
    (columns + columnCount).initialize(to: Column(key: key))
    while columnOfKey.count <= key { columnOfKey.append(-1) }
    columnOfKey[key] = columnCount
    columnCount += 1
    return columnCount - 1
  }

  /// Fills all columns up to `rows`.
  mutating func finish(rows: Int) {
    for column in 0..<columnCount {
      columns[column].values.pad(to: rows, with: .nan)
      if mode == .columns { columns[column].qualities.pad(to: rows, with: -1) }
    }
  }

  /// The columns in the order asked for, or sorted by key.
  var order: [Int] {
    let order = Array(0..<columnCount)
    guard takesAllKeys else { return order }
    return order.sorted { key($0).lexicographicallyPrecedes(key($1)) }
  }

  mutating func reorder(from start: Int, by permutation: [Int], rows: Int) {
    if mode == .json { return offsets.reorder(from: start, by: permutation) }
    finish(rows: rows)
    for column in 0..<columnCount {
      columns[column].values.reorder(from: start, by: permutation)
      if mode == .columns { columns[column].qualities.reorder(from: start, by: permutation) }
    }
  }

  mutating func truncate(to rows: Int) {
    if mode == .json { return offsets.truncate(to: rows) }
    for column in 0..<columnCount {
      columns[column].values.truncate(to: rows)
      if mode == .columns { columns[column].qualities.truncate(to: rows) }
    }
  }
}
