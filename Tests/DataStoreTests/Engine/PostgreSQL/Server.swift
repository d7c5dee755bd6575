// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

/// A schema of one test's own on the server that `DATA_STORE_POSTGRESQL` names; it goes when the test ends.
final class Server {
  private static let url = getenv("DATA_STORE_POSTGRESQL").map { String(cString: $0) }
  static var isThere: Bool { url != nil }

  /// Names the server and the schema.
  let url: String
  let schema: String
  private let session: Session

  init() throws {
    let base = try #require(Self.url)
    schema = "test_\(UInt64.random(in: 0...UInt64.max))"
    url = "\(base)\(base.utf8.contains(UInt8(ascii: "?")) ? "&" : "?")options=-csearch_path%3D\(schema)"
    let functions = try LibPQ.load()
    session = try Session.connect(try ServerAddress(url, functions), functions, timeout: 10) { false }
    try session.run("CREATE SCHEMA \(schema)")
  }

  deinit { _ = try? session.run("DROP SCHEMA \(schema) CASCADE") }

  func store(timeout: Double = 10) throws -> Store {
    try Store(url, StoreOptions(durability: .normal, timeout: timeout))
  }

  /// What another tool does.
  func run(_ sql: String) throws { try session.run(sql) }

  /// The same by its URL, with a text for the one parameter, which is a `?` as for a file.
  static func run(_ sql: String, value: String?, at url: String) throws {
    let functions = try LibPQ.load()
    let session = try Session.connect(try ServerAddress(url, functions), functions, timeout: 10) { false }
    if let value { session.parameters.add(literal: value) }
    _ = try session.run(sql.map { $0 == "?" ? "$1" : String($0) }.joined(), inBinary: false)
  }

  /// The first value of a query, as text.
  func text(_ sql: String) throws -> String { try session.run(sql).string(0) }
}
