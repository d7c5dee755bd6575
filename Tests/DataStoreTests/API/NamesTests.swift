// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Names are bytes, though Swift's own `==`, sets and order hold canonically equivalent texts for the same. So what is
/// found is compared as `ExactText`.
@Suite struct NamesTests {
  /// Composed and decomposed, a unit and its letter, Hangul, marks in either order, letter case, the Kelvin sign, compatibility
  /// forms, marks after a slash, a space and an @, line ends.
  private static let alike = [
    "\u{e9}", "e\u{301}", "\u{c5}", "\u{212b}", "A\u{30a}", "\u{ac00}", "\u{1100}\u{1161}",
    "q\u{323}\u{307}", "q\u{307}\u{323}", "K", "\u{212a}", "k", "\u{fb01}", "fi", "/", "/\u{301}", " ",
    " \u{301}", "@", "@\u{301}", "\u{301}", "\r\n", "\r", "\n", "\u{37e}", ";", "%", "_",
  ]

  /// Pairs that run together alike, with a space, with nothing, with a separator.
  private static let glued = [
    ("A B", "1h"), ("A", "B 1h"), ("AB", "1h"), ("A", "B1h"), ("A\u{1f}B", "1h"), ("A", "B\u{1f}1h"),
  ]

  private static let series = alike.map { ($0, "1h") } + alike.map { ("S", $0) } + glued

  private func exact(_ texts: [String]) -> [ExactText] { texts.map(ExactText.init) }

  private func exact(_ texts: [String?]) -> [ExactText?] { texts.map { $0.map(ExactText.init) } }

  /// What the inventory has to be: each pair once, sorted by bytes.
  private func sorted(_ series: [(String, String)]) -> [[ExactText]] {
    series.map { exact([$0.0, $0.1]) }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  @Test func seriesOfNamesThatAreAlikeAreKeptApart() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for (place, name) in Self.series.enumerated() {
      var bar = Bar(timestamp: threeOClock)
      bar.close = Double(place)
      if place % 2 == 0 {
        try store.market.write(bar, name.0, name.1)
      } else {
        var batch = BarBatch(symbol: name.0, timeframe: name.1, timestamps: [threeOClock])
        batch.close = [Double(place)]
        try store.market.write(batch)
      }
    }
    for counts in [true, false] {
      let found = try store.market.series(counts: counts).map { exact([$0.symbol, $0.timeframe]) }
      #expect(found == sorted(Self.series), "counts \(counts)")
    }
    for (place, name) in Self.series.enumerated() {
      let close = Double(place)
      #expect(try store.market.read([name.0], name.1).close == [close])
      #expect(try store.market.read([name.0], name.1, threeOClock...threeOClock, limit: 1).close == [close])
      #expect(try store.market.latest([name.0], name.1).close == [close])
      #expect(try store.market.latestBar(name.0, name.1)?.close == close)
      #expect(try store.market.scan([name.0], name.1).next()?.close == [close])
    }
    let many = try store.market.read(Self.alike, "1h")
    #expect(many.close == Self.alike.indices.map(Double.init))
    #expect(exact(many.symbols) == exact(Self.alike))
    #expect(try store.market.latest(Self.alike, "1h").close == many.close)
    for (place, name) in Self.series.enumerated() {
      #expect(try store.market.delete(name.0, name.1) == 1)
      #expect(try store.market.latestBar(name.0, name.1) == nil)
      let left = try store.market.series(counts: false).map { exact([$0.symbol, $0.timeframe]) }
      #expect(left == sorted(Array(Self.series[(place + 1)...])))
    }
  }

