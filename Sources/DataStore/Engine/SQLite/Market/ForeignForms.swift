// SPDX-License-Identifier: MIT

/// What is known of rows whose times other tools wrote in forms other than ours.
///
/// Bounds are compared as text, which is right for the stored form only. A row in another form can be missing from a
/// range only if it sorts near one of the bounds, and can be of an instant only if it sorts near that (see
/// `TimeForms`). So the index is searched there; what was found is remembered until another connection commits: what the
/// store itself writes is in the stored form. All is to be asked within a transaction, after its first statement.
struct ForeignForms {
  /// Where the rows are.
  struct Table {
    let name: StaticString
    let column: StaticString
    let isBars: Bool

    static let bars = Table(name: "main.market_data", column: "timestamp", isBars: true)
    static let requests = Table(name: "main.market_requests", column: "requested_at", isBars: false)
  }

  let table: Table
  private var searched = SeriesTable(empty: Searched(version: 0))
  private var latest = SeriesTable(empty: Latest(version: 0, instant: 0, text: nil))
  private var stretches = SeriesTable(empty: Stretch(version: 0, low: 0, high: -1, instants: []))
  /// The current transaction has removed rows in other forms, and may be taken back: then they are there again.
  private var hasRemoved = false

  /// Texts that were looked at, as of `version`.
  private struct Searched {
    var version: UInt32
    var parts: [(window: TimeForms.Window, forms: TimeForms)] = []
    static let mostParts = 6
    /// What one search leaves.
    static let usualParts = 3
  }

  /// As of `version`: nothing in another form is later than `instant`, or `text` is the latest.
  private struct Latest {
    var version: UInt32
    var instant: Int64
    var text: [UInt8]?
  }

  /// As of `version`: the instants from `low` to `high` of rows in other forms, ascending.
  private struct Stretch {
    var version: UInt32
    var low: Int64
    var high: Int64
    var instants: [Int64]
    /// A longer list is not kept.
    static let mostInstants = 1 << 13
  }

  init(_ table: Table) { self.table = table }

  /// To be called before rows are removed that may be in other forms.
  mutating func beginRemoval() { hasRemoved = true }

  private mutating func mayKeep(_ connection: StoreConnection) -> Bool {
    if hasRemoved, !connection.isInTransaction { hasRemoved = false }
    return !hasRemoved
  }

  // MARK: Reads

  /// True if a row in another form may belong to the rows between the bounds without sorting there.
  mutating func hide(
    _ key: SeriesKey, from low: Int64?, to high: Int64?, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    guard low != nil || high != nil else { return false }
    return try key.withBytes { symbol, timeframe throws(StoreError) in
      try hide(symbol, timeframe, from: low, to: high, connection)
    }
  }

  mutating func hide(
    _ symbol: Bytes, _ timeframe: Bytes, from low: Int64?, to high: Int64?, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    try forms(symbol, timeframe, from: low, to: high, wholeDays: false, connection).isAny
  }

  /// The forms that decide where the rows between the bounds stand.
  mutating func formsNear(
    _ key: SeriesKey, from low: Int64?, to high: Int64?, _ connection: StoreConnection
  ) throws(StoreError) -> TimeForms {
    try key.withBytes { symbol, timeframe throws(StoreError) in
      try forms(symbol, timeframe, from: low, to: high, wholeDays: true, connection)
    }
  }

  /// `hide` for the latest bar of a series, at `instant` by its text.
  mutating func hideLatest(
    _ symbol: Bytes, _ timeframe: Bytes, _ instant: Int64, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    let version = connection.dataVersion
    if let place = latest.find(symbol, timeframe), latest[place].version == version,
      latest[place].instant == instant, latest[place].text == nil
    {
      return false
    }
    if try hide(symbol, timeframe, from: instant, to: nil, connection) { return true }
    if mayKeep(connection) {
      latest.keep(Latest(version: version, instant: instant, text: nil), symbol, timeframe)
    }
    return false
  }

  /// The text of the latest bar, where rows in other forms are about and it is known.
  func latestText(_ symbol: Bytes, _ timeframe: Bytes, _ connection: StoreConnection) -> (
    instant: Int64, text: [UInt8]
  )? {
    guard let place = latest.find(symbol, timeframe), latest[place].version == connection.dataVersion,
      let text = latest[place].text
    else { return nil }
    return (latest[place].instant, text)
  }

  mutating func keepLatest(
    _ instant: Int64, _ text: [UInt8], _ symbol: Bytes, _ timeframe: Bytes, _ connection: StoreConnection
  ) {
    // Within a transaction the latest bar changes without a commit.
    guard !connection.isWriting else { return }
    latest.keep(
      Latest(version: connection.dataVersion, instant: instant, text: text), symbol, timeframe)
  }

