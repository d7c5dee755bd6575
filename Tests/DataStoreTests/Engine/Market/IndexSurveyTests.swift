// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

/// The look at all series beside the calls: what it has found out is right, whatever happens meanwhile.
@Suite(.filesOnly(.internals)) struct IndexSurveyTests {
  private static let symbols = (0..<24).map { "S\($0 / 10)\($0 % 10)" }

  private func engine(_ store: Store) throws -> SQLiteEngine { try #require(store.engine as? SQLiteEngine) }

  private func fill(_ store: Store, rows: Int) throws {
    for symbol in Self.symbols {
      try store.market.write(.hourly((0..<rows).map(Double.init), symbol: symbol))
    }
  }

  /// The latest instant of a series by going through all of its texts.
  private func latest(_ raw: RawDatabase, _ symbol: String) throws -> Int64? {
    try raw.rows("SELECT timestamp FROM market_data WHERE symbol = '\(symbol)'").compactMap { row in
      Array((row[0] ?? "").utf8).withUnsafeBufferPointer { TimestampParser.layout($0)?.instant }
    }.max()
  }

  /// Stretch by stretch, with commits of the store and of another tool in between.
  @Test(arguments: [512, 1024, 4096])
  func aStoreThatSurveysFindsWhatOthersWrite(pageSize: Int) throws {
    var random = Seeded()
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    let store = try scratch.store(timeout: 5)
    try fill(store, rows: 12)
    let engine = try engine(store)
    let survey = engine.known.map(engine.makeSurvey)
    var (stretches, wholes) = (0, 0)
    func instant() -> Int64 { threeOClock + Int64.random(in: 0..<40, using: &random) * hour / 2 }
    for step in 0..<200 {
      let symbol = random.pick(Self.symbols)
      switch Int.random(in: 0..<40, using: &random) {
      case 0...5:
        var bar = Bar(timestamp: instant())
        bar.close = 1
        try store.market.write(bar, symbol, "1h")
      case 6: try fill(store, rows: 14)
      case 7: _ = try store.market.delete(symbol, "1h", instant()...instant().advanced(by: 100 * Int(hour)))
      case 8:
        // It sorts hours before what it means, or behind.
        let zone = Int64.random(in: -15...15, using: &random)
        let text = Timestamp.text(instant() + zone * hour).replacing(
          "+00:00", with: "\(zone < 0 ? "-" : "+")\(abs(zone) < 10 ? "0" : "")\(abs(zone)):00")
        try raw.execute(
          "INSERT OR IGNORE INTO market_data(symbol, timeframe, timestamp) VALUES ('\(symbol)', '1h', '\(text)')"
        )
      case 9, 10: try raw.execute("DELETE FROM market_data WHERE timestamp NOT LIKE '%T%+00:00'")
      case 11: _ = try store.checkpoint()
      case 12: try raw.execute("PRAGMA wal_checkpoint(\(random.pick(["PASSIVE", "RESTART", "TRUNCATE"])))")
      case 13 where random.oneIn(3): try raw.execute("VACUUM")
      default: break
      }
      for _ in 0..<2 {
        let leaves = Int.random(in: 1...9, using: &random)
        let outcome = try? survey?.stretch(leaves) { random.oneIn(6) }
        if outcome != nil { stretches += 1 }
        if outcome == .end { wholes += 1 }
      }
      for _ in 0..<3 {
        let symbol = random.pick(Self.symbols)
        try #require(
          try store.market.latestBar(symbol, "1h")?.timestamp == latest(raw, symbol),
          "\(random), step \(step): \(symbol)")
      }
    }
    // Without fast paths there is none.
    if survey == nil { return }
    #expect(stretches > 10 && wholes > 1, "\(random): \(stretches) stretches, \(wholes) of them the last")
    #expect(try store.check().isEmpty == latestAreAllStored(raw))
  }

  private func latestAreAllStored(_ raw: RawDatabase) throws -> Bool {
    try raw.integer("SELECT count(*) FROM market_data WHERE timestamp NOT LIKE '%T%+00:00'") == 0
  }

  /// By its own thread, which begins after a few first looks.
  @Test func beginsByItselfAndGivesWay() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 5)
    let raw = try scratch.raw()
    try fill(store, rows: 300)
    // Without fast paths there is none.
    guard let known = try engine(store).known else { return }
    for symbol in Self.symbols { _ = try store.market.latestBar(symbol, "1h") }
    // A reader on an older snapshot would hold a checkpoint back.
    for round in 0..<24 {
      var bar = Bar(timestamp: threeOClock)
      bar.close = Double(round)
      try store.market.write(bar, Self.symbols[round % 24], "1h")
      #expect(try store.checkpoint().heldBack == 0)
    }
    func isWhole() throws -> Bool {
      let id = try store.beginTransaction()
      defer { try? store.end(id, commit: false) }
      let writer = try #require(try engine(store).writer)
      return known.bars.areAllPlain(writer)
    }
    let deadline = Deadline(secondsFromNow: 60)
    while try !isWhole(), !deadline.isPast { usleep(2000) }
    #expect(try isWhole())
    let before = known.bars.searches
    for symbol in Self.symbols {
      var bar = Bar(timestamp: threeOClock + 1000 * hour)
      bar.close = 1
      try store.market.write(bar, symbol, "1h")
    }
    #expect(known.bars.searches == before)
    // An hour and a half after the latest, and sorts before it.
    let text = Timestamp.text(threeOClock + 986 * hour).replacing("+00:00", with: "-15:30")
    try raw.insertBar("S07", text, close: 7)
    #expect(try store.market.latestBar("S07", "1h")?.timestamp == threeOClock + 1001 * hour + hour / 2)
    #expect(try !isWhole())
    store.close()
  }

  /// Requests, too: of many series each is the first of its own.
  @Test func goesOverTheRequestsWhereManyAreLookedFor() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 5)
    let raw = try scratch.raw()
    // Without fast paths there is none.
    guard let known = try engine(store).known else { return }
    func record(_ symbol: String, at time: Int64) throws {
      _ = try store.market.record(
        MarketRequest(
          symbol: symbol, timeframe: "1h", requestedAt: time, start: threeOClock, end: threeOClock + hour,
          providerUsed: "feed"))
    }
    for symbol in Self.symbols { try record(symbol, at: threeOClock) }
    func isWhole() throws -> Bool {
      let id = try store.beginTransaction()
      defer { try? store.end(id, commit: false) }
      let writer = try #require(try engine(store).writer)
      return known.requests.areAllPlain(writer)
    }
    let deadline = Deadline(secondsFromNow: 60)
    while try !isWhole(), !deadline.isPast { usleep(2000) }
    #expect(try isWhole())
    let before = known.requests.searches
    for symbol in 0..<40 { try record("NEW\(symbol)", at: threeOClock) }
    #expect(known.requests.searches == before)
    // One that another tool has recorded in another form is the same request.
    let text = Timestamp.text(threeOClock + 2 * hour).replacing("+00:00", with: "+02:00")
    try raw.execute(
      """
      INSERT INTO market_requests(symbol, timeframe, requested_at, provider_used, start_ts, end_ts)
      VALUES ('NEW7', '1h', '\(text)', 'tool', '\(text)', '\(text)')
      """)
    try record("NEW7", at: threeOClock)
    #expect(try raw.integer("SELECT count(*) FROM market_requests WHERE symbol = 'NEW7'") == 1)
    #expect(try !isWhole())
    store.close()
  }

  @Test func aStoreMayBeClosedAtAnyTimeOfIt() throws {
    let scratch = try Scratch()
    try fill(try scratch.store(timeout: 5), rows: 200)
    for round in 0..<12 {
      let store = try scratch.store(timeout: 5)
      for symbol in Self.symbols.prefix(16) { _ = try store.market.latestBar(symbol, "1h") }
      usleep(UInt32(round * 50))
      if round % 2 == 0 { store.close() }
    }
    #expect(scratch.names == ["bars.db"], "the last to close has folded the WAL in")
  }
}
