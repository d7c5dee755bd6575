// SPDX-License-Identifier: MIT

/// What is known of rows whose times other tools wrote in forms other than ours.
///
/// Bounds are compared as text, which is right for the stored form only. A row in another form can be missing from a
/// range only if it sorts near one of the bounds, and can be of an instant only if it sorts near that (see
/// `TimeForms`). So the index is searched there; what was found is remembered for as long as nobody else commits a row in
/// another form: what the store itself writes is in the stored form. With a `CommitLedger` all connections of a
/// store share one of these; else each has its own, and knows only whether others have committed.
///
/// All is to be asked within a transaction, after its first statement.
final class ForeignForms: PlainEnds, @unchecked Sendable {  // its monitor guards it
  /// Where the rows are.
  struct Table {
    let name: StaticString
    let column: StaticString
    let paged: PagedTable

    static let bars = Table(name: "main.market_data", column: "timestamp", paged: .bars)
    static let requests = Table(name: "main.market_requests", column: "requested_at", paged: .requests)
  }

  typealias Knowable = CommitLedger.Knowable

  let table: Table
  private let ledger: CommitLedger?
  private let monitor = Monitor()
  @exclusivity(unchecked) private var searched = SeriesTable(empty: Searched(edition: 0))
  @exclusivity(unchecked) private var plain = SeriesTable(empty: PlainSpans())
  @exclusivity(unchecked) private var latest = SeriesTable(empty: Latest(edition: 0, instant: 0))
  @exclusivity(unchecked) private var stretches = SeriesTable(
    empty: Stretch(edition: 0, low: 0, high: -1, instants: []))
  /// Without a ledger: the current transaction has removed rows in other forms, and may be taken back: then they are there
  /// again.
  @exclusivity(unchecked) private var hasRemoved = false
  /// How often the index was searched.
  @exclusivity(unchecked) private(set) var searches = 0
  @exclusivity(unchecked) private var surveyed = SurveyedSeries()
  /// How many series were found to be plain, one at a time.
  @exclusivity(unchecked) private var plainFinds = 0
  /// Called, once, when many were: the same work for all of them together costs less.
  @exclusivity(unchecked) private var onManyFinds: (@Sendable () -> Void)?
  private static let manyFinds = 16

  /// Texts that were looked at, as of `edition`.
  private struct Searched {
    var edition: UInt32
    var parts: [(window: TimeForms.Window, forms: TimeForms)] = []
    private static let mostParts = 6
    /// What one search leaves.
    private static let usualParts = 3

    mutating func add(_ part: (window: TimeForms.Window, forms: TimeForms)) {
      if parts.count >= Self.mostParts { parts.removeFirst() }
      if parts.isEmpty { parts.reserveCapacity(Self.usualParts) }
      parts.append(part)
    }
  }

  /// As of `edition`: not all texts that mean `instant` or later are in the stored form, or it is not to be found out once more
  /// whether they are.
  private struct Latest {
    var edition: UInt32
    var instant: Int64
    /// A latest bar that is this much later may have left other forms behind.
    static let reach = Timestamp.secondsPerDay * Timestamp.perSecond
  }

  /// As of `edition`: the instants from `low` to `high` of rows in other forms, ascending.
  private struct Stretch {
    var edition: UInt32
    var low: Int64
    var high: Int64
    var instants: [Int64]
    /// A longer list is not kept.
    static let mostInstants = 1 << 13
  }

  init(_ table: Table, _ ledger: CommitLedger? = nil) {
    self.table = table
    self.ledger = ledger
  }

  /// To be called before rows are removed that may be in other forms.
  func beginRemoval() {
    guard let ledger else {
      hasRemoved = true
      return
    }
    ledger.beginRemoval()
  }

  /// What counts for a connection in its transaction; nil if nothing is known.
  @inline(__always)
  private func knowable(_ connection: StoreConnection) -> Knowable? {
    guard let ledger else { return ownKnowable(connection) }
    return connection.isWriter ? ledger.knowableToWriter : connection.knowable
  }