  /// The forms of the texts around the bounds that are not in ours. Only what was not looked at yet is searched.
  private mutating func forms(
    _ symbol: Bytes, _ timeframe: Bytes, from low: Int64?, to high: Int64?, wholeDays: Bool,
    _ connection: StoreConnection
  ) throws(StoreError) -> TimeForms {
    let version = connection.dataVersion
    var known = searched.find(symbol, timeframe).map { searched[$0] } ?? Searched(version: version)
    if known.version != version { known = Searched(version: version) }
    var found = TimeForms.stored
    var isNew = false
    try TimeForms.forEachEdge(from: low, to: high, wholeDays: wholeDays) { window throws(StoreError) in
      if let part = known.parts.first(where: { $0.window.contains(window) }) {
        found = found.union(part.forms)
        return
      }
      isNew = true
      // A window moves on with the time that is asked for: most of it was in the one before.
      var part = (window: window, forms: TimeForms.stored)
      var rest = window
      if let place = known.parts.firstIndex(where: { $0.window.reachesInto(window) }) {
        let earlier = known.parts.remove(at: place)
        rest.low = earlier.window.high ?? .empty
        part = (TimeForms.Window(low: earlier.window.low, high: window.high), earlier.forms)
      }
      try forEachForeign(symbol, timeframe, rest, connection) { text throws(StoreError) in
        part.forms.take(text.flatMap { TimestampParser.layout($0)?.layout })
      }
      found = found.union(part.forms)
      if known.parts.count >= Searched.mostParts { known.parts.removeFirst() }
      if known.parts.isEmpty { known.parts.reserveCapacity(Searched.usualParts) }
      known.parts.append(part)
    }
    if isNew, mayKeep(connection) { searched.keep(known, symbol, timeframe) }
    return found
  }

  // MARK: Writes

  /// Whether rows in other forms mean an instant of `range`. Days around it are looked at as well, and remembered.
  mutating func mean(
    _ range: ClosedRange<Int64>, _ symbol: Bytes, _ timeframe: Bytes, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    let version = connection.dataVersion
    if let place = stretches.find(symbol, timeframe), stretches[place].version == version,
      stretches[place].low <= range.lowerBound, range.upperBound <= stretches[place].high
    {
      return !stretches[place].instants.isEmpty && stretches[place].instants.contains { range.contains($0) }
    }
    let days = TimeForms.days(around: range)
    let instants = try rows(symbol, timeframe, days, connection).map(\.instant).sorted()
    if mayKeep(connection), instants.count <= Stretch.mostInstants {
      stretches.keep(
        Stretch(version: version, low: days.lowerBound, high: days.upperBound, instants: instants), symbol,
        timeframe)
    }
    return instants.contains { range.contains($0) }
  }

  /// The rows in other forms that mean an instant of `range`, in the order of texts. What means no instant is none.
  func rows(
    _ symbol: Bytes, _ timeframe: Bytes, _ range: ClosedRange<Int64>, _ connection: StoreConnection
  ) throws(StoreError) -> [(instant: Int64, text: [UInt8])] {
    var rows: [(instant: Int64, text: [UInt8])] = []
    for window in TimeForms.any.windows(from: range.lowerBound, to: range.upperBound) {
      try forEachForeign(symbol, timeframe, window, connection) { text throws(StoreError) in
        guard let text, let instant = TimestampParser.layout(text)?.instant, range.contains(instant) else {
          return
        }
        rows.append((instant, Array(text)))
      }
    }
    return rows
  }

  // MARK: The search

  /// The texts within a window that are in other forms; nil for what is not text.
  private func forEachForeign(
    _ symbol: Bytes, _ timeframe: Bytes, _ window: TimeForms.Window, _ connection: StoreConnection,
    _ body: (Bytes?) throws(StoreError) -> Void
  ) throws(StoreError) {
    let variant: UInt64 = 6 << 40 | (window.high == nil ? 1 << 37 : 0) | (table.isBars ? 1 << 36 : 0)
    let statement = try connection.statement(variant) {
      """
      SELECT \(table.column) FROM \(table.name) WHERE symbol = ?1 AND timeframe = ?2 AND \(table.column) >= ?3
      \(window.high == nil ? "" : "AND \(table.column) < ?4") AND ds_is_foreign(\(table.column))
      """
    }
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    statement.bind(window)
    defer { statement.reset() }
    while try statement.step() { try body(statement.kind(0) == .text ? statement.bytes(0) : nil) }
  }
}

extension Statement {
  /// As parameters 3 and, where it has an end, 4.
  func bind(_ window: TimeForms.Window) {
    window.low.withBytes { bindCopy(3, text: $0) }
    window.high?.withBytes { bindCopy(4, text: $0) }
  }
}

extension TimeForms.Window {
  func contains(_ other: TimeForms.Window) -> Bool {
    guard low <= other.low else { return false }
    guard let high else { return true }
    return other.high.map { $0 <= high } ?? false
  }

  /// Whether `other` goes on where this one ends, or before.
  func reachesInto(_ other: TimeForms.Window) -> Bool {
    guard let high, low <= other.low, other.low <= high else { return false }
    return other.high.map { high < $0 } ?? true
  }
}

extension StoreError {
  /// A statement that is its own transaction has come upon a row in another form, and has written nothing: such rows are
  /// rewritten by several statements.
  static var otherForm: StoreError {
    StoreError(.internalError, "a row in another form", reason: "other form")
  }
  var isOtherForm: Bool { code == .internalError && reason == "other form" }
}
