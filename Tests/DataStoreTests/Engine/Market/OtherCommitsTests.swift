// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// What is known of rows in other forms holds until another connection commits, however often the store itself does.
@Suite(.filesOnly(.locks)) struct OtherCommitsTests {
  /// By the count that SQLite keeps for a connection: the way of a store without fast paths.
  @Test func ownCommitsAndCheckpointsDoNotLookLikeAnothers() throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 4096)
    let connection = try plainWriter(scratch)
    let version = try versionSeen(by: connection)
    for step in 0..<20 {
      try connection.execute("INSERT INTO system_state VALUES ('own\(step)', 1, '')")
      // What a checkpoint does right behind a commit.
      try connection.beginWriting()
      try connection.execute("ROLLBACK")
      if step % 3 == 0 {
        try connection.beginWriting()
        try connection.execute("COMMIT")
        try connection.beginWriting()
        try connection.execute("COMMIT")
        #expect(try versionSeen(by: connection) == version, "step \(step), commits of nothing")
      }
      if step % 4 == 0 {
        try connection.execute("BEGIN; INSERT INTO system_state VALUES ('gone', 1, ''); ROLLBACK")
      }
      if step % 5 == 0 {
        try connection.execute(
          "BEGIN; SAVEPOINT s; INSERT INTO system_state VALUES ('gone', 1, ''); ROLLBACK TO s;"
            + " INSERT INTO system_state VALUES ('kept\(step)', 1, ''); COMMIT")
      }
      #expect(throws: StoreError.self) {
        try connection.execute("INSERT INTO system_state VALUES ('own\(step)', 1, '')")
      }
      #expect(try versionSeen(by: connection) == version, "step \(step)")
    }
    for step in 0..<20 {
      let before = try versionSeen(by: connection)
      try connection.execute("INSERT INTO system_state VALUES ('again\(step)', 1, '')")
      try raw.execute("INSERT INTO system_state VALUES ('other\(step)', 1, '')")
      if step % 2 == 0 { try raw.execute("PRAGMA wal_checkpoint(RESTART)") }
      if step % 3 == 0 { try connection.execute("BEGIN IMMEDIATE; ROLLBACK") }
      #expect(try versionSeen(by: connection) != before, "step \(step)")
    }
  }

  // MARK: The store's own knowledge

  private static let symbols = ["A", "EURUSD", "USDJPY"]

  private func engine(_ store: Store) throws -> SQLiteEngine { try #require(store.engine as? SQLiteEngine) }

  /// How often anything was searched for, by all connections of a store together; 0 without fast paths.
  private func searches(_ store: Store) throws -> Int {
    guard let known = try engine(store).known else { return 0 }
    return known.bars.searches + known.requests.searches
  }

  private func write(_ store: Store, _ symbol: String, _ instant: Int64, _ close: Double = 1) throws {
    var bar = Bar(timestamp: instant)
    bar.close = close
    try store.market.write(bar, symbol, "1h")
  }

  /// The calls that go by what is known.
  private func useAll(_ store: Store, _ step: Int64) throws {
    for symbol in Self.symbols {
      try write(store, symbol, threeOClock + step * second)
      _ = try store.market.latestBar(symbol, "1h")
      _ = try store.market.latest([symbol], "1h", 3)
      _ = try store.market.read([symbol], "1h", threeOClock...threeOClock + 60 * second)
    }
  }

  @Test func afterOwnCommitsAndACheckpointNothingIsSearchedAgain() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for step in 0..<4 as Range<Int64> { try useAll(store, step) }
    let before = try searches(store)
    for step in 4..<60 as Range<Int64> {
      try useAll(store, step)
      switch step % 6 {
      case 0: _ = try store.checkpoint()
      case 1:
        let id = try store.beginTransaction()
        try write(store, "A", threeOClock + step * second, 2)
        try store.end(id, commit: false)
      case 2:
        try store.transaction { () throws(StoreError) in
          try store.market.write(.hourly([1]))
          let inner = try store.beginTransaction()
          try store.market.write(.hourly([2]))
          try store.end(inner, commit: false)
        }
      case 3: try store.state.set("key", json: "\(step)")
      case 4: #expect(throws: StoreError.self) { try write(store, "", 0) }
      default: break
      }
    }
    #expect(try searches(store) == before)
  }

  @Test func whatOthersCommitInTheStoredFormIsNotSearchedFor() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let other = try scratch.store(timeout: 5)
    for step in 0..<4 as Range<Int64> { try useAll(store, step) }
    // The first commit of a WAL is not compared with what was there before.
    let before = try searches(store)
    for step in 4..<40 as Range<Int64> {
      try write(other, "A", threeOClock + step * second)
      try other.state.set("key", json: "\(step)")
      try useAll(store, step)
    }
    #expect(try searches(store) == before)
  }

  /// Each way in which another's commit may come between two of ours.
  @Test(arguments: [
    "", "PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(RESTART)", "PRAGMA wal_checkpoint(TRUNCATE)",
    "CREATE TABLE more(a); DROP TABLE more", "VACUUM",
  ])
  func anothersCommitIsNeverMissed(then: String) throws {
    for before in ["", then] {
      for own in 0..<6 {
        let scratch = try Scratch()
        let store = try scratch.store(timeout: 5)
        let raw = try scratch.raw()
        for step in 0..<3 as Range<Int64> { try useAll(store, step) }
        if !before.isEmpty { try raw.execute(before) }
        // An hour and a half after three, which sorts before it.
        try raw.insertBar("A", "2026-03-01T00:30:00-16:00", close: 7)
        if !then.isEmpty { try raw.execute(then) }
        let instant = threeOClock + hour + hour / 2
        switch own {
        case 0: try write(store, "EURUSD", threeOClock)
        case 1: try store.state.set("key", json: "1")
        case 2:
          let id = try store.beginTransaction()
          try write(store, "A", threeOClock, 2)
          try store.end(id, commit: false)
        case 3: _ = try store.checkpoint()
        case 4: #expect(throws: StoreError.self) { try write(store, "", 0) }
        default: break
        }
        let what: Comment = "before '\(before)', then '\(then)', own \(own)"
        #expect(try store.market.latestBar("A", "1h")?.timestamp == instant, what)
        #expect(try store.market.latest(["A"], "1h", 1).timestamps == [instant], what)
        #expect(try store.market.read(["A"], "1h", instant...instant).close == [7], what)
        try write(store, "A", instant, 8)
        #expect(try store.market.read(["A"], "1h", instant...instant).close == [8], what)
        #expect(
          try raw.integer("SELECT count(*) FROM market_data WHERE close IN (7, 8)") == 1, what)
      }
    }
  }

  /// Rows in other forms that the store itself rewrites or deletes are there again where that is taken back.
  @Test func whatIsTakenBackIsKnownAgain() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 5)
    let raw = try scratch.raw()
    try useAll(store, 0)
    let instant = threeOClock + hour / 2
    try raw.insertBar("A", "2026-03-01T07:30:00-08:00", close: 7)
    for step in 0..<4 {
      #expect(try store.market.read(["A"], "1h", instant...instant).close == [7])
      let id = try store.beginTransaction()
      if step % 2 == 0 {
        try write(store, "A", instant, 8)
      } else {
        #expect(try store.market.delete("A", "1h", instant...instant) == 1)
      }
      // Another thread reads in between.
      #expect(try elsewhere { try store.market.read(["A"], "1h", instant...instant).close } == [7])
      #expect(try elsewhere { try store.market.latestBar("A", "1h")?.timestamp } == instant)
      try store.end(id, commit: false)
    }
    try write(store, "A", instant, 8)
    #expect(try store.market.read(["A"], "1h", instant...instant).close == [8])
    #expect(try raw.integer("SELECT count(*) FROM market_data WHERE timestamp LIKE '%-08:00'") == 0)
  }

  /// A store that has known the file all along, and one that is opened to look, without fast paths.
  @Test(arguments: [512, 4096, 8192])
  func knowsWhatAStoreFindsThatIsOpenedAfresh(pageSize: Int) throws {
    var random = Seeded()
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: pageSize)
    let store = try scratch.store(timeout: 5)
    let second = try scratch.store(timeout: 5)
    func instant() -> Int64 { threeOClock + Int64.random(in: -150...150, using: &random) * hour / 2 }
    func foreign(_ instant: Int64) -> String {
      let zone = Int64.random(in: -15...15, using: &random)
      let local = Timestamp.text(instant + zone * hour)
      guard zone != 0 else { return local.replacing("+00:00", with: random.pick(["Z", "-00:00", "+0000"])) }
      let sign = zone < 0 ? "-" : "+"
      let text = local.replacing(
        "+00:00", with: "\(sign)\(abs(zone) < 10 ? "0" : "")\(abs(zone)):00")
      return random.oneIn(4) ? text.replacing("T", with: " ") : text
    }
    // Looks at all series meanwhile, a few leaves at a time.
    let engines = [try engine(store), try engine(second)]
    let surveys = engines.map { engine in engine.known.map(engine.makeSurvey) }
    func insert(_ symbol: String, _ text: String) throws {
      try raw.execute(
        "INSERT OR IGNORE INTO market_data(symbol, timeframe, timestamp, close) VALUES ('\(symbol)', '1h',"
          + " '\(text)', 1)")
    }
    for step in 0..<700 {
      let symbol = random.pick(Self.symbols)
      let one = random.oneIn(4) ? second : store
      switch Int.random(in: 0..<26, using: &random) {
      case 0...7:
        let time = instant()
        try write(one, symbol, time)
        try #require(
          try one.market.read([symbol], "1h", time...time).count == 1, "\(random), step \(step): \(time)")
      case 8, 9:
        var batch = BarBatch.hourly([1, 2, 3, 4, 5], symbol: symbol)
        let first = instant()
        batch.timestamps = (0..<5).map { first + $0 * hour / 2 }
        try one.market.write(batch)
      case 10:
        let low = instant()
        _ = try one.market.delete(symbol, "1h", low...(low + 3 * hour))
      case 11:
        let id = try one.beginTransaction()
        _ = try one.market.delete(symbol, "1h", instant()...(threeOClock + 80 * hour))
        try write(one, symbol, instant())
        try one.end(id, commit: random.oneIn(2))
      case 12: #expect(throws: StoreError.self) { try self.write(one, "", 0) }
      case 13: _ = try one.checkpoint()
      case 14...17: try insert(symbol, foreign(instant()))
      case 18: try insert(symbol, Timestamp.text(instant()))
      case 19: try raw.execute("DELETE FROM market_data WHERE timestamp NOT LIKE '%T%+00:00'")
      case 20:
        try raw.execute("BEGIN")
        for _ in 0..<Int.random(in: 1...40, using: &random) { try insert(symbol, Timestamp.text(instant())) }
        if random.oneIn(2) { try insert(symbol, foreign(instant())) }
        try raw.execute(random.oneIn(3) ? "ROLLBACK" : "COMMIT")
      case 21: try raw.execute("PRAGMA wal_checkpoint(\(random.pick(["PASSIVE", "RESTART", "TRUNCATE"])))")
      case 22 where random.oneIn(4): try raw.execute("VACUUM")
      case 23: try raw.execute("CREATE TABLE IF NOT EXISTS other(a); DROP TABLE other")
      default: break
      }
      for survey in surveys where random.oneIn(2) {
        _ = try? survey?.stretch(Int.random(in: 1...6, using: &random)) { false }
      }
      guard random.oneIn(2) else { continue }
      let fresh = try Store(
        scratch.path(), StoreOptions(durability: .normal, timeout: 5, usesFastPaths: false))
      for symbol in Self.symbols {
        let ends = [instant(), instant()].sorted()
        let expected = try fresh.market.read([symbol], "1h", ends[0]...ends[1]).timestamps
        let few = try fresh.market.latest([symbol], "1h", 4).timestamps
        for one in [store, second] {
          let what: Comment = "\(random), step \(step): \(symbol) \(ends)"
          let found = try one.market.latestBar(symbol, "1h")?.timestamp
          try #require(found == few.last, what)
          try #require(try one.market.latest([symbol], "1h", 4).timestamps == few, what)
          try #require(try one.market.read([symbol], "1h", ends[0]...ends[1]).timestamps == expected, what)
        }
      }
    }
  }

  private func plainWriter(_ scratch: Scratch) throws -> StoreConnection {
    let settings = Connection.Settings(
      timeout: 5, synchronous: "NORMAL", walLimit: 1 << 22, fastPaths: [])
    let connection = try StoreConnection(scratch.path(), .readWrite, settings)
    connection.waitFairly()
    connection.openWAL()
    return connection
  }

  private func versionSeen(by connection: StoreConnection) throws -> UInt32 {
    try connection.execute("BEGIN")
    _ = try connection.integer("SELECT count(*) FROM main.sqlite_schema")
    let version = connection.dataVersion
    try connection.execute("COMMIT")
    return version
  }
}
