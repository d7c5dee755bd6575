// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func check() throws(StoreError) -> [String] {
    let reporter = ProgressReporter.current
    return try ProgressReporter.call(reporter, .rows, of: nil) { () throws(StoreError) in
      try read(snapshot: true) { reader throws(StoreError) in
        var findings = StoreCheck(reader)
        do throws(StoreError) {
          try findings.schema(reader, path)
          try reporter?.expect(2 * findings.progress.count(reader))
          try reader.interruption.reporting(to: reporter, by: findings.progress) { () throws(StoreError) in
            try findings.integrity(reader)
            findings.progress.endIntegrity()
            try findings.bars(reader)
            try findings.requests(reader)
            try findings.state(reader)
          }
        } catch {
          // A damaged file may end a look early; that is a finding, not a failure of the check.
          guard error.code == .corrupt || error.code == .schema else { throw error }
          findings.add(error.message)
        }
        try reporter?.finish()
        return findings.texts
      }
    }
  }
}

/// How far a check has come. Each row is looked at twice: by SQLite, which does not say where it is, and by the store.
private final class CheckProgress: ProgressMeasure {
  /// Rows that the store has looked at.
  var rows = 0
  private var count = 0
  private var isWithinIntegrity = true
  private let interruption: Interruption

  /// What SQLite's machine takes for a row in PRAGMA integrity_check, about: measured with 3.40.
  private static let instructionsPerRow = 27

  init(_ interruption: Interruption) { self.interruption = interruption }

  /// The rows of the file.
  func count(_ reader: StoreConnection) throws(StoreError) -> Int {
    var sum = 0
    for table in Schema.tables { sum += Int(try reader.integer("SELECT count(*) FROM main.\(table.name)")) }
    count = sum
    return sum
  }

  func endIntegrity() {
    isWithinIntegrity = false
    interruption.lookAgain()
  }

  var progressSoFar: Int {
    guard isWithinIntegrity else { return count + rows }
    let instructions = interruption.looksOfStatements * Int(Connection.instructionsBetweenLooks)
    return min(instructions / Self.instructionsPerRow, count)
  }
}

/// The findings of a check, of each kind a few with their places and then a count.
private struct StoreCheck {
  private(set) var texts: [String] = []
  let progress: CheckProgress

  init(_ reader: StoreConnection) { progress = CheckProgress(reader.interruption) }

  mutating func add(_ text: String) { texts.append(text) }

  mutating func integrity(_ reader: StoreConnection) throws(StoreError) {
    // SQLite looks at other tables, too, and evaluates what they and their indexes compute. Where they compute
    // anything, they are left to their owners.
    let parts = try TableFacts.othersArePlain(reader) ? [""] : Schema.tables.map { "(\($0.name))" }
    for part in parts {
      // SQLite reports a page that could not be read like one that is damaged. Damage is still there at the next look.
      guard try !Self.damage(part, reader).isEmpty else { continue }
      texts += try Self.damage(part, reader)
    }
  }

  private static func damage(_ part: String, _ reader: StoreConnection) throws(StoreError) -> [String] {
    let statement = try reader.statement("PRAGMA main.integrity_check\(part)")
    // SQLite walks a whole table in one instruction.
    return try HelperThread.run {
      () throws(StoreError) in
      defer { statement.reset() }
      var found: [String] = []
      while try statement.step() {
        let text = statement.text(0)
        if text != "ok" { found.append("integrity: \(text)") }
      }
      return found
    } while: {
      reader.interruption.reporter?.mayGoOn(at: Deadline.now) ?? true
    } stop: {
      reader.interruption.request()
      reader.interruptStatements()
    }
  }

  mutating func schema(_ reader: StoreConnection, _ path: String) throws(StoreError) {
    _ = try Schema.inspect(reader, path: path)
    let statement = try reader.statement(
      "SELECT name, tbl_name FROM main.sqlite_schema WHERE type = 'trigger' ORDER BY name")
    defer { statement.reset() }
    while try statement.step() {
      let table = statement.text(1).lowercasedASCII
      guard Schema.tables.contains(where: { $0.name == table }) else { continue }
      add(
        "trigger '\(statement.text(0))' on \(table): the store never runs it; other tools may. Drop it if it is not yours"
      )
    }
  }

  mutating func bars(_ reader: StoreConnection) throws(StoreError) {
    let statement = try reader.statement(
      """
      SELECT symbol, timeframe, timestamp, \(BarColumn.nameList) FROM main.market_data
      """)
    defer { statement.reset() }
    var parser = FeatureParser()
    var foreign = Tally(
      "timestamps are not in the stored form (they are read right; write them again to fix that)")
    var doubled = DoubledInstants(
      "bars are stored in several rows (reads give each; write the bar again, which leaves one)", .bars)
    var wrong = Tally("values are of a wrong type (fix or delete the rows with an SQLite tool)")
    var features = Tally("bars have damaged features")
    while try statement.step() {
      progress.rows += 1
      let place = "\(statement.text(0)) \(statement.text(1)) \(statement.text(2))"
      for column in 0..<2 as Range<Int32>
      where !Self.isText(statement, column) || statement.bytes(column).isEmpty {
        wrong.add("\(place): \(statement.columnName(column)) is not text, or empty")
      }
      if statement.kind(2) != .text {
        wrong.add("\(place): timestamp is not text")
      } else if TimestampParser.stored(statement.bytes(2)) == nil {
        switch TimestampParser.parse(statement.bytes(2)) {
        case .malformed: wrong.add("\(place): timestamp is not an ISO 8601 time")
        case .beyondRange: wrong.add("\(place): timestamp is beyond int64 nanoseconds")
        case .instant(let instant, _):
          foreign.add(place)
          try doubled.take(statement, instant, place, reader)
        }
      }
      for number in BarColumn.table.indices {
        let column = Int32(BarSource.keyColumns + number)
        let kind = statement.kind(column)
        guard kind != .null else { continue }
        let name = BarColumn.table[number].name
        switch BarColumn.table[number].kind {
        case .number:
          if kind == .text || kind == .blob {
            wrong.add("\(place): \(name) holds \(StoreError.quoted(statement.text(column)))")
          }
        case .text:
          if !Self.isText(statement, column) { wrong.add("\(place): \(name) is not text") }
        case .flag:
          if kind != .integer || !(0...1).contains(statement.int64(column)) {
            wrong.add("\(place): \(name) holds \(StoreError.quoted(statement.text(column))), not 0 or 1")
          }
        case .features:
          guard kind == .text else {
            features.add("\(place): no text")
            continue
          }
          do throws(FeatureFault) { try parser.parse(statement.bytes(column)) } catch {
            features.add("\(place): \(error.key.map { "\(StoreError.quoted($0)): " } ?? "")\(error.reason)")
          }
        }
      }
    }
    for tally in [foreign, doubled.tally, wrong, features] { tally.report("market_data", to: &texts) }
  }

