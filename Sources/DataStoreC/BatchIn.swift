// SPDX-License-Identifier: MIT
import CDataStore
import DataStore
import Glibc

/// A caller's ds_bar_batch as the core takes it: the same memory, each pointer looked at once.
enum BatchIn {
  static func batch(_ given: ds_bar_batch) throws(StoreError) -> BorrowedBatch {
    let count = try rowCount(given)
    guard let timestamps = given.timestamps else {
      throw StoreError(.invalid, "the batch has \(count) rows and no timestamps (NULL)", key: "timestamps")
    }
    guard let symbol = try textColumn(given.symbol, "symbol") else { throw missing("symbol") }
    guard let timeframe = try textColumn(given.timeframe, "timeframe") else { throw missing("timeframe") }
    var batch = BorrowedBatch(count: count, timestamps: timestamps, symbol: symbol, timeframe: timeframe)
    batch.open = given.open
    batch.high = given.high
    batch.low = given.low
    batch.close = given.close
    batch.volume = given.volume
    batch.source = try textColumn(given.source, "source")
    batch.quality = try textColumn(given.quality, "quality")
    batch.isGap = given.is_gap
    batch.latencySec = given.latency_sec
    batch.features = try features(given)
    batch.featuresJSON = given.features_json
    return batch
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

  static func textColumn(
    _ given: ds_text_column, _ name: StaticString
  ) throws(StoreError) -> TextColumn? {
    guard given.codes != nil || given.values != nil else { return nil }
    let count = Int(given.value_count)
    guard count >= 0, count <= Int(Int32.max), count == 0 || given.values != nil else {
      throw StoreError(
        .invalid, "column '\(name)': its dictionary is NULL, or its value_count (\(count)) wrong",
        key: "\(name)")
    }
    try MemoryShortage.expect(count * MemoryLayout<UnsafeBufferPointer<UInt8>>.stride)
    var values: [UnsafeBufferPointer<UInt8>] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      guard let value = given.values?[index] else {
        throw StoreError(
          .invalid, "column '\(name)': value \(index) of its dictionary is NULL", key: "\(name)")
      }
      values.append(bytes(value))
    }
    return TextColumn(codes: given.codes, values: values)
  }

  private static func features(_ given: ds_bar_batch) throws(StoreError) -> [BorrowedFeature] {
    let count = Int(given.feature_count)
    guard count >= 0 else {
      throw StoreError(.invalid, "feature_count is \(count); it must be 0 or more", key: "feature_count")
    }
    guard count > 0 else { return [] }
    guard let columns = given.features else {
      throw StoreError(.invalid, "feature_count is \(count), but features is NULL", key: "features")
    }
    var features: [BorrowedFeature] = []
    for index in 0..<count {
      let column = columns[index]
      guard let key = column.key else {
        throw StoreError(.invalid, "the key of feature column \(index) is NULL", key: "features")
      }
      let quality = try textColumn(column.quality, "quality of a feature")
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
