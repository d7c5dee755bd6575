// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// State values by pages that stay from call to call, whatever others do to the file in between.
@Suite(.filesOnly(.internals)) struct StatePagesTests {
  /// The unit by itself: public calls do not say by which way a value came.
  @Test func aValueIsFoundInThePages() throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 512)
    for number in 0..<200 { try put(raw, "key\(number)", "[\(number)]") }
    let settings = Connection.Settings(timeout: 5, synchronous: "NORMAL", walLimit: 1 << 22)
    let reader = try StoreConnection(scratch.path(), .readOnly, settings)
    reader.openWAL()
    func value(_ key: String) throws -> String? {
      try withBytes(key) { key in
        guard case .row(let row) = try #require(try reader.stateRow(key, notices: 0)) else { return nil }
        guard case .text(let text) = row.value(1) else { return "other" }
        return text.text
      }
    }
    for number in 0..<200 { #expect(try value("key\(number)") == "[\(number)]") }
    #expect(try value("key") == nil)
    #expect(try value("key200") == nil)
    try put(raw, "key", "[0]")
    #expect(try value("key") == "[0]")
  }

  private func put(_ raw: RawDatabase, _ key: String, _ value: String) throws {
    try raw.execute(
      "INSERT OR REPLACE INTO system_state VALUES ('\(key)', ?1, '2026-03-01T15:00:00+00:00')", value: value)
  }

  private static let keys =
    (0..<60).map { "key\($0)" } + ["k", "kez", "\u{e9}", "e\u{301}", String(repeating: "long", count: 300)]

  @Test(arguments: [512, 4096])
  func areWhatSQLiteGivesWhateverOthersDo(pageSize: Int) throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    let stores = try TwoWays(scratch.path())
    var random = Seeded()
    for step in 0..<500 {
      let key = random.pick(Self.keys)
      switch Int.random(in: 0..<40, using: &random) {
      case 0...17: try put(raw, key, "{\"a\":[\(step),\"\u{e9}\"]}")
      case 18:
        try put(
          raw, key, "\"" + String(repeating: "x", count: Int.random(in: 0..<6000, using: &random)) + "\"")
      case 19, 20:
        // What other tools leave: numbers, infinity, blobs, text that is not JSON.
        let values = [
          "1", "-9223372036854775808", "0.5", "9e999", "x'00'", "'{\"a\" : 1 } '", "'{'", "'1.0'", "''",
        ]
        try raw.execute(
          "INSERT OR REPLACE INTO system_state VALUES ('\(key)', \(random.pick(values)), 'never')")
      case 21: try raw.execute("INSERT INTO system_state VALUES (NULL, '1', 'never')")
      case 22: try raw.execute("INSERT OR REPLACE INTO system_state VALUES (x'6b', '1', 'never')")
      case 23: try raw.execute("DELETE FROM system_state WHERE key IS NULL OR typeof(key) = 'blob'")
      case 24...28: try raw.execute("DELETE FROM system_state WHERE key = '\(key)'")
      case 29: try raw.execute("DELETE FROM system_state WHERE key > '\(key)'")
      case 30: try stores.fast.state.set(key, json: "\(step)")
      case 31: try stores.plain.state.set(key, json: "[\(step)]")
      case 32: try raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      case 33: try raw.execute("PRAGMA wal_checkpoint(RESTART)")
      case 34: try raw.execute("PRAGMA wal_checkpoint(PASSIVE)")
      case 35: try raw.execute("CREATE TABLE IF NOT EXISTS other(a); DROP TABLE other")
      case 36:
        try stores.fast.transaction { () throws(StoreError) in
          try stores.fast.state.set(key, json: "[true]")
          _ = try? stores.fast.state.get(key)
        }
      default: if step % 5 == 0 { try raw.execute("VACUUM") }
      }
      for key in Self.keys where random.oneIn(3) {
        try stores.agree("\(random), step \(step): \(key)") { store throws(StoreError) in
          try store.state.get(key)
        }
      }
    }
  }

  @Test func aTransactionReadsItsOwnWrites() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for number in 0..<20 { try store.state.set("k", json: "\(number)") }
    for _ in 0..<20 { #expect(try store.state.get("k") == "19") }
    try store.transaction { () throws(StoreError) in
      try store.state.set("k", json: "[1]")
      let seen = try store.state.get("k")
      #expect(seen == "[1]")
    }
    #expect(try store.state.get("k") == "[1]")
  }
}
