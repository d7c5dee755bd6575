// SPDX-License-Identifier: MIT
import DataStore
import Foundation
import Testing

/// A folder of one test's own; it goes when the test ends.
final class Scratch {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "data_store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String = "market.db") -> String { folder.appending(path: name).path }

  func store(_ name: String = "market.db") throws -> Store {
    try Store(path(name), StoreOptions(durability: .normal))
  }
}

/// Expects `body` to throw a `StoreError` of this code; returns it for a closer look.
@discardableResult
func refused<Value: ~Copyable>(
  _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Value
) throws -> StoreError {
  let error = try #require(throws: StoreError.self, sourceLocation: sourceLocation) { _ = try body() }
  #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
  return error
}

let hour: Int64 = 3_600_000_000_000
/// 2026-03-01T15:00:00Z.
let threeOClock: Int64 = 1_772_377_200_000_000_000

extension BarBatch {
  /// Hourly bars from three o'clock on, with these closes.
  static func hourly(_ closes: [Double], _ symbol: String = "EURUSD") -> BarBatch {
    var batch = BarBatch(
      symbol: symbol, timeframe: "1h", timestamps: closes.indices.map { threeOClock + Int64($0) * hour })
    batch.close = closes
    return batch
  }
}