  private func ownKnowable(_ connection: StoreConnection) -> Knowable {
    let version = connection.dataVersion
    if hasRemoved, !connection.isInTransaction { hasRemoved = false }
    return Knowable(
      plainSince: version, foundSince: version, now: version, edition: hasRemoved ? nil : version)
  }

  // MARK: Reads

  /// True if a row in another form may belong to the rows between the bounds without sorting there.
  func hide(
    _ key: SeriesKey, from low: Int64?, to high: Int64?, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    guard low != nil || high != nil else { return false }
    return try key.withBytes { symbol, timeframe throws(StoreError) in
      try hide(symbol, timeframe, from: low, to: high, connection)
    }
  }

  func hide(
    _ symbol: Bytes, _ timeframe: Bytes, from low: Int64?, to high: Int64?, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    let knowable = knowable(connection)
    if isSurveyed(symbol, timeframe, knowable) { return false }
    // Behind what is written on the day of a bound nothing hides that is written before that day, but for what has no hyphens.
    if let low {
      let length = high.map { $0.subtractingReportingOverflow(low) }
      let isShort = length.map { !$0.overflow && $0.partialValue < Self.shortRead } ?? true
      let span = high == nil ? Written.before(low) : Written.meaning(low, high)
      if try isPlain(span, searches: isShort, symbol, timeframe, knowable, connection) { return false }
    }
    return try forms(symbol, timeframe, from: low, to: high, wholeDays: false, connection).isAny
  }

  /// Whether all texts that may mean an instant between the bounds are known to be in the stored form, or found to be by way
  /// of the pages of the file. False may also mean that it is SQLite's to find out.
  func areNone(
    _ key: SeriesKey, from low: Int64?, to high: Int64?, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    try key.withBytes { symbol, timeframe throws(StoreError) in
      try isPlain(
        .meaning(low, high), searches: true, symbol, timeframe, knowable(connection), connection)
    }
  }

  /// The forms that decide where the rows between the bounds stand.
  func formsNear(
    _ key: SeriesKey, from low: Int64?, to high: Int64?, _ connection: StoreConnection
  ) throws(StoreError) -> TimeForms {
    try key.withBytes { symbol, timeframe throws(StoreError) in
      try forms(symbol, timeframe, from: low, to: high, wholeDays: true, connection)
    }
  }

  /// `hide` for the latest bar of a series, at `instant` by its text.
  func hideLatest(
    _ symbol: Bytes, _ timeframe: Bytes, _ instant: Int64, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    let knowable = knowable(connection)
    if try isPlain(.meaning(instant, nil), searches: true, symbol, timeframe, knowable, connection) {
      return false
    }
    return try forms(symbol, timeframe, from: instant, to: nil, wholeDays: false, connection).isAny
  }

  /// Whether all texts that mean `instant`, that of the latest bar by its text, or later, are in the stored form; nil if that
  /// is not known. False may also mean that it is SQLite's to find out.
  func isPlainFrom(_ instant: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: Knowable) -> Bool? {
    monitor.locked {
      if surveyed.contain(symbol, timeframe, knowable) { return true }
      if let place = plain.find(symbol, timeframe), knowable.holds(plain[place].edition, isPlain: true),
        plain[place].contain(.meaning(instant, nil))
      {
        return true
      }
      guard let place = latest.find(symbol, timeframe) else { return nil }
      let known = latest[place]
      // The stretch that counts only moves on with the latest bar.
      guard known.instant <= instant, knowable.holds(known.edition, isPlain: false) else { return nil }
      let (passed, overflow) = instant.subtractingReportingOverflow(known.instant)
      return !overflow && passed < Latest.reach ? false : nil
    }
  }

  func keepOther(_ instant: Int64, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: Knowable) {
    guard let edition = knowable.edition else { return }
    monitor.locked { latest.keep(Latest(edition: edition, instant: instant), symbol, timeframe) }
  }

  // MARK: Plain spans

  typealias Written = TimeForms.Written

  /// A read of less than this, in nanoseconds, is searched from end to end: what is read is looked at anyway.
  private static let shortRead = 3 * Timestamp.secondsPerDay * Timestamp.perSecond

