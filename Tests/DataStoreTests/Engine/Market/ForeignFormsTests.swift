// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Timestamps that other tools wrote in other ISO 8601 forms, whose order as text is not the order of time.
@Suite(.filesOnly(.text)) struct ForeignFormsTests {
  /// `instant` (a whole second) in one of the many ways to write it.
  private static func text(_ instant: Int64, _ random: inout Seeded) -> String {
    // East or west of Greenwich, in quarters of an hour.
    let quarters = random.oneIn(3) ? 0 : Int64.random(in: -64...64, using: &random)
    let local = Timestamp.text(instant + quarters * 900 * second)
    let date = String(local.prefix(10))
    let time = String(local.dropFirst(11).prefix(8))
    let minutes = abs(quarters) * 15
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let sign = quarters < 0 ? "-" : "+"
    let offset =
      quarters == 0
      ? random.pick(["Z", "z", "", "+00:00", "-00:00", "+0000", "+00"])
      : random.pick([sign + two(minutes / 60) + ":", sign + two(minutes / 60)]) + two(minutes % 60)
    let digits = String(time.filter { $0 != ":" })
    let fraction = random.pick(["", "", ".0", ".000", ",000000", ".000000000"])
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return Timestamp.text(instant)
    case 1: return date.filter { $0 != "-" } + "T" + digits + fraction + offset
    case 2 where time.hasSuffix(":00"):
      return date + random.pick(["T", "t", " "]) + time.prefix(5) + offset
    default: return date + random.pick(["T", "t", " "]) + time + fraction + offset
    }
  }

  /// A series over the turn of a year, as other tools might have left it; some instants twice in two forms.
  private func filled(_ raw: RawDatabase, _ random: inout Seeded) throws -> [Int64] {
    let newYear = 1_767_225_600 * second
    var texts: [String: Int64] = [:]
    for _ in 0..<40 {
      let instant = newYear + Int64.random(in: -60...60, using: &random) * 1_800 * second
      for _ in 0..<(random.oneIn(5) ? 2 : 1) { texts[Self.text(instant, &random)] = instant }
    }
    try raw.execute("DELETE FROM market_data; BEGIN")
    for (text, instant) in texts { try raw.insertBar("EURUSD", text, close: Double(instant / second)) }
    try raw.execute("COMMIT")
    return texts.values.sorted()
  }

  private func expectSame(_ bars: Bars, _ expected: some Sequence<Int64>, _ what: String, _ random: Seeded) {
    #expect(bars.timestamps == Array(expected), "\(random): \(what)")
    #expect(bars.close == bars.timestamps.map { Double($0 / second) }, "\(random): \(what)")
  }

  @Test func readsLimitsLatestAndScansGoByTimeNotByText() throws {
    var random = Seeded()
    let scratch = try Scratch()
    let store = try scratch.store()
    let raw = try scratch.raw()
    for _ in 0..<25 {
      let all = try filled(raw, &random)
      let series = try store.market.series()
      #expect(series.map(\.first) == [all[0]], "\(random)")
      #expect(series.map(\.last) == all.suffix(1), "\(random)")
      #expect(series.map(\.bars) == [Int64(all.count)], "\(random)")
      let uncounted = try store.market.series(counts: false)
      #expect(uncounted.map(\.first) == [all[0]], "\(random)")
      #expect(uncounted.map(\.last) == all.suffix(1), "\(random)")
      #expect(try store.market.latestBar("EURUSD", "1h")?.timestamp == all.last, "\(random)")
      for _ in 0..<12 {
        let ends = [random.pick(all), random.pick(all) + random.pick([0, 1, -1, 450 * second])].sorted()
        let range = ends[0]...ends[1]
        let expected = all.filter { range.contains($0) }
        let count = Int.random(in: 0...all.count, using: &random)
        expectSame(try store.market.read(["EURUSD"], "1h", range), expected, "range \(range)", random)
        #expect(try store.market.count("EURUSD", "1h", range) == expected.count, "\(random): \(range)")
        let missing = try store.market.missing("EURUSD", "1h", range, every: 1_800 * second)
        #expect(missing == runs(of: range, every: 1_800 * second, without: Set(all)), "\(random): \(range)")
        expectSame(
          try store.market.read(["EURUSD"], "1h", range, limit: count), expected.prefix(count),
          "range \(range), limit \(count)", random)
        expectSame(
          try store.market.read(["EURUSD"], "1h", limit: count), all.prefix(count), "limit \(count)", random)
        expectSame(
          try store.market.latest(["EURUSD"], "1h", count), all.suffix(count), "latest \(count)", random)
      }
      let chunk = Int.random(in: 1...9, using: &random)
      let scan = try store.market.scan(["EURUSD"], "1h", chunk: chunk)
      var scanned: [Int64] = []
      while let bars = try scan.next() {
        #expect(bars.count <= chunk)
        scanned += bars.timestamps
      }
      #expect(scanned == all, "\(random): chunks of \(chunk)")
    }
  }

  private func runs(of range: ClosedRange<Int64>, every step: Int64, without stored: Set<Int64>)
    -> [MissingRun]
  {
    var runs: [MissingRun] = []
    var last: Int64?
    for time in stride(from: range.lowerBound, through: range.upperBound, by: Int(step)) {
      if stored.contains(time) {
        last = nil
      } else if last != nil, let run = runs.popLast() {
        runs.append(MissingRun(start: run.start, end: time, bars: run.bars + 1))
      } else {
        runs.append(MissingRun(start: time, end: time, bars: 1))
        last = time
      }
    }
    return runs
  }

  @Test func deletesGoByTimeNotByText() throws {
    var random = Seeded()
    let scratch = try Scratch()
    let store = try scratch.store()
    let raw = try scratch.raw()
    for _ in 0..<40 {
      let all = try filled(raw, &random)
      let ends = [random.pick(all), random.pick(all)].sorted()
      let range = ends[0]...ends[1]
      let gone = all.filter { range.contains($0) }
      #expect(try store.market.delete("EURUSD", "1h", range) == gone.count, "\(random): \(range)")
      let left = try store.market.read(["EURUSD"], "1h")
      expectSame(left, all.filter { !range.contains($0) }, "after deleting \(range)", random)
    }
  }

  @Test func aForeignFormThatAnotherToolAddsLaterIsSeen() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2, 3]))
    let range = threeOClock...threeOClock + 2 * hour
    #expect(try store.market.read(["EURUSD"], "1h", range).close == [1, 2, 3])
    try scratch.raw().insertBar("EURUSD", "2026-03-02T01:30:00+09:00", close: 1.5)
    #expect(try store.market.read(["EURUSD"], "1h", range).close == [1, 2, 1.5, 3])
    #expect(try store.market.latest(["EURUSD"], "1h", 2).close == [1.5, 3])
  }

  @Test func checkReportsThemAndTheyStayAsTheyAre() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let raw = try scratch.raw()
    try raw.insertBar("EURUSD", "2026-03-01T15:00:00Z", close: 1)
    let findings = try store.check()
    #expect(findings.count == 1)
    #expect(findings.first?.contains("2026-03-01T15:00:00Z") == true)
    #expect(try raw.text("SELECT timestamp FROM market_data") == "2026-03-01T15:00:00Z")
  }

  @Test(arguments: ["yesterday", "", "2026-13-01T00:00:00+00:00", "1772377200", "9999-12-31T23:59:59+00:00"])
  func textThatIsNoStorableTimeIsCorruptAndNamed(text: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try scratch.raw().insertBar("EURUSD", text, close: 1)
    let error = try refused(.corrupt) { try store.market.read(["EURUSD"], "1h") }
    #expect(error.message.contains("EURUSD 1h"))
    #expect(error.message.contains(text))
    #expect(try store.check().count == 1)
    #expect(try store.market.delete("EURUSD", "1h") == 1, "it can be got rid of")
  }

  /// Windows of texts, which reads by instant go by, hold each text of an instant within; no two overlap.
  @Test func windowsHoldAllTextsOfTheirInstants() {
    var random = Seeded()
    let newYear = 1_767_225_600 * second
    for _ in 0..<2_000 {
      let instant = newYear + Int64.random(in: -200_000...200_000, using: &random) * second
      let text = Self.text(instant, &random)
      guard let (read, layout) = text.withBytes({ TimestampParser.layout($0) }) else {
        Issue.record("\(random): \(text) is not a time")
        continue
      }
      #expect(read == instant, "\(random): \(text)")
      var forms = TimeForms.stored
      forms.take(layout)
      let low = instant - Int64.random(in: 0...100_000, using: &random) * second
      let high = instant + Int64.random(in: 0...100_000, using: &random) * second
      for bounds in [(low, high), (nil, high), (low, nil), (nil, nil)] as [(Int64?, Int64?)] {
        for forms in [forms, .any] {
          let windows = forms.windows(from: bounds.0, to: bounds.1)
          let place = TimeText(text)
          let holding = windows.filter { $0.low <= place && $0.high.map { place < $0 } ?? true }
          #expect(holding.count == 1, "\(random): \(text) in \(windows)")
        }
      }
    }
  }

  @Test func aWriteOfABatchFindsRowsInOtherForms() throws {
    var random = Seeded()
    let scratch = try Scratch()
    let store = try scratch.store()
    let raw = try scratch.raw()
    for _ in 0..<20 {
      let all = Array(Set(try filled(raw, &random))).sorted()
      var batch = BarBatch.hourly([])
      batch.timestamps = all.filter { _ in random.oneIn(2) }
      if random.oneIn(2) { batch.timestamps.reverse() }
      batch.close = batch.timestamps.map { Double($0 / second) }
      try store.market.write(batch)
      for instant in batch.timestamps {
        #expect(try store.market.read(["EURUSD"], "1h", instant...instant).count == 1, "\(random)")
        #expect(
          try raw.text("SELECT count(*) FROM market_data WHERE timestamp = '\(Timestamp.text(instant))'")
            == "1",
          "\(random)")
      }
    }
  }
}
