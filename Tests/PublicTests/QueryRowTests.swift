// SPDX-License-Identifier: MIT
import DataStore
import DataStoreFoundation
import Foundation
import Testing

private enum Side: String, CellConvertible {
  case long, short
}

@Suite struct QueryRowTests {
  @Test func valuesComeByNameAndType() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let rows = try store.query(
      """
      SELECT 1 AS i, 2.5 AS r, 'long' AS t, \(Scratch.blob("00ff")) AS b, NULL AS n, '2026-03-01T15:00:00+00:00' AS at, 1 AS flag
      UNION ALL SELECT -9223372036854775808, 3, 'short', \(Scratch.blob("")), 7, '2026-03-01', 0
      """)
    #expect(rows.count == 2)
    let first = rows[0]
    #expect(try first["i", as: Int.self] == 1)
    #expect(try first["r", as: Double.self] == 2.5)
    #expect(try first["t", as: String.self] == "long")
    #expect(try first["t", as: Side.self] == .long)
    #expect(try first["b", as: [UInt8].self] == [0, 255])
    #expect(try first["n", as: Int64?.self] == nil)
    #expect(try first["at", as: Instant.self].nanoseconds == threeOClock)
    #expect(try first["at", as: Date.self] == Date(timeIntervalSince1970: 1_772_377_200))
    #expect(try first["flag", as: Bool.self])
    #expect(try first[1, as: Double.self] == 2.5)
    let inferred: String = try first["t"]
    #expect(inferred == "long")

    #expect(try rows["i", as: Int64.self] == [1, .min])
    #expect(try rows["n", as: Int?.self] == [nil, 7])
    // An integer that a double holds is one.
    #expect(try rows["r", as: Double.self] == [2.5, 3])
    #expect(try rows["t", as: Side?.self] == [.long, .short])
    #expect(try rows.map { row in try row["flag", as: Bool.self] } == [true, false])
  }

  @Test func whatCannotBeReadSaysWhereAndWhy() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let rows = try store.query("SELECT 'x' AS word, 1 AS n UNION ALL SELECT NULL, 9007199254740993")
    let missing = try refused(.invalid) { try rows[0]["wrod", as: String.self] }
    #expect(missing.key == "wrod" && missing.message.contains("'word', 'n'"))
    let null = try refused(.invalid) { try rows[1]["word", as: String.self] }
    #expect(null.row == 1 && null.key == "word" && null.message.contains("NULL"))
    let type = try refused(.invalid) { try rows[0]["word", as: Double.self] }
    #expect(type.row == 0 && type.message.contains("'x'") && type.message.contains("Double"))
    // No double is that integer.
    #expect(try refused(.invalid) { try rows["n", as: Double.self] }.row == 1)
    try refused(.invalid) { try rows[0]["word", as: Side.self] }
    try refused(.invalid) { try rows[1]["n", as: Bool.self] }
    try refused(.invalid) { try rows[2]["n", as: Int.self] }
    try refused(.invalid) { try rows[-1]["n", as: Int.self] }
    try refused(.invalid) { try rows[0][2, as: Int.self] }
    let twice = try store.query("SELECT 1 AS a, 2 AS a")
    #expect(try refused(.invalid) { try twice[0]["a", as: Int.self] }.message.contains("AS"))
    #expect(try twice[0][1, as: Int.self] == 2)
    // Names are bytes: composed and decomposed letters are different ones.
    let accents = try store.query("SELECT 1 AS \"\u{e9}\", 2 AS \"e\u{301}\"")
    #expect(try accents[0]["\u{e9}", as: Int.self] == 1)
    #expect(try accents[0]["e\u{301}", as: Int.self] == 2)
  }

  @Test func parametersOfEveryType() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let nothing: String? = nil
    let rows = try store.query(
      "SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f, ? AS g, ? AS h, ? AS i, ? AS j", 1, Int64.min,
      0.1, true,
      "\u{e9}", [UInt8](), nil, nothing, Instant(nanoseconds: threeOClock), Date(timeIntervalSince1970: 0.5))
    let row = rows[0]
    #expect(try row["a", as: Int.self] == 1)
    #expect(try row["b", as: Int64.self] == .min)
    #expect(try row["c", as: Double.self].bitPattern == 0.1.bitPattern)
    #expect(try row["d", as: Bool.self])
    #expect(try Array(row["e", as: String.self].utf8) == [0xc3, 0xa9])
    #expect(try row["f", as: [UInt8].self] == [])
    #expect(try row["g", as: Int?.self] == nil && row["h", as: Int?.self] == nil)
    #expect(try row["i", as: String.self] == "2026-03-01T15:00:00+00:00")
    #expect(try row["j", as: String.self] == "1970-01-01T00:00:00.500000+00:00")

    let named = try store.query(
      "SELECT :a + $b AS sum, @c AS word", named: ["a": 1, "b": 2.5, "c": Side.short])
    #expect(try named[0]["sum", as: Double.self] == 3.5 && named[0]["word", as: String.self] == "short")
    try refused(.invalid) { try store.query("SELECT ?, ?", 1) }
    try refused(.timeout) {
      try store.query(
        "WITH RECURSIVE n(x) AS (SELECT ? UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n", 1,
        timeout: 0.05)
    }
  }
}
