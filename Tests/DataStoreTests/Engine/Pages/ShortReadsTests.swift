// SPDX-License-Identifier: MIT
import CSQLite
import Testing

@testable import DataStore

/// Reads of few rows, and of many series, which take rows from pages that stay between calls: they bring what SQLite brings.
@Suite(.filesOnly(.internals)) struct ShortReadsTests {
  /// Some begin as others do, or need two bytes for their length; one is longer than a small page holds, and one has no rows.
  private static let symbols =
    ["A", "AA", "B", "EURUSD", "EURUSE", String(repeating: "LONG", count: 16), "Ä"]
    + [String(repeating: "w", count: 120), "nothing"]
  private static let timeframes = ["1h", "1", "1hour"]
  private static let hours: Int64 = 400

  private static func time(_ random: inout Seeded) -> Int64 {
    threeOClock + Int64.random(in: -3..<hours + 3, using: &random) * hour
  }

  /// Mostly as the store writes it.
  private static func text(_ instant: Int64, _ random: inout Seeded, foreign: Bool) -> String {
    let text = Timestamp.text(instant)
    guard foreign, random.oneIn(40) else { return text }
    let start = String(text.prefix(19))
    return random.pick([
      start + "Z", start + "+02:00", start.replacing("T", with: " "), start + ".000001+00:00",
      String(text.prefix(10)),
    ])
  }

  private func insert(_ raw: RawDatabase, _ random: inout Seeded, rows: Int, foreign: Bool) throws {
    try raw.execute("BEGIN")
    for _ in 0..<rows {
      let time = Self.text(Self.time(&random), &random, foreign: foreign)
      try raw.execute(
        """
        INSERT OR REPLACE INTO market_data(symbol, timeframe, timestamp, close, source, features)
        VALUES ('\(random.pick(Self.symbols.dropLast()))', '\(random.pick(Self.timeframes))', '\(time)',
        \(Int.random(in: 0..<1000, using: &random)), \(random.pick(["'mt5'", "NULL"])),
        \(random.pick(["NULL", "'{}'", "'\(String(repeating: "f", count: random.pick([20, 3000])))'"])))
        """)
    }
    if random.oneIn(5) { try raw.execute("DELETE FROM market_data WHERE rowid % 11 = 3") }
    try raw.execute("COMMIT")
  }

  private func fold(_ raw: RawDatabase, _ mode: Int32) {
    sqlite3_wal_checkpoint_v2(raw.handle, nil, mode, nil, nil)
  }

  /// Some of the symbols, each once.
  private func some(_ random: inout Seeded) -> [String] {
    let shuffled = Self.symbols.shuffled(using: &random)
    let count = random.pick([1, 1, 3, shuffled.count])
    let some = Array(shuffled.prefix(count))
    return random.oneIn(2) ? some : some.sorted { ExactText($0) < ExactText($1) }
  }

  private func range(_ random: inout Seeded) -> TimeRange {
    let times = [Self.time(&random), Self.time(&random)].sorted()
    return random.pick([
      .all, TimeRange(start: times[0]), TimeRange(end: times[1]), TimeRange(start: times[0], end: times[1]),
      TimeRange(start: times[0], end: times[0] + 60 * hour), TimeRange(start: times[1], end: times[0]),
    ])
  }

  private func compare(_ stores: TwoWays, _ random: inout Seeded, _ comment: String) throws -> Int {
    let symbols = some(&random)
    let timeframe = random.pick(Self.timeframes)
    let rows: TwoWays.Outcome<[ReadRows]>
    switch Int.random(in: 0..<4, using: &random) {
    case 3:
      let range = range(&random)
      return try compareCounts(stores, symbols[0], timeframe, range, "count \(range), \(comment)")
    case 0:
      let count = random.pick([0, 1, 1, 2, 10, 60, 1000])
      rows = try stores.agree("latest \(count), \(comment)") { store throws(StoreError) in
        [ReadRows(try store.market.latest(symbols, timeframe, count, ReadShape(features: .json)))]
      }
    case 1:
      let range = range(&random)
      let limit = random.pick([nil, nil, 0, 1, 2, 7, 60, 1000])
      rows = try stores.agree("read \(range), limit \(limit ?? -1), \(comment)") { store throws(StoreError) in
        [ReadRows(try store.market.read(symbols, timeframe, range, ReadShape(features: .json, limit: limit)))]
      }
    default:
      let range = range(&random)
      let chunk = random.pick([1, 3, 50])
      rows = try stores.agree("scan \(range), chunk \(chunk), \(comment)") { store throws(StoreError) in
        let shape = ReadShape(features: .json)
        let scan = try store.market.scan(symbols, timeframe, range, shape, chunk: chunk)
        var chunks: [ReadRows] = []
        while let bars = try scan.next() { chunks.append(ReadRows(bars)) }
        return chunks
      }
    }
    guard case .result(let found) = rows else { return 0 }
    return found.reduce(0) { $0 + $1.times.count }
  }

  /// What the index tells, of which a read has the reference.
  private func compareCounts(
    _ stores: TwoWays, _ symbol: String, _ timeframe: String, _ range: TimeRange, _ comment: String
  ) throws -> Int {
    try stores.agree(comment) { store throws(StoreError) in
      try store.market.featureKeys(symbol, timeframe, range)
    }
    let grid = TimeRange(start: range.start ?? threeOClock, end: range.end ?? threeOClock + Self.hours * hour)
    try stores.agree(comment) { store throws(StoreError) in
      try store.market.missing(symbol, timeframe, grid, step: hour).list
    }
    let count = try stores.agree(comment) { store throws(StoreError) in
      try store.market.count(symbol, timeframe, range)
    }
    let read = TwoWays.Outcome { () throws(StoreError) in
      try stores.plain.market.read([symbol], timeframe, range, ReadShape(columns: [])).count
    }
    #expect(count == read, "\(comment)")
    guard case .result(let rows) = read else { return 0 }
    return rows
  }

  @Test(arguments: [512, 1024, 4096, 8192, 65_536], [false, true])
  func shortReadsBringWhatSQLiteBrings(pageSize: Int, foreign: Bool) throws {
    var random = Seeded()
    let scratch = try Scratch(in: "/dev/shm")
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    let stores = try TwoWays(scratch.path())
    try insert(raw, &random, rows: 1500, foreign: foreign)
    var compared = 0
    for round in 0..<(Proof.isFull ? 1000 : 60) {
      // What was kept of pages is tried after commits, after some or all was folded in, and after neither.
      switch Int.random(in: 0..<6, using: &random) {
      case 0: try insert(raw, &random, rows: random.pick([1, 40]), foreign: foreign)
      case 1: fold(raw, random.pick([SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_RESTART]))
      case 2:
        try stores.fast.market.write(.hourly([Double(round)], symbol: random.pick(Self.symbols.dropLast())))
      default: break
      }
      compared += try compare(stores, &random, "round \(round), \(random)")
    }
    #expect(compared > 1000)
  }

  /// The pages that a read keeps are of different snapshots; what it brings is of one.
  @Test func theLatestOfManyAreOfOneCommit() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let store = try scratch.store(timeout: 60)
    let symbols = (0..<60).map { "S\($0)" }
    @Sendable func write(_ store: Store, _ value: Int) throws(StoreError) {
      try store.transaction { () throws(StoreError) in
        // Bars that come and bars that change.
        for symbol in symbols {
          try store.market.write(
            .hourly(Array(repeating: Double(value), count: 1 + value / 10), symbol: symbol))
        }
      }
    }
    try write(store, 0)
    let other = try scratch.store(timeout: 60)
    let raw = try scratch.raw()
    let writer = Worker {
      for value in 1...400 {
        try write(other, value)
        if value % 3 == 0 { sqlite3_wal_checkpoint_v2(raw.handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil) }
      }
    }
    var last = 0.0
    var reads = 0
    while last < 400 {
      let count = reads % 3 + 1
      let bars = try store.market.latest(symbols, "1h", count, ReadShape(columns: .close))
      reads += 1
      try #require(Set(bars.close).count == 1)
      let value = bars.close.first ?? -1
      try #require(value >= last && bars.count == symbols.count * min(count, 1 + Int(value) / 10))
      last = value
    }
    try writer.join()
    #expect(reads > 1)
  }

  @Test func namesThatComeTwiceAreRefusedInWhateverOrder() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for symbols in [["A", "A"], ["A", "B", "A"], ["B", "A", "C", "B"], ["C", "B", "A", "A"]] {
      #expect(throws: StoreError.self) { try store.market.read(symbols, "1h") }
    }
    // The same to Swift, and not to the store.
    for symbols in [["A", "B", "C"], ["C", "A", "B"], ["e\u{301}", "\u{e9}"], ["\u{e9}", "e\u{301}"]] {
      #expect(try store.market.read(symbols, "1h").symbols.count == symbols.count)
    }
  }
}