  /// Whether all texts of a series that are written of times of a span are in the stored form; false if they are not, and
  /// where it is not known and not searched for.
  private func isPlain(
    _ span: Written, searches: Bool, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: Knowable?,
    _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    guard ledger != nil, let knowable else { return false }
    if isSurveyed(symbol, timeframe, knowable) { return true }
    var known = PlainSpans()
    monitor.locked {
      guard let place = plain.find(symbol, timeframe), knowable.holds(plain[place].edition, isPlain: true)
      else {
        return
      }
      known = plain[place]
    }
    if known.contain(span) { return true }
    guard searches, isWorthSearching(symbol, timeframe, knowable) else { return false }
    monitor.locked { self.searches += 1 }
    let rest = known.rest(of: span)
    guard let found = try connection.plainTimes(table.paged, symbol, timeframe, rest, knowable) else {
      return false
    }
    keepPlain(found, symbol, timeframe, knowable)
    return true
  }

  /// Not where other forms are known: what is known of them says more.
  private func isWorthSearching(_ symbol: Bytes, _ timeframe: Bytes, _ knowable: Knowable) -> Bool {
    monitor.locked {
      if let place = searched.find(symbol, timeframe),
        knowable.holds(searched[place].edition, isPlain: false),
        searched[place].parts.contains(where: { $0.forms.isAny })
      {
        return false
      }
      if let place = stretches.find(symbol, timeframe),
        knowable.holds(stretches[place].edition, isPlain: false),
        !stretches[place].instants.isEmpty
      {
        return false
      }
      return true
    }
  }

  func keepPlain(_ span: Written, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: Knowable) {
    guard let edition = knowable.edition else { return }
    let tell = monitor.locked { () -> (@Sendable () -> Void)? in
      var spans = PlainSpans()
      if let place = plain.find(symbol, timeframe), knowable.holds(plain[place].edition, isPlain: true) {
        spans = plain[place]
      }
      spans.edition = edition
      spans.add(span)
      plain.keep(spans, symbol, timeframe)
      plainFinds += 1
      guard plainFinds >= Self.manyFinds, let tell = onManyFinds else { return nil }
      onManyFinds = nil
      return tell
    }
    tell?()
  }

