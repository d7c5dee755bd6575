// SPDX-License-Identifier: MIT
import CDataStore
import DataStore
import Glibc

/// A caller's ds_bar_batch as the core takes it: the same memory, each pointer looked at once.
enum BatchIn {
  /// Lends the batch to `body`; it must not outlive that.
  static func lend<Result>(
    _ given: ds_bar_batch, _ body: (BorrowedBatch) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let count = try rowCount(given)
    guard let timestamps = given.timestamps else {
      throw StoreError(.invalid, "the batch has \(count) rows and no timestamps (NULL)", key: "timestamps")
    }
    let features = try featureColumns(given)
    // Not beyond the first that `borrow` will refuse: what lies there need not be columns.
    let sound = features.lazy.prefix { $0.key != nil && 0...Int64(Int32.max) ~= $0.quality.value_count }
    var texts = try TextsIn(
      roomFor: BarFields.textColumns(given).lazy.map(\.value_count), sound.map(\.quality.value_count))
    guard let symbol = try texts.column(given.symbol, "symbol") else { throw missing("symbol") }
    guard let timeframe = try texts.column(given.timeframe, "timeframe") else { throw missing("timeframe") }
    var batch = BorrowedBatch(count: count, timestamps: timestamps, symbol: symbol, timeframe: timeframe)
    batch.columns = try BarFields.columns(given, &texts)
    batch.features = BorrowedFeatures(columns: try borrow(features, &texts), json: given.features_json)
    defer { withExtendedLifetime(texts) {} }
    return try body(batch)
  }

  static func rowCount(_ given: ds_bar_batch) throws(StoreError) -> Int {
    guard given.count >= 0, given.count <= Limits.rows else {
      throw StoreError(
        .invalid, "the batch's count is \(given.count); it must be 0 to \(Limits.rows)", key: "count")
    }
    return Int(given.count)
  }

  private static func missing(_ column: String) -> StoreError {
    StoreError(.invalid, "the batch carries no \(column); every row needs one", key: column)
  }

  private static func featureColumns(
    _ given: ds_bar_batch
  ) throws(StoreError) -> UnsafeBufferPointer<ds_feature_column> {
    let count = Int(given.feature_count)
    guard count >= 0 else {
      throw StoreError(.invalid, "feature_count is \(count); it must be 0 or more", key: "feature_count")
    }
    guard count <= Limits.features else {
      throw StoreError(
        .invalid, "\(count) feature columns; a batch takes at most \(Limits.features)", key: "features")
    }
    guard count == 0 || given.features != nil else {
      throw StoreError(.invalid, "feature_count is \(count), but features is NULL", key: "features")
    }
    return UnsafeBufferPointer(start: given.features, count: count)
  }

  private static func borrow(
    _ columns: UnsafeBufferPointer<ds_feature_column>, _ texts: inout TextsIn
  ) throws(StoreError) -> [BorrowedFeature] {
    // Swift's own array ends the process where there is no memory; that of many features asks for it first.
    if columns.count > 64 { free(try CText.allocate(columns.count * MemoryLayout<BorrowedFeature>.stride)) }
    var features: [BorrowedFeature] = []
    features.reserveCapacity(columns.count)
    for (index, column) in columns.enumerated() {
      guard let key = column.key else {
        throw StoreError(.invalid, "the key of feature column \(index) is NULL", key: "features")
      }
      let quality = try texts.column(column.quality, "quality of a feature")
      features.append(
        BorrowedFeature(
          key: bytes(key), values: column.values, integers: column.integers, isNull: column.is_null,
          quality: quality))
    }
    return features
  }

  static func bytes(_ text: UnsafePointer<CChar>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
      start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: strlen(text))
  }
}

/// Memory for the dictionaries of text columns, as the core takes them.
struct TextsIn: ~Copyable {
  private let values: UnsafeMutablePointer<UnsafeBufferPointer<UInt8>>
  private let capacity: Int
  private var used = 0
  /// The dictionary that was taken last: features tend to share one.
  private var last:
    (given: UnsafePointer<UnsafePointer<CChar>?>?, values: UnsafeBufferPointer<UnsafeBufferPointer<UInt8>>)

  /// Room for columns with so many texts.
  init(
    roomFor counts: some Sequence<Int64>, _ more: some Sequence<Int64> = EmptyCollection()
  ) throws(StoreError) {
    capacity = more.reduce(counts.reduce(0, Self.sum), Self.sum)
    let (bytes, overflow) = capacity.multipliedReportingOverflow(
      by: MemoryLayout<UnsafeBufferPointer<UInt8>>.stride)
    if overflow { throw .noMemory() }
    values = try CText.allocate(max(bytes, 1)).bindMemory(
      to: UnsafeBufferPointer<UInt8>.self, capacity: capacity)
    last = (nil, UnsafeBufferPointer(start: nil, count: 0))
  }

  deinit { free(values) }

  /// A count that is wrong is refused by `column`.
  private static func sum(_ sum: Int, _ count: Int64) -> Int {
    (0...Int64(Int32.max)).contains(count) ? sum + Int(count) : sum
  }

  /// A column of which the count was told; nil where it is not given. `name` is for messages.
  mutating func column(
    _ given: ds_text_column, _ name: StaticString
  ) throws(StoreError) -> TextColumn? {
    guard given.codes != nil || given.values != nil else { return nil }
    let count = Int(given.value_count)
    if let values = given.values, values == last.given, count == last.values.count {
      return TextColumn(codes: given.codes, values: last.values)
    }
    guard count >= 0, count <= Int(Int32.max), count == 0 || given.values != nil, count <= capacity - used
    else {
      throw StoreError(
        .invalid, "column '\(name)': its dictionary is NULL, or its value_count (\(count)) wrong",
        key: "\(name)")
    }
    let start = values + used
    for index in 0..<count {
      guard let value = given.values?[index] else {
        throw StoreError(
          .invalid, "column '\(name)': value \(index) of its dictionary is NULL", key: "\(name)")
      }
      (start + index).initialize(to: BatchIn.bytes(value))
    }
    used += count
    last = (given.values, UnsafeBufferPointer(start: start, count: count))
    return TextColumn(codes: given.codes, values: last.values)
  }
}
