// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Expects `body` to throw a `StoreError` of this code; returns it for a closer look.
@discardableResult
func refused<Value>(
  _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Value
) throws -> StoreError {
  let error = try #require(throws: StoreError.self, sourceLocation: sourceLocation) { _ = try body() }
  #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
  #expect(!error.message.isEmpty, sourceLocation: sourceLocation)
  return error
}

/// Hands `text` over as bytes.
func withBytes<Value>(_ text: String, _ body: (Bytes) throws -> Value) rethrows -> Value {
  try withBytes(Array(text.utf8), body)
}

func withBytes<Value>(_ bytes: [UInt8], _ body: (Bytes) throws -> Value) rethrows -> Value {
  try bytes.withUnsafeBufferPointer(body)
}

/// Equal, where NaN equals NaN.
func same(_ left: [Double], _ right: [Double]) -> Bool {
  left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
}

let second: Int64 = 1_000_000_000
let hour: Int64 = 3_600 * second
/// 2026-03-01T15:00:00Z.
let threeOClock: Int64 = 1_772_377_200 * second

extension BarBatch {
  /// Hourly bars of EURUSD from three o'clock on, with these closes.
  static func hourly(_ closes: [Double], symbol: String = "EURUSD") -> BarBatch {
    var batch = BarBatch(
      symbol: symbol, timeframe: "1h",
      timestamps: closes.indices.map { threeOClock + Int64($0) * hour })
    batch.close = closes
    return batch
  }
}

extension Store {
  /// The closes of EURUSD's hourly bars.
  func closes(_ symbol: String = "EURUSD") throws -> [Double] {
    try market.read([symbol], "1h", columns: .close).close
  }
}
