// SPDX-License-Identifier: MIT
import DataStore
import Foundation
import Testing

/// A folder of one test's own, and on a server (`DATA_STORE_TEST_ENGINE=postgresql`) the schemas of its stores; they go when
/// the test ends.
final class Scratch {
  static let isOnServer = ProcessInfo.processInfo.environment["DATA_STORE_TEST_ENGINE"] == "postgresql"

  let folder: URL
  private var schemas: [String: String] = [:]

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "data_store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
    for schema in schemas.values { try? Self.psql("DROP SCHEMA \(schema) CASCADE") }
  }

  func path(_ name: String = "market.db") -> String { folder.appending(path: name).path }

  func store(_ name: String = "market.db") throws -> Store {
    try Store(Self.isOnServer ? url(name) : path(name), StoreOptions(durability: .normal))
  }

  /// Bytes as the queries of the engine have them.
  static func blob(_ hexadecimal: String) -> String {
    isOnServer ? "'\\x\(hexadecimal)'::bytea" : "x'\(hexadecimal)'"
  }

  // MARK: On a server

  private static let base = ProcessInfo.processInfo.environment["DATA_STORE_POSTGRESQL"] ?? "postgresql://"

  private func url(_ name: String) throws -> String {
    let schema = schemas[name] ?? "public_tests_\(UInt64.random(in: 0...UInt64.max))"
    if schemas.updateValue(schema, forKey: name) == nil { try Self.psql("CREATE SCHEMA \(schema)") }
    return "\(Self.base)\(Self.base.contains("?") ? "&" : "?")options=-csearch_path%3D\(schema)"
  }

  private static func psql(_ statement: String) throws {
    let psql = Process()
    psql.executableURL = URL(filePath: "/usr/bin/env")
    psql.arguments = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", statement, base]
    psql.standardError = FileHandle.nullDevice
    try psql.run()
    psql.waitUntilExit()
    try #require(psql.terminationStatus == 0, "psql: \(statement)")
  }
}

extension Trait where Self == ConditionTrait {
  /// Not for stores on a server: a reason of the table in docs/postgresql.md.
  static func filesOnly(_ reason: String) -> Self {
    .disabled(if: Scratch.isOnServer, "files only: \(reason)")
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
