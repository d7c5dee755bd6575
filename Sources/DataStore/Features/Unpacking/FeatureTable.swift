// SPDX-License-Identifier: MIT

/// Features over rows: one column per key, of values and of qualities.
struct FeatureTable: ~Copyable {
  struct Column: ~Copyable {
    /// Its number in the table of keys.
    let key: Int
    /// NaN where the value is null or the row has no such entry.
    var values = ColumnBuffer<Double>()
    /// Quality by code; -1 where the row has no such entry.
    var qualities = ColumnBuffer<Int32>()
    init(key: Int) { self.key = key }
  }

  let keys: FeatureKeys
  private(set) var columns: UnsafeMutablePointer<Column>
  private(set) var columnCount = 0
  private var columnCapacity = 16
  /// The column of each key; -1 where it is not wanted.
  private var columnOfKey: [Int] = []
  private let takesAllKeys: Bool
  private let hasValues: Bool
  private let hasQualities: Bool
  private var block: ColumnBlock?
  /// How many rows are expected; 0 if that is not known.
  private var expectedRows = 0

  /// `wanted` nil: a column for each key that occurs. Without values and qualities the columns stay empty.
  init(_ keys: FeatureKeys, wanted: [String]?, hasValues: Bool = true, hasQualities: Bool) {
    self.keys = keys
    self.hasValues = hasValues
    self.hasQualities = hasQualities
    takesAllKeys = wanted == nil
    columns = .allocate(capacity: columnCapacity)
    for key in wanted ?? [] { addColumn(for: key.withBytes { keys.number(of: $0) }) }
  }

  deinit {
    columns.deinitialize(count: columnCount)
    columns.deallocate()
  }

  func key(_ column: Int) -> Bytes { keys.text(columns[column].key) }

  var columnKeys: [Bytes] { (0..<columnCount).map { key($0) } }

  // MARK: Taking rows, in ascending order

  /// Takes the entries of row `row`.
  @inline(__always)
  mutating func append(_ entries: UnsafeBufferPointer<FeatureParser.Entry>, row: Int) {
    for entry in entries {
      let column = column(for: entry.key)
      guard column >= 0, hasValues else { continue }
      if columns[column].values.count < row { pad(column, to: row) }
      columns[column].values.append(entry.number)
      if hasQualities { columns[column].qualities.append(Int32(entry.quality.rawValue)) }
    }
  }

  /// Where the entries of a key go, row by row, while rows of one form come; nil if they are not wanted.
  struct Lane: BitwiseCopyable {
    let column: Int
    let values: UnsafeMutablePointer<Double>?
    let qualities: UnsafeMutablePointer<Int32>?
  }

  /// Makes a lane for each key of `form`, for up to `room` rows from row `row` on; until `close`, the table's own rows stay
  /// as they are. False if `form` is nil, a key was not met yet, or there is no memory.
  mutating func open(
    _ lanes: inout ColumnBuffer<Lane>, for form: borrowing FeatureForm, at row: Int, room: Int
  ) -> Bool {
    lanes.truncate(to: 0)
    for index in 0..<form.keys.count {
      let key = form.keys[index].number
      let column = key < columnOfKey.count ? columnOfKey[key] : -1
      guard column >= 0 else {
        // Whether a row has it is not known yet.
        if takesAllKeys { return false }
        lanes.append(Lane(column: -1, values: nil, qualities: nil))
        continue
      }
      guard hasValues else {
        lanes.append(Lane(column: -1, values: nil, qualities: nil))
        continue
      }
      pad(column, to: row)
      guard let values = columns[column].values.reserve(room) else { return false }
      let qualities = hasQualities ? columns[column].qualities.reserve(room) : nil
      guard columns[column].values.count == row, !hasQualities || qualities != nil else { return false }
      lanes.append(Lane(column: column, values: values, qualities: qualities))
    }
    return form.keys.count > 0 && lanes.count == form.keys.count
  }

  /// Takes the first `rows` rows that were written to the lanes.
  mutating func close(_ lanes: borrowing ColumnBuffer<Lane>, rows: Int) {
    for lane in lanes.elements where lane.column >= 0 {
      columns[lane.column].values.advance(by: rows)
      if hasQualities { columns[lane.column].qualities.advance(by: rows) }
    }
  }

  mutating func expect(rows: Int) { expectedRows = rows }

  /// Makes room for the expected rows in the columns that there are.
  private mutating func makeRoom() {
    guard expectedRows > 0, hasValues else { return }
    let qualityBytes = hasQualities ? ColumnBlock.bytes(expectedRows, Int32.self) : 0
    let bytes = columnCount * (ColumnBlock.bytes(expectedRows, Double.self) + qualityBytes)
    if var block = ColumnBlock(bytes: bytes) {
      for column in 0..<columnCount {
        columns[column].values.take(expectedRows, from: &block)
        if hasQualities { columns[column].qualities.take(expectedRows, from: &block) }
      }
      self.block = consume block
    }
    expectedRows = 0
  }

  /// Takes a chunk's columns, whose keys are these, as the rows from `start` on.
  mutating func append(_ chunk: borrowing FeatureTable, keys chunkKeys: [Bytes], at start: Int) {
    let places = chunkKeys.map { column(for: keys.number(of: $0)) }
    guard hasValues else { return }
    makeRoom()
    for (index, column) in places.enumerated() {
      guard column >= 0 else { continue }
      pad(column, to: start)
      columns[column].values.append(chunk.columns[index].values.elements)
      if hasQualities { columns[column].qualities.append(chunk.columns[index].qualities.elements) }
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

  /// Forgets the columns that were added since there were `count`.
  mutating func dropColumns(from count: Int) {
    guard takesAllKeys, columnCount > count else { return }
    for column in count..<columnCount { columnOfKey[columns[column].key] = -1 }
    (columns + count).deinitialize(count: columnCount - count)
    columnCount = count
  }

  // MARK: All rows

  /// Fills all columns up to `rows`.
  mutating func finish(rows: Int) {
    guard hasValues else { return }
    for column in 0..<columnCount { pad(column, to: rows) }
  }

  private func pad(_ column: Int, to rows: Int) {
    columns[column].values.pad(to: rows, with: .nan)
    if hasQualities { columns[column].qualities.pad(to: rows, with: -1) }
  }

  /// The columns in the order asked for, or sorted by key.
  var order: [Int] {
    let order = Array(0..<columnCount)
    guard takesAllKeys else { return order }
    return order.sorted { key($0).lexicographicallyPrecedes(key($1)) }
  }

  mutating func reorder<Order: Collection>(from start: Int, by permutation: Order, rows: Int)
  where Order.Element == Int {
    finish(rows: rows)
    guard !MemoryShortage.isNoted else { return }
    for column in 0..<columnCount {
      columns[column].values.reorder(from: start, by: permutation)
      if hasQualities { columns[column].qualities.reorder(from: start, by: permutation) }
    }
  }

  mutating func truncate(to rows: Int) {
    for column in 0..<columnCount {
      columns[column].values.truncate(to: rows)
      columns[column].qualities.truncate(to: rows)
    }
  }
}