  @Test(
    .filesOnly(.text),
    arguments: [
      [("\u{e9}", "1h"), ("e\u{301}", "1h")], [("A", "B 1h"), ("A B", "1h")], [("AB", "1h"), ("A", "B1h")],
    ])
  func otherFormsInOneSeriesAreNotLookedForInAnother(names: [(String, String)]) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for name in names {
      try store.market.write(Bar(timestamp: threeOClock - hour), name.0, name.1)
      #expect(try store.market.latestBar(name.0, name.1)?.timestamp == threeOClock - hour)
    }
    let raw = try scratch.raw()
    try raw.execute(
      """
      INSERT INTO market_data(symbol, timeframe, timestamp)
      VALUES ('\(names[1].0)', '\(names[1].1)', '2026-03-01T16:00:00+01:00')
      """)
    let range = threeOClock...threeOClock + hour / 2
    #expect(try store.market.read([names[0].0], names[0].1, range).count == 0)
    #expect(try store.market.read([names[1].0], names[1].1, range).count == 1)
    #expect(try store.market.latestBar(names[0].0, names[0].1)?.timestamp == threeOClock - hour)
    #expect(try store.market.latestBar(names[1].0, names[1].1)?.timestamp == threeOClock)
    #expect(try store.market.delete(names[0].0, names[0].1, range) == 0)
    #expect(try store.market.delete(names[1].0, names[1].1, range) == 1)
  }

  @Test func featuresOfKeysThatAreAlikeAreKeptApart() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let keys = Self.alike.filter { !$0.hasPrefix("@") && $0 != "@\u{301}" }.flatMap {
      ["\($0)@1", "k@\($0)"]
    }
    var batch = BarBatch.hourly([1])
    batch.features = keys.enumerated().map { .init($1, [Double($0)]) }
    try store.market.write(batch)
    let all = try store.market.read(["EURUSD"], "1h", features: .all).features
    #expect(exact(all.map(\.key)) == exact(keys).sorted())
    let asked = try store.market.read(["EURUSD"], "1h", features: .keys(keys)).features
    #expect(exact(asked.map(\.key)) == exact(keys))
    #expect(asked.map(\.values) == keys.indices.map { [Double($0)] })
    try refused(.invalid) {
      try store.market.read(["EURUSD"], "1h", features: .keys(["e\u{301}@1", "\u{e9}@1", "e\u{301}@1"]))
    }
  }

  @Test func textsThatAreAlikeComeBackAsTheyWere() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let texts: [String?] = Self.alike + [nil] + Self.alike.reversed()
    var batch = BarBatch.hourly(texts.map { _ in 1 })
    batch.source = texts
    batch.quality = texts.reversed()
    try store.market.write(batch)
    let bars = try store.market.read(["EURUSD"], "1h")
    #expect(exact(bars.source) == exact(texts))
    #expect(exact(bars.quality) == exact(texts.reversed()))
  }

  @Test func requestsOfNamesThatAreAlikeAreKeptApart() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for name in Self.series {
      try store.market.record(
        MarketRequest(
          symbol: name.0, timeframe: name.1, requestedAt: threeOClock, start: 0, end: 1, providerUsed: name.0)
      )
    }
    let found = try store.market.requests()
    #expect(found.map { exact([$0.symbol, $0.timeframe]) } == sorted(Self.series))
    #expect(exact(found.map(\.providerUsed)) == exact(found.map(\.symbol)))
    for name in Self.series {
      let one = try store.market.requests(symbol: name.0, timeframe: name.1)
      #expect(one.map { exact([$0.symbol, $0.timeframe]) } == [exact([name.0, name.1])])
    }
  }

  @Test func stateKeysThatAreAlikeAreKeptApart() throws {
    let scratch = try Scratch()
    let state = try scratch.store().state
    try state.setMany(Self.alike.enumerated().map { (key: $1, json: "[\($0)]") })
    #expect(exact(try state.entries().map(\.key)) == exact(Self.alike).sorted())
    for (place, key) in Self.alike.enumerated() {
      #expect(try state.get(key) == "[\(place)]")
      let wanted = exact(Self.alike).filter { $0.text.utf8.starts(with: key.utf8) }.sorted()
      #expect(exact(try state.entries(prefix: key).map(\.key)) == wanted)
      #expect(try state.compareAndSet(key, expected: "[\(place)]", json: "{\"\(key.utf8.count)\":1}"))
    }
    for key in Self.alike {
      #expect(try state.delete(key))
      #expect(try state.updatedAt(key) == nil)
    }
    try state.set("key", json: "{\"\u{e9}\":1}")
    #expect(try !state.compareAndSet("key", expected: "{\"e\u{301}\":1}", json: "2"))
    #expect(try state.compareAndSet("key", expected: "{\"\\u00e9\":1}", json: "2"))
  }

  @Test func whatIsReadIsEqualWhereItsBytesAre() {
    let entries = ["\u{e9}", "e\u{301}"].map { StateRepo.Entry(key: $0, json: "\"\($0)\"") }
    #expect(entries[0] != entries[1])
    #expect(entries[0] == entries[0])
    #expect(entries[0] != StateRepo.Entry(key: "\u{e9}", json: nil))
    let series = ["\u{e9}", "e\u{301}"].map {
      SeriesEntry(symbol: $0, timeframe: "1h", first: 0, last: 0, bars: nil, gaps: nil)
    }
    #expect(series[0] != series[1])
    #expect(series[0] == series[0])
    let plain = MarketRequest(symbol: "\u{e9}", timeframe: "1h", start: 0, end: 0, providerUsed: "p")
    #expect(plain == plain)
    let changes: [(inout MarketRequest) -> Void] = [
      { $0.symbol = "e\u{301}" }, { $0.timeframe = "1H" }, { $0.requestedAt = 0 }, { $0.start = 1 },
      { $0.end = 1 },
      { $0.providerUsed = "P" }, { $0.fallbackUsed = true }, { $0.coverageRatio = 1 }, { $0.gapCount = 0 },
      { $0.quality = "" }, { $0.notes = "" },
    ]
    for change in changes {
      var other = plain
      change(&other)
      #expect(other != plain)
    }
  }

  @Test(.filesOnly(.file)) func pathsArePartedAtEachSlash() throws {
    let scratch = try Scratch()
    for name in ["\u{301}", "\u{301}.db", "\u{e9}", "e\u{301}"] {
      let store = try scratch.store(name)
      #expect(ExactText(store.path) == ExactText(scratch.path(name)))
      try store.state.set("name", json: "\"\(name)\"")
      try store.backup(to: scratch.path("\u{301} of \(name)"))
    }
    for name in ["\u{301}", "\u{301}.db", "\u{e9}", "e\u{301}"] {
      for path in [name, "\u{301} of \(name)"] {
        let found = try scratch.store(path).state.get("name")
        #expect(found.map(ExactText.init) == ExactText("\"\(name)\""))
      }
    }
  }

  @Test func parametersOfQueriesAreFoundByTheirBytes() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    func values(_ sql: String, _ names: [String]) throws -> [Int64] {
      let parameters = names.enumerated().map { QueryParameter(.integer(Int64($0)), name: $1) }
      return try store.query(sql, parameters).columns.map { $0.integers[0] }
    }
    #expect(try values("SELECT :\u{e9}, :e\u{301}", ["\u{e9}", "e\u{301}"]) == [0, 1])
    #expect(try values("SELECT :k, :K, :\u{212a}", ["K", "k", "\u{212a}"]) == [1, 0, 2])
    #expect(try values("SELECT :a, @a, $a", ["b", "a"]) == [1, 1, 1], "one with each prefix")
    try refused(.invalid) { try values("SELECT :a", ["a\0b"]) }
    let columns = try store.query("SELECT 1 AS \"\u{e9}\", 2 AS \"e\u{301}\"").columns
    #expect(exact(columns.map(\.name)) == exact(["\u{e9}", "e\u{301}"]))
  }

  @Test(
    .filesOnly(.query),
    arguments: [
      ("SELECT 1; --\u{301}", true), ("SELECT 1; /*\u{301}*/", true), ("SELECT 1;\r\n;\t", true),
      ("SELECT 1; -- \u{2028} SELECT 2", true), ("SELECT 1; /* */\u{301}", false),
      ("SELECT 1; \u{37e}", false),
      ("SELECT 1; -- \n SELECT 2", false),
    ])
  func theEndOfAQueryIsReadAsSQLiteDoes(sql: String, isOne: Bool) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    if isOne {
      #expect(try store.query(sql).count == 1)
    } else {
      try refused(.invalid) { try store.query(sql) }
    }
  }

  @Test func aMessageShowsSoMuchOfATextAndNoMore() throws {
    let quoted = StoreError.quoted("e" + String(repeating: "\u{301}", count: 1_000_000))
    #expect(quoted.utf8.count < 500)
    #expect(StoreError.quoted("\u{e9}") == "'\u{e9}'")
  }
}
