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

/// The features of a batch, borrowed: as columns, or as texts.
package struct BorrowedFeatures {
  package var columns: [BorrowedFeature]
  /// One NUL-terminated JSON text per row; nil where a row says nothing of features.
  package var json: UnsafePointer<UnsafePointer<CChar>?>?

  package init(columns: [BorrowedFeature] = [], json: UnsafePointer<UnsafePointer<CChar>?>? = nil) {
    self.columns = columns
    self.json = json
  }

  /// Whether nothing is said of features.
  var isEmpty: Bool { columns.isEmpty && json == nil }
}

/// Why features cannot be packed.
enum FeaturePackFault: Error {
  case feature(row: Int, FeatureFault)
  case noMemory(Int?)

  /// As it is told; `place` names the bar of a row.
  func error(_ place: (Int) -> String) -> StoreError {
    switch self {
    case .feature(let row, let fault): .feature(fault.reason, place: place(row), row: row, key: fault.key)
    case .noMemory(let bytes): .noMemory(bytes)
    }
  }
}