  mutating func requests(_ reader: StoreConnection) throws(StoreError) {
    let statement = try reader.statement(
      """
      SELECT symbol, timeframe, requested_at, start_ts, end_ts, provider_used, quality, notes, fallback_used,
      coverage_ratio, gap_count FROM main.market_requests
      """)
    defer { statement.reset() }
    var foreign = Tally(
      "times are not in the stored form (they are read right; record them again to fix that)")
    var doubled = DoubledInstants(
      "requests are stored in several rows (record the request again, which leaves one)", .requests)
    var wrong = Tally("values are of a wrong type (fix or delete the rows with an SQLite tool)")
    while try statement.step() {
      progress.rows += 1
      let place = "\(statement.text(0)) \(statement.text(1)) \(statement.text(2))"
      for column in 2..<5 as Range<Int32> {
        let isText = statement.kind(column) == .text
        if isText, TimestampParser.stored(statement.bytes(column)) != nil { continue }
        if isText, case .instant(let instant, _) = TimestampParser.parse(statement.bytes(column)) {
          foreign.add("\(place): \(statement.columnName(column))")
          if column == 2 { try doubled.take(statement, instant, place, reader) }
        } else {
          wrong.add(
            "\(place): \(statement.columnName(column)) holds \(StoreError.quoted(statement.text(column)))")
        }
      }
      for column in 5..<8 as Range<Int32>
      where statement.kind(column) != .null && !Self.isText(statement, column) {
        wrong.add("\(place): \(statement.columnName(column)) is not text")
      }
      for column in 8..<11 as Range<Int32>
      where statement.kind(column) == .text || statement.kind(column) == .blob {
        wrong.add(
          "\(place): \(statement.columnName(column)) holds \(StoreError.quoted(statement.text(column)))")
      }
    }
    for tally in [foreign, doubled.tally, wrong] { tally.report("market_requests", to: &texts) }
  }

  mutating func state(_ reader: StoreConnection) throws(StoreError) {
    let statement = try reader.statement("SELECT key, value, updated_at FROM main.system_state")
    defer { statement.reset() }
    var damaged = Tally("entries are damaged (set the key again)")
    var foreign = Tally(
      "times are not in the stored form (they are read right; set the key again to fix that)")
    while try statement.step() {
      progress.rows += 1
      let key = statement.text(0)
      if !Self.isText(statement, 0) { damaged.add("\(StoreError.quoted(key)): the key is not text") }
      do throws(StoreError) { _ = try StateValue.json(statement, 1, key: key) } catch {
        damaged.add(error.message)
      }
      let isText = statement.kind(2) == .text
      if isText, TimestampParser.stored(statement.bytes(2)) != nil { continue }
      let time = "\(StoreError.quoted(key)): updated_at \(StoreError.quoted(statement.text(2)))"
      if isText, case .instant = TimestampParser.parse(statement.bytes(2)) {
        foreign.add(time)
      } else {
        damaged.add("\(time) is not an ISO 8601 time within int64 nanoseconds")
      }
    }
    for tally in [foreign, damaged] { tally.report("system_state", to: &texts) }
  }

  private static func isText(_ row: Statement, _ column: Int32) -> Bool {
    row.kind(column) == .text && row.bytes(column).isValidUTF8 && !row.bytes(column).contains(0)
  }

  /// Instants of which there is another row, whatever its form. Each row in another form is to be taken in.
  private struct DoubledInstants {
    private(set) var tally: Tally
    private let table: ForeignForms.Table
    private var seen: [[UInt8]: Set<Int64>] = [:]

    init(_ what: String, _ table: ForeignForms.Table) {
      tally = Tally(what)
      self.table = table
    }

    /// `row` begins with symbol and timeframe.
    mutating func take(
      _ row: Statement, _ instant: Int64, _ place: String, _ reader: StoreConnection
    ) throws(StoreError) {
      let series = Array(row.bytes(0)) + [0] + Array(row.bytes(1))
      guard seen[series, default: []].insert(instant).inserted else { return tally.add(place) }
      let stored = try reader.statement(
        "SELECT 1 FROM \(table.name) WHERE symbol = ?1 AND timeframe = ?2 AND \(table.column) = ?3")
      stored.bindCopy(1, text: row.bytes(0))
      stored.bindCopy(2, text: row.bytes(1))
      stored.bind(3, time: instant)
      defer { stored.reset() }
      if try stored.step() { tally.add(place) }
    }
  }
}
