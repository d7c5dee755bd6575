// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// The latest bar by pages that stay from call to call, whatever others do to the file in between.
@Suite(.filesOnly(.internals)) struct LatestPagesTests {
  private static let timeframe = "1h"
  private static let symbols = ["A", "EURUSD", String(repeating: "LONG", count: 16)]

  private struct Latest: Equatable {
    let instant: Int64
    let open: Double
  }

  private func latest(_ store: Store, _ symbol: String) throws -> Latest? {
    try store.market.latestBar(symbol, Self.timeframe).map { Latest(instant: $0.timestamp, open: $0.open) }
  }

  /// The unit by itself: what follows goes through public calls, which do not say by which way a bar came.
  @Test func theLatestBarIsFoundInThePages() throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 4096)
    try hours(to: threeOClock, 10, raw)
    let settings = Connection.Settings(timeout: 5, synchronous: "NORMAL", walLimit: 1 << 22)
    let reader = try StoreConnection(scratch.path(), .readOnly, settings)
    reader.openWAL()
    let ledger = CommitLedger()
    let trees = try #require(try KeptTrees(reader))
    let changed = try #require(ChangedPages(reader))
    let pages = LatestPages(trees, changed, ledger, ForeignForms(.bars, ledger), LatestRecords())
    func instant(notices: Int?) throws -> Int64? {
      try withBytes("A") { symbol in
        try withBytes(Self.timeframe) { try pages.row(symbol, $0, reader, notices: notices)?.instant }
      }
    }
    #expect(try instant(notices: 0) == threeOClock)
    try hours(to: threeOClock + 20 * hour, 5, raw)
    #expect(try instant(notices: 0) == threeOClock + 20 * hour)
  }

  /// The latest by what the texts mean, all of them looked at.
  private func byText(_ raw: RawDatabase, _ symbol: String) throws -> Latest? {
    let rows = try raw.rows(
      "SELECT timestamp, open FROM market_data WHERE symbol = '\(symbol)' AND timeframe = '\(Self.timeframe)'"
        + " ORDER BY timestamp")
    var latest: Latest?
    for row in rows {
      let instant = try withBytes(row[0] ?? "") { text -> Int64 in
        guard case .instant(let instant, _) = TimestampParser.parse(text) else { throw NoTime() }
        return instant
      }
      if instant >= latest?.instant ?? .min {
        latest = Latest(instant: instant, open: try #require(Double(row[1] ?? "")))
      }
    }
    return latest
  }

  private struct NoTime: Error {}

  /// Another tool's timestamp that means an instant which no stored text means.
  private func foreign(_ instant: Int64, _ random: inout Seeded) -> String {
    let text = Timestamp.text(instant + 1800 * second)
    return random.pick([
      text.replacing("+00:00", with: "Z"), text.replacing("T", with: " "),
      Timestamp.text(instant + 1800 * second + 14 * hour).replacing("+00:00", with: "+14:00"),
      Timestamp.text(instant + 1800 * second - 12 * hour).replacing("+00:00", with: "-12:00"),
      text.replacing("-", with: "").replacing(":", with: "").replacing("+0000", with: "Z"),
    ])
  }

  @Test(arguments: [512, 4096, 8192])
  func isTheOneThatAllTextsMeanWhateverOthersDo(pageSize: Int) throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    let store = try scratch.store()
    var random = Seeded()
    var number = 0
    var newest: [String: Int64] = [:]
    func insert(_ symbol: String, _ time: String) throws {
      number += 1
      try raw.execute(
        "INSERT OR REPLACE INTO market_data(symbol, timeframe, timestamp, open) VALUES ('\(symbol)', '\(Self.timeframe)',"
          + " '\(time)', \(number).5)")
    }
    for step in 0..<600 {
      let symbol = random.pick(Self.symbols)
      let last = newest[symbol] ?? threeOClock
      switch Int.random(in: 0..<40, using: &random) {
      case 0...22:
        newest[symbol] = last + Int64.random(in: 1...3, using: &random) * hour
        try insert(symbol, Timestamp.text(newest[symbol] ?? 0))
      case 23, 24:
        try raw.execute("BEGIN")
        for _ in 0..<Int.random(in: 1...300, using: &random) {
          try insert(symbol, Timestamp.text(last - Int64.random(in: 1...500, using: &random) * hour))
        }
        try raw.execute("COMMIT")
      case 25...28:
        number += 1
        try raw.execute(
          "UPDATE market_data SET open = \(number).5 WHERE symbol = '\(symbol)' AND timestamp = '\(Timestamp.text(last))'"
        )
      case 29:
        let cut = last - Int64.random(in: 0...60, using: &random) * hour
        try raw.execute(
          "DELETE FROM market_data WHERE symbol = '\(symbol)' AND timestamp > '\(Timestamp.text(cut))'")
        newest[symbol] = cut
      case 30, 31:
        try insert(symbol, foreign(last - Int64.random(in: -1...20, using: &random) * hour, &random))
      case 32, 33, 34:
        try raw.execute(
          "DELETE FROM market_data WHERE length(timestamp) <> 25 OR timestamp LIKE '% %'"
            + " OR timestamp NOT LIKE '%+00:00'")
      case 35: try raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      case 36: try raw.execute("PRAGMA wal_checkpoint(RESTART)")
      case 37: try raw.execute("PRAGMA wal_checkpoint(PASSIVE)")
      case 38: try raw.execute("CREATE TABLE IF NOT EXISTS other(a); DROP TABLE other")
      default: if step % 3 == 0 { try raw.execute("VACUUM") }
      }
      // Some series are asked for at each step, others have changed more than once.
      for symbol in Self.symbols where Bool.random(using: &random) {
        let expected = try byText(raw, symbol)
        try #require(try latest(store, symbol) == expected, "\(random), step \(step): \(symbol)")
      }
    }
  }

  /// Hourly bars of "A" up to `last` on pages of a dozen entries each.
  private func hours(to last: Int64, _ count: Int64, _ raw: RawDatabase) throws {
    try raw.execute("BEGIN")
    for hours in (0..<count).reversed() {
      try raw.execute(
        "INSERT INTO market_data(symbol, timeframe, timestamp, open) VALUES ('A', '\(Self.timeframe)',"
          + " '\(Timestamp.text(last - hours * hour))', \(hours))")
    }
    try raw.execute("COMMIT")
  }

  @Test(arguments: [13, 14, 15])
  func anotherFormThatComesOnAPageBehindTheLastIsNotOverlooked(back: Int64) throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 512)
    try hours(to: threeOClock, 100, raw)
    let stores = try TwoWays(scratch.path())
    for store in [stores.fast, stores.plain] { #expect(try latest(store, "A")?.instant == threeOClock) }
    // So many rows back it means half an hour later. Nothing grows, so that few other pages change.
    let text = Timestamp.text(threeOClock - back * hour)
    try raw.execute(
      "UPDATE market_data SET timestamp = '\(text.replacing(":00:00+00:00", with: ":30:00-\(back):00"))'"
        + " WHERE timestamp = '\(text)'")
    #expect(try byText(raw, "A")?.instant == threeOClock + hour / 2)
    for store in [stores.fast, stores.plain] {
      #expect(try latest(store, "A")?.instant == threeOClock + hour / 2)
    }
  }

  @Test func anotherFormThatHidNothingHidesWhatIsLatestOnceTheLatestIsDeleted() throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 512)
    // 17:00; what means it or later begins with this date. From 15:00 back, the day before counts as well.
    let last = threeOClock + 2 * hour
    try hours(to: last, 100, raw)
    let other = Timestamp.text(last - 17 * hour - hour / 2).replacing("+00:00", with: "-15:45")
    try raw.execute(
      "INSERT INTO market_data(symbol, timeframe, timestamp, open) VALUES ('A', '\(Self.timeframe)', '\(other)', -1)"
    )
    let stores = try TwoWays(scratch.path())
    for store in [stores.fast, stores.plain] { #expect(try latest(store, "A")?.instant == last) }
    try raw.execute("DELETE FROM market_data WHERE timestamp > '\(Timestamp.text(threeOClock))'")
    let expected = try byText(raw, "A")
    #expect(expected?.open == -1)
    for store in [stores.fast, stores.plain] { #expect(try latest(store, "A") == expected) }
  }

  @Test func aStretchOfTooManyPagesIsLeftToSQLiteAtOnce() throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 512)
    try raw.execute(
      """
      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 29999)
      INSERT INTO market_data(symbol, timeframe, timestamp, open)
      SELECT 'A', '\(Self.timeframe)', strftime('%Y-%m-%dT%H:%M:%S+00:00', 1772377200 + i, 'unixepoch'), i FROM n
      """)
    let stores = try TwoWays(scratch.path())
    for _ in 0..<3 {
      for store in [stores.fast, stores.plain] { #expect(try latest(store, "A")?.open == 29_999) }
    }
  }

  @Test func whereALifeOfTheWALCannotBeToldFromAnotherSQLiteReads() throws {
    let scratch = try Scratch()
    do {
      let raw = try scratch.specifiedFile(pageSize: 4096)
      try hours(to: threeOClock, 10, raw)
    }
    // Folded in and closed: the next WAL has not begun.
    let stores = try TwoWays(scratch.path())
    for step in 0..<20 {
      for store in [stores.fast, stores.plain] {
        #expect(try latest(store, "A")?.instant == threeOClock + Int64(step) * hour)
      }
      // Each commit after a whole fold begins another life of the WAL.
      let raw = try scratch.raw()
      try raw.execute(
        "INSERT INTO market_data(symbol, timeframe, timestamp, open) VALUES ('A', '\(Self.timeframe)',"
          + " '\(Timestamp.text(threeOClock + Int64(step + 1) * hour))', 1); PRAGMA wal_checkpoint(TRUNCATE)")
    }
  }

  @Test func aTransactionSeesItsOwnLatestBar() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2]))
    try store.transaction { () throws(StoreError) in
      try store.market.write(.hourly([1, 2, 3]))
      // Within a transaction, its own rows count.
      #expect(try store.market.latestBar("EURUSD", "1h")?.close == 3)
    }
    #expect(try store.market.latestBar("EURUSD", "1h")?.close == 3)
  }
}