  /// The forms of the texts around the bounds that are not in ours. Only what was not looked at yet is searched.
  private func forms(
    _ symbol: Bytes, _ timeframe: Bytes, from low: Int64?, to high: Int64?, wholeDays: Bool,
    _ connection: StoreConnection
  ) throws(StoreError) -> TimeForms {
    let knowable = knowable(connection)
    var known = Searched(edition: 0)
    if let knowable {
      monitor.locked {
        guard let place = searched.find(symbol, timeframe) else { return }
        let parts = searched[place]
        if parts.edition <= knowable.now {
          known.parts = parts.parts.filter { knowable.holds(parts.edition, isPlain: !$0.forms.isAny) }
        }
      }
    }
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
      // To the end of the day, so that not each bar that is new there moves the window beyond what is known.
      let wide = TimeForms.Window(low: rest.low, high: window.high.map { $0.endOfDay ?? $0 })
      if try arePlain(symbol, timeframe, [wide], knowable, connection) {
        part.window.high = wide.high
        found = found.union(part.forms)
        return known.add(part)
      }
      try forEachForeign(symbol, timeframe, rest, connection) { text throws(StoreError) in
        part.forms.take(text.flatMap { TimestampParser.layout($0)?.layout })
      }
      found = found.union(part.forms)
      known.add(part)
    }
    if isNew, let edition = knowable?.edition {
      // What was known before counts now, too.
      known.edition = edition
      monitor.locked { searched.keep(known, symbol, timeframe) }
    }
    return found
  }

  // MARK: All series

  private func isSurveyed(_ symbol: Bytes, _ timeframe: Bytes, _ knowable: Knowable?) -> Bool {
    guard let knowable else { return false }
    return monitor.locked { surveyed.contain(symbol, timeframe, knowable) }
  }

  /// Whether the times of all rows are known to be in the stored form.
  func areAllPlain(_ connection: StoreConnection) -> Bool {
    guard let knowable = knowable(connection) else { return false }
    return monitor.locked { surveyed.areAll(knowable) }
  }

  /// Whether `areAllPlain` may be found to be so once the lock on writing is held.
  var mayAllBePlain: Bool { monitor.locked { surveyed.isWhole } }

  /// Where the look at all series has come to, as far as that still counts.
  func surveyed(_ knowable: Knowable) -> SurveyedSeries {
    monitor.locked { knowable.holds(surveyed.edition, isPlain: true) ? surveyed : SurveyedSeries() }
  }

  func keepSurveyed(_ series: SurveyedSeries) { monitor.locked { surveyed = series } }

  /// Has `body` called when many series were looked at one at a time; once.
  func whenManyWereFound(_ body: @escaping @Sendable () -> Void) { monitor.locked { onManyFinds = body } }

  // MARK: Writes

  /// Whether rows in other forms mean an instant of `range`. Days around it are looked at as well, and remembered.
  func mean(
    _ range: ClosedRange<Int64>, _ symbol: Bytes, _ timeframe: Bytes, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    let knowable = knowable(connection)
    if let knowable, let known = known(range, symbol, timeframe, knowable) { return known }
    let span = Written.meaning(range.lowerBound, range.upperBound)
    if try isPlain(span, searches: true, symbol, timeframe, knowable, connection) { return false }
    let days = TimeForms.days(around: range)
    let instants = try rows(symbol, timeframe, days, connection).map(\.instant).sorted()
    if let edition = knowable?.edition, instants.count <= Stretch.mostInstants {
      monitor.locked {
        stretches.keep(
          Stretch(edition: edition, low: days.lowerBound, high: days.upperBound, instants: instants), symbol,
          timeframe)
      }
    }
    return instants.contains { range.contains($0) }
  }

  /// `mean`, as far as it is known.
  @inline(__always)
  private func known(
    _ range: ClosedRange<Int64>, _ symbol: Bytes, _ timeframe: Bytes, _ knowable: Knowable
  ) -> Bool? {
    monitor.locked {
      if surveyed.contain(symbol, timeframe, knowable) { return false }
      if let place = plain.find(symbol, timeframe), knowable.holds(plain[place].edition, isPlain: true),
        plain[place].contain(.meaning(range.lowerBound, range.upperBound))
      {
        return false
      }
      guard let place = stretches.find(symbol, timeframe), stretches[place].low <= range.lowerBound,
        range.upperBound <= stretches[place].high
      else { return nil }
      let isPlain = stretches[place].instants.isEmpty
      guard knowable.holds(stretches[place].edition, isPlain: isPlain) else { return nil }
      return !isPlain && stretches[place].instants.contains { range.contains($0) }
    }
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

  /// Whether there are no other forms within windows; false if that is to be searched for by way of SQLite.
  private func arePlain(
    _ symbol: Bytes, _ timeframe: Bytes, _ windows: [TimeForms.Window], _ knowable: Knowable?,
    _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    guard ledger != nil, let knowable else { return false }
    if isSurveyed(symbol, timeframe, knowable) { return true }
    monitor.locked { searches += 1 }
    return try connection.arePlain(table.paged, symbol, timeframe, windows, knowable) ?? false
  }

  /// The texts within a window that are in other forms; nil for what is not text.
  private func forEachForeign(
    _ symbol: Bytes, _ timeframe: Bytes, _ window: TimeForms.Window, _ connection: StoreConnection,
    _ body: (Bytes?) throws(StoreError) -> Void
  ) throws(StoreError) {
    let variant: UInt64 =
      StatementFamily.foreignForms.first | (window.high == nil ? 1 << 37 : 0)
      | UInt64(table.paged.rawValue) << 35
    let statement = try connection.statement(variant) {
      """
      SELECT \(table.column) FROM \(table.name) WHERE symbol = ?1 AND timeframe = ?2 AND \(table.column) >= ?3
      \(window.high == nil ? "" : "AND \(table.column) < ?4") AND ds_is_foreign(\(table.column))
      """
    }
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    statement.bind(window)
    monitor.locked { searches += 1 }
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
