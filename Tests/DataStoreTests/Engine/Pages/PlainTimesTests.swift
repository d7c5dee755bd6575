// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// The search for times in other forms, a page at a time, against each entry by itself.
@Suite(.filesOnly(.internals)) struct PlainTimesTests {
  /// A page of an index with these records in its cells.
  private struct Page {
    let bytes: UnsafeMutablePointer<UInt8>
    let size: Int

    init(_ records: [[UInt8]], size: Int, isInner: Bool, _ random: inout Seeded) {
      self.size = size
      bytes = .allocate(capacity: size)
      // What lies between cells is not looked at.
      for place in 0..<size {
        bytes[place] = random.oneIn(2) ? 0x30 : UInt8.random(in: 0...255, using: &random)
      }
      bytes[0] = isInner ? 2 : 10
      bytes[3] = UInt8(records.count >> 8)
      bytes[4] = UInt8(records.count & 255)
      var end = size
      for (cell, record) in records.enumerated() {
        let length =
          record.count < 128
          ? [UInt8(record.count)] : [UInt8(record.count >> 7 | 0x80), UInt8(record.count & 127)]
        let whole = (isInner ? [0, 0, 0, 9] : []) + length + record
        end -= whole.count
        for (place, byte) in whole.enumerated() { bytes[end + place] = byte }
        bytes[(isInner ? 12 : 8) + 2 * cell] = UInt8(end >> 8)
        bytes[(isInner ? 12 : 8) + 2 * cell + 1] = UInt8(end & 255)
      }
    }
  }

  private static let day = 24 * hour

  /// A time as the store writes it, or something that looks like one.
  private func time(_ instant: Int64, _ random: inout Seeded, oddOneIn odd: Int) -> [UInt8] {
    guard random.oneIn(odd) else { return Array(Timestamp.text(instant).utf8) }
    let text = Timestamp.text(instant)
    switch Int.random(in: 0..<9, using: &random) {
    case 0:
      return Array(Timestamp.text(instant + 1_000 * Int64.random(in: 0..<1_000_000, using: &random)).utf8)
    case 1:
      return Array(text.replacing("+00:00", with: random.pick(["Z", "+01:00", "-00:00", "+00:01"])).utf8)
    case 2: return Array(text.replacing("T", with: random.pick([" ", "t"])).utf8)
    case 3: return Array(text.replacing("-", with: "").utf8)
    case 4: return Array(Timestamp.text(random.instant()).utf8)
    case 5:
      return Array(
        (random.pick([
          "2026-02-29", "2024-02-29", "1900-02-29", "2026-04-31", "2026-00-10", "2026-13-01",
          "2026-01-00", "9999-12-31", "1677-09-21", "1678-01-01", "2262-04-11", "2261-12-31", "0000-01-01",
        ])
          + "T00:00:00+00:00").utf8)
    case 6:
      return Array(
        (text.prefix(11) + random.pick(["24:00:00", "23:60:00", "23:59:60", "29:00:00", "3 :00:00"])
          + "+00:00").utf8)
    default:
      var bytes = Array(text.utf8)
      bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0x20...0x7f, using: &random)
      return bytes
    }
  }

  private func record(
    _ symbol: String, _ timeframe: String, _ time: [UInt8], _ random: inout Seeded, oddOneIn odd: Int
  )
    -> [UInt8]
  {
    func type(_ count: Int) -> [UInt8] {
      let type = 13 + 2 * count
      return type < 128 ? [UInt8(type)] : [UInt8(type >> 7 | 0x80), UInt8(type & 127)]
    }
    let rowid = random.oneIn(odd) ? random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) : 2
    var types = type(symbol.utf8.count) + type(timeframe.utf8.count) + type(time.count) + [UInt8(rowid)]
    if random.oneIn(odd) {
      types[Int.random(in: types.indices, using: &random)] = UInt8.random(in: 0...127, using: &random)
    }
    let rowidBytes = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0][rowid]
    var record = [UInt8(types.count + 1)] + types + Array(symbol.utf8) + Array(timeframe.utf8) + time
    for _ in 0..<rowidBytes { record.append(UInt8.random(in: 0...255, using: &random)) }
    if random.oneIn(odd) { record.append(0) }
    return record
  }

  @Test func aPageIsPlainWhereEachEntryIs() throws {
    var random = Seeded()
    var counted = 0
    for round in 0..<4_000 {
      let size = random.pick([512, 1024, 4096])
      let odd = random.pick([30, 200, Int.max])
      let isInner = random.oneIn(4)
      var records: [[UInt8]] = []
      var room = size - 12
      var instant = threeOClock + Int64.random(in: -2_000...2_000, using: &random) * Self.day
      let step = random.pick([60, 300, 3600, 86_400]) * second
      var symbol = random.pick(["A", "EURUSD", "SYM0001.XNAS", String(repeating: "LONG", count: 5), "", "Ä"])
      while true {
        if random.oneIn(20) {
          symbol = random.pick(["A", "B", "EURUSD", String(repeating: "LONGER", count: 7), "EURUSE"])
        }
        instant += step
        let record = record(
          symbol, random.oneIn(20) ? "5m" : "1h", time(instant, &random, oddOneIn: odd), &random,
          oddOneIn: odd)
        room -= record.count + 8
        if room < 0 { break }
        records.append(record)
      }
      let made = Page(records, size: size, isInner: isInner, &random)
      defer { made.bytes.deallocate() }
      // A page that is damaged is to be no worse than slow.
      if random.oneIn(8) {
        made.bytes[Int.random(in: 3..<size, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let page = BTreePage(made.bytes, size: size), page.cellCount > 0 else { continue }
      for _ in 0..<4 {
        let first = Int.random(in: 0...page.cellCount, using: &random)
        let end = Int.random(in: first...page.cellCount, using: &random)
        let isStored = (first..<end).map { cell in
          page.indexEntry(cell).flatMap { TimestampParser.stored($0.timestamp) } != nil
        }
        var date = TimestampParser.DateMemo()
        try #require(
          page.hasPlainTimes(first, end, &date) == isStored.allSatisfy { $0 },
          "\(random), round \(round): \(first)..<\(end)")
        let atAGlance = page.plainTimes(from: first, to: end)
        try #require(
          atAGlance <= (isStored.firstIndex(of: false) ?? isStored.count), "\(random), round \(round)")
        if odd == Int.max { counted += atAGlance }
      }
    }
    #expect(counted > 10_000, "most are found to be plain at a glance")
  }

  /// A search in a page finds what going through it finds, whether at a glance or not.
  @Test func aPlaceIsFoundWhereGoingThroughFindsIt() throws {
    var random = Seeded()
    let symbols = ["A", "AB", "EURUSD", "EURUSE", "SYM0001.XNAS", String(repeating: "LONG", count: 5), "Ä"]
    for round in 0..<3_000 {
      let usual = random.oneIn(2)
      var keys: Set<[String]> = []
      for _ in 0..<Int.random(in: 1...60, using: &random) {
        let time = Timestamp.text(threeOClock + Int64.random(in: 0..<200, using: &random) * hour)
        keys.insert([
          random.pick(usual ? ["EURUSD", "EURUSE", "AURUSD"] : symbols),
          random.pick(usual ? ["1h"] : ["1h", "5m", "1"]),
          random.oneIn(usual ? 1000 : 10) ? time.replacing("+00:00", with: "Z") : time,
        ])
      }
      let sorted = keys.map { $0.map { Array($0.utf8) } }.sorted { one, other in
        for place in 0..<3 where one[place] != other[place] {
          return one[place].lexicographicallyPrecedes(other[place])
        }
        return false
      }
      let records = sorted.map { key -> [UInt8] in
        let rowid = random.pick([1, 2, 3, 4, 5, 6])
        let types = key.map { UInt8(13 + 2 * $0.count) } + [UInt8(rowid)]
        return [5] + types + key.joined() + Array(repeating: 7, count: [0, 1, 2, 3, 4, 6, 8][rowid])
      }
      let made = Page(records, size: 8192, isInner: random.oneIn(2), &random)
      defer { made.bytes.deallocate() }
      let page = try #require(BTreePage(made.bytes, size: made.size))
      for _ in 0..<20 {
        var (symbol, timeframe, time) = (random.pick(symbols), random.pick(["1h", "5m", ""]), "")
        if random.oneIn(2), let key = sorted.randomElement(using: &random) {
          symbol = String(decoding: key[0], as: UTF8.self)
          timeframe = String(decoding: key[1], as: UTF8.self)
          time = String(decoding: key[2], as: UTF8.self)
        }
        if random.oneIn(3) { time = String(time.prefix(Int.random(in: 0...25, using: &random))) }
        let side = random.pick([IndexPlace.Side.before, .behind, .behindSeries])
        if side == .behindSeries { time = "" }
        let bytes = Array((symbol + timeframe + time).utf8)
        try bytes.withUnsafeBufferPointer { key in
          let place = IndexPlace(
            side, key, symbolBytes: symbol.utf8.count, timeframeBytes: timeframe.utf8.count)
          let sought = [symbol, timeframe, time].map { Array($0.utf8) }
          let expected = sorted.firstIndex { key in
            for part in 0..<(side == .behindSeries ? 2 : 3) where sought[part] != key[part] {
              return sought[part].lexicographicallyPrecedes(key[part])
            }
            return side == .before
          }
          func what() -> Comment { "\(random), round \(round): \(side) \(symbol) \(timeframe) \(time)" }
          try #require(place.firstCell(of: page) == expected ?? sorted.count, what())
          let first = Int.random(in: 0...sorted.count, using: &random)
          try #require(
            place.firstCell(from: first, of: page, endsBehind: true) == max(first, expected ?? sorted.count),
            what())
        }
      }
    }
  }

  @Test func aRowIsFoundWhereGoingThroughFindsIt() throws {
    var random = Seeded()
    for round in 0..<3_000 {
      let isLeaf = random.oneIn(2)
      let step = random.pick([1, 2, 1_000, 1 << 40] as [Int64])
      var rowid = random.pick([1, 100, 20_000, 3_000_000, -50, 1 << 50] as [Int64])
      var rowids: [Int64] = []
      for _ in 0..<Int.random(in: 0...80, using: &random) {
        rowids.append(rowid)
        rowid += random.oneIn(5) ? Int64.random(in: 1...step, using: &random) : 1
      }
      let size = 4096
      let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
      defer { bytes.deallocate() }
      for place in 0..<size { bytes[place] = UInt8.random(in: 0...255, using: &random) }
      bytes[0] = isLeaf ? 13 : 5
      bytes[3] = 0
      bytes[4] = UInt8(rowids.count)
      var end = size
      for (cell, rowid) in rowids.enumerated() {
        let payload = Int.random(in: 4...20, using: &random)
        let whole =
          isLeaf
          ? [UInt8(payload)] + Self.varint(rowid) + Array(repeating: 0, count: payload)
          : [0, 0, 0, 3] + Self.varint(rowid)
        end -= whole.count
        for (place, byte) in whole.enumerated() { bytes[end + place] = byte }
        bytes[(isLeaf ? 8 : 12) + 2 * cell] = UInt8(end >> 8)
        bytes[(isLeaf ? 8 : 12) + 2 * cell + 1] = UInt8(end & 255)
      }
      let page = try #require(BTreePage(bytes, size: size))
      for _ in 0..<20 {
        let sought =
          random.oneIn(3)
          ? Int64(bitPattern: random.next())
          : (rowids.randomElement(using: &random) ?? 0) + random.pick([-1, 0, 1])
        try #require(
          page.firstCell(notBefore: sought) == rowids.firstIndex { $0 >= sought } ?? rowids.count,
          "\(random), round \(round): \(sought) of \(rowids)")
      }
    }
  }

  private static func varint(_ value: Int64) -> [UInt8] {
    let bits = UInt64(bitPattern: value)
    guard bits >> 56 == 0 else {
      return (0..<8).map { UInt8(bits >> (57 - 7 * UInt64($0)) & 0x7f) | 0x80 } + [UInt8(bits & 0xff)]
    }
    var bytes = [UInt8(bits & 0x7f)]
    var rest = bits >> 7
    while rest > 0 {
      bytes.insert(UInt8(rest & 0x7f) | 0x80, at: 0)
      rest >>= 7
    }
    return bytes
  }

  /// What is written of a span of times stands in the windows of the span, in whatever form.
  @Test func windowsOfWrittenTimesHoldAllThatIsWrittenOfThem() throws {
    var random = Seeded()
    let newYear = 1_767_225_600 * second
    for _ in 0..<20_000 {
      let written = newYear + Int64.random(in: -200_000...200_000, using: &random) * second
      let text = Timestamp.text(written)
      let date = String(text.prefix(10))
      let clock = String(text.dropFirst(11).prefix(8))
      let digits = clock.filter { $0 != ":" }
      let offset = random.pick(["Z", "", "+16:00", "-16:00", "+0130", "-12"])
      let form =
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          date.filter { $0 != "-" } + random.pick(["T", "t", " "])
            + random.pick([digits, String(digits.prefix(2))]) + offset
        case 1 where clock == "00:00:00": random.pick([date, date.filter { $0 != "-" }])
        default:
          date + random.pick(["T", "t", " "])
            + random.pick([clock, String(clock.prefix(5)), String(clock.prefix(2))]) + offset
        }
      let low = written - Int64.random(in: 0...100_000, using: &random) * second
      let high = written + Int64.random(in: 0...100_000, using: &random) * second
      for bounds in [(low, high), (nil, high), (low, nil), (nil, nil)] as [(Int64?, Int64?)] {
        let span = TimeForms.Written(from: bounds.0, to: bounds.1)
        let windows = span.windows
        let place = TimeText(form)
        let isHeld = [windows.main, windows.space, windows.basic].contains { window in
          window.map { $0.low <= place && $0.high.map { place < $0 } ?? true } ?? false
        }
        try #require(isHeld, "\(random): \(form) in \(span)")
      }
    }
  }

  @Test func spansKnowWhatTheyWereGivenAndNothingElse() throws {
    var random = Seeded()
    for _ in 0..<2_000 {
      var spans = PlainSpans()
      var known = Set<Int64>()
      func span(_ days: ClosedRange<Int64>) -> TimeForms.Written {
        TimeForms.Written(from: days.lowerBound * Self.day, to: days.upperBound * Self.day)
      }
      for _ in 0..<8 {
        let first = Int64.random(in: 0..<20, using: &random)
        let days = first...first + Int64.random(in: 0..<4, using: &random)
        let asked = span(days)
        if spans.contain(asked) { try #require(days.allSatisfy { known.contains($0) }, "\(random)") }
        let rest = spans.rest(of: asked)
        for day in days where !(rest.low <= day * Self.day && day * Self.day <= rest.high) {
          try #require(known.contains(day), "\(random): day \(day) is neither known nor searched")
        }
        spans.add(rest)
        known.formUnion(days)
        if spans.contain(asked) { continue }
        // What was searched touches what was known.
        try #require(rest != asked, "\(random)")
      }
    }
  }

  /// Both ways of the store, where minutes and other forms mix, on pages of few entries.
  @Test func minutesAreReadAndWrittenAsByEachEntry() throws {
    var random = Seeded()
    for _ in 0..<6 {
      let scratch = try Scratch()
      let raw = try scratch.specifiedFile(pageSize: random.pick([512, 4096]))
      let stores = try TwoWays(scratch.path())
      let count = 4_000
      try raw.execute("BEGIN")
      for minute in 0..<count where !random.oneIn(50) {
        try raw.insertBar(
          "EURUSD", Timestamp.text(threeOClock + Int64(minute) * 60 * second), close: Double(minute))
      }
      try raw.execute("COMMIT")
      for step in 0..<60 {
        let minute = Int64.random(in: 0..<Int64(count), using: &random)
        let instant = threeOClock + minute * 60 * second
        if random.oneIn(3) {
          let quarters = Int64.random(in: -64...64, using: &random)
          let local = Timestamp.text(instant + 30 * second + quarters * 900 * second)
          let minutes = abs(quarters) * 15
          func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
          let offset = (quarters < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
          var text = local.replacing("T", with: random.pick(["T", "t", " "])).replacing(
            "+00:00", with: offset)
          if random.oneIn(4) { text = text.prefix(10).filter { $0 != "-" } + text.dropFirst(10) }
          try raw.execute("DELETE FROM market_data WHERE timestamp = '\(text)'")
          try raw.insertBar("EURUSD", text, close: -Double(step))
        }
        if random.oneIn(6) {
          try raw.execute("DELETE FROM market_data WHERE timestamp NOT LIKE '____-__-__T%+00:00'")
        }
        let length = random.pick([0, 59, 600, 5_000]) * 60 * second
        let low = instant + random.pick([0, 1, 30]) * second
        let n = Int.random(in: 1...300, using: &random)
        let reads = try [stores.fast, stores.plain].map { store in
          [
            try store.market.read(["EURUSD"], "1h", low...(low + length)).close,
            try store.market.read(["EURUSD"], "1h", low...low + 100_000 * hour, limit: n).close,
            try store.market.latest(["EURUSD"], "1h", n).close,
            [try store.market.latestBar("EURUSD", "1h")?.close ?? 0],
          ]
        }
        try #require(reads[0] == reads[1], "\(random), step \(step)")
        if random.oneIn(3) {
          let written = random.pick([
            instant, instant + 30 * second, threeOClock + Int64(count) * 60 * second,
          ])
          var batch = BarBatch(symbol: "EURUSD", timeframe: "1h", timestamps: [written])
          batch.close = [Double(step)]
          try (random.oneIn(2) ? stores.fast : stores.plain).market.write(batch)
          let rows = try stores.fast.market.read(["EURUSD"], "1h", written...written).count
          try #require(rows == 1, "\(random), step \(step)")
        }
      }
    }
  }
}
