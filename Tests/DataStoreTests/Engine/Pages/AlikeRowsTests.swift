// SPDX-License-Identifier: MIT
import CSQLite
import Testing

@testable import DataStore

/// Rows that look like the row before are taken together, without a look at each value's type. What they bring is what
/// SQLite brings, whatever else stands between them.
@Suite(.filesOnly(.internals)) struct AlikeRowsTests {
  private static let numbers = [
    "NULL", "0", "1", "-1", "127", "-129", "40000", "-70000", "5000000000", "-9e18", "0.1", "-2.5", "1e300",
    "9e999",
  ]
  private static let texts = [
    "NULL", "''", "'a'", "'beta'", "'alpha'", "'eight of'", "'nine long'", "'just sixteen byt'", "'Ä'",
    "'\(String(repeating: "long ", count: 30))'",
  ]

  /// A row's values: mostly those of the row before.
  private struct Values {
    var numbers = Array(repeating: "1.25", count: 6)
    var texts = ["'mt5'", "NULL"]
    var gap = "0"
    var features = "NULL"

    mutating func vary(_ random: inout Seeded, oneIn rarely: Int) {
      for place in numbers.indices where random.oneIn(rarely) {
        numbers[place] = random.pick(AlikeRowsTests.numbers)
      }
      for place in texts.indices where random.oneIn(rarely) {
        texts[place] = random.pick(AlikeRowsTests.texts)
      }
      if random.oneIn(rarely) { gap = random.pick(["NULL", "0", "1", "7", "0.5"]) }
      if random.oneIn(rarely) {
        features = random.pick([
          "NULL", "''", "'{}'", "'\(String(repeating: "f", count: random.pick([30, 60, 9000])))'",
        ])
      }
    }

    var sql: String {
      "\(numbers.prefix(5).joined(separator: ", ")), \(texts[0]), \(texts[1]), \(gap), \(numbers[5]), \(features)"
    }
  }

  /// Mostly whole seconds as the store writes them; now and then a fraction, or another tool's form.
  private func time(_ instant: Int64, _ random: inout Seeded, oneIn rarely: Int, foreign: Bool) -> String {
    if random.oneIn(rarely) { return Timestamp.text(instant + random.pick([1, 1000, 999_999_999])) }
    let text = Timestamp.text(instant)
    guard foreign, random.oneIn(rarely) else { return text }
    return random.pick([
      String(text.prefix(19)) + "Z", text.replacing("T", with: " "), String(text.prefix(16)), "x",
    ])
  }

  private func insert(
    _ raw: RawDatabase, _ symbol: String, _ random: inout Seeded, rows: Int, foreign: Bool,
    inOrder: Bool = false
  ) throws {
    var values = Values()
    let rarely = random.pick([2, 10, 200, 100_000])
    let step = random.pick([1, 60, 3600]) * Timestamp.perSecond
    var instant = threeOClock + Int64.random(in: 0..<1000, using: &random) * hour
    let isShuffled = inOrder ? false : random.oneIn(4)  // then several rows may be of one time
    try raw.execute("BEGIN")
    for _ in 0..<rows {
      instant += isShuffled ? Int64.random(in: -20...20, using: &random) * step : step
      values.vary(&random, oneIn: rarely)
      try raw.execute(
        """
        INSERT OR REPLACE INTO market_data VALUES ('\(symbol)', '1h',
        '\(time(instant, &random, oneIn: rarely, foreign: foreign))', \(values.sql))
        """)
    }
    if random.oneIn(3) { try raw.execute("DELETE FROM market_data WHERE rowid % 7 = 3") }
    // Rowids that take more bytes, or are below zero.
    if random.oneIn(4) {
      let far = random.pick(["40000", "9000000", "3000000000", "-5000000"])
      try raw.execute(
        """
        UPDATE OR REPLACE market_data SET rowid = rowid + \(far)
        WHERE rowid % 3 = 0 AND rowid BETWEEN 0 AND 30000
        """)
    }
    try raw.execute("COMMIT")
  }

  @Test(arguments: [512, 4096, 8192, 65_536], [false, true])
  func theyBringWhatSQLiteBrings(pageSize: Int, foreign: Bool) throws {
    var random = Seeded()
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    let stores = try TwoWays(scratch.path())
    let symbols = ["A", "AB", "EURUSD", String(repeating: "w", count: 57), String(repeating: "w", count: 58)]
    var compared = 0
    for round in 0..<(Proof.isFull ? 200 : 12) {
      let symbol = random.pick(symbols)
      try insert(
        raw, symbol, &random, rows: round == 0 ? 1500 : random.pick([3, 40, 400, 1500]),
        foreign: foreign && random.oneIn(2), inOrder: round == 0)
      if random.oneIn(3) { sqlite3_wal_checkpoint_v2(raw.handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil) }
      for symbol in [symbol, random.pick(symbols)] {
        let first = Int64.random(in: -10..<1010, using: &random)
        let range = random.pick([
          TimeRange.all, TimeRange(start: threeOClock + first * hour),
          TimeRange(
            start: threeOClock + first * hour, end: threeOClock + (first + random.pick([0, 3, 500])) * hour),
        ])
        let limit = random.pick([nil, nil, 1, 5, 100, 1024, 1025, 3000])
        let isWhole = round == 0  // so that there is enough to compare, whatever the seed
        let columns = random.pick([BarColumns.all, .close, [.source, .latencySec, .isGap]])
        let shape = ReadShape(
          columns: columns, features: random.pick([.json, .none]), limit: isWhole ? nil : limit)
        let found = try stores.agree("\(symbol.prefix(8)), round \(round), \(random)") {
          store throws(StoreError) in
          ReadRows(try store.market.read([symbol], "1h", isWhole ? .all : range, shape))
        }
        if case .result(let rows) = found { compared += rows.times.count }
        try stores.agree("latest of \(symbol.prefix(8)), round \(round), \(random)") {
          store throws(StoreError) in
          ReadRows(try store.market.latest([symbol], "1h", limit ?? 200, shape))
        }
      }
    }
    #expect(foreign || compared > 1000)
  }

  @Test func oneValueOfAnotherTypeAmongManyIsReported() throws {
    for (column, value) in [
      ("close", "'text'"), ("open", "x'00'"), ("source", "x'61'"), ("features", "1"), ("is_gap", "'no'"),
      ("quality", "CAST(x'ff' AS TEXT)"), ("source", "CAST(x'610062' AS TEXT)"), ("timestamp", "'yesterday'"),
    ] {
      let scratch = try Scratch(in: "/dev/shm")
      let raw = try scratch.specifiedFile(pageSize: 4096)
      for bar in 0..<500 {
        try raw.insertBar("A", Timestamp.text(threeOClock + Int64(bar) * hour), close: 1.5)
      }
      try raw.execute("UPDATE market_data SET \(column) = \(value) WHERE rowid = 333")
      let found = try TwoWays(scratch.path()).agree("\(column) \(value)") { store throws(StoreError) in
        try store.rows("A")
      }
      guard case .failure(StoreError.Code.corrupt.rawValue, _) = found else {
        Issue.record("\(column) \(value): \(found)")
        continue
      }
    }
  }

  /// A read of one series must not go on with the entries of another, which look like those of an earlier read.
  @Test func aSeriesWithoutRowsInTheRangeHasNone() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let store = try scratch.store()
    try store.market.write(.hourly(Array(repeating: 1, count: 50), symbol: "A"))
    try store.market.write(.hourly(Array(repeating: 2, count: 50), symbol: "C"))
    for symbols in [["C", "A", "B"], ["B"], ["C", "B", "A"]] {
      let closes = try store.market.read(symbols, "1h", threeOClock...threeOClock + 9 * hour).close
      let expected = symbols.flatMap { Array(repeating: $0 == "A" ? 1.0 : 2.0, count: $0 == "B" ? 0 : 10) }
      #expect(closes == expected, "\(symbols)")
    }
  }

  /// An entry of the index that goes on in other pages is SQLite's to read: its series' last rows, not its first ones.
  @Test func theLatestRowsBeforeAnEntryThatIsTooLongAreTheLatest() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: 512)
    // With the fraction it takes more than a page of this size holds of an entry.
    let symbol = String(repeating: "w", count: 58)
    for bar in 0..<300 {
      let instant = threeOClock + Int64(bar) * hour + (bar % 9 == 0 ? 1 : 0)
      try raw.insertBar(symbol, Timestamp.text(instant), close: Double(bar))
    }
    let stores = try TwoWays(scratch.path())
    for count in [1, 5, 100, 299, 300, 301] {
      let found = try stores.agree("\(count)") { store throws(StoreError) in
        try store.market.latest([symbol], "1h", count).close
      }
      #expect(found == .result((max(300 - count, 0)..<300).map { Double($0) }))
    }
  }
}
