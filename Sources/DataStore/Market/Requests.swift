// SPDX-License-Identifier: MIT

/// How a range of bars was obtained. Times are nanoseconds since 1970-01-01T00:00:00Z.
public struct MarketRequest: Sendable, Equatable {
  /// The series' symbol.
  public var symbol: String
  /// The series' timeframe.
  public var timeframe: String
  /// When it was made. nil when recording: now, or the next microsecond that is free.
  public var requestedAt: Int64?
  /// First instant that was asked for.
  public var start: Int64
  /// Last instant that was asked for.
  public var end: Int64
  /// The provider that answered.
  public var providerUsed: String
  /// Whether that provider was not the first choice.
  public var fallbackUsed = false
  /// How much of the range came, from 0 to 1; nil is NULL.
  public var coverageRatio: Double?
  /// How many bars are missing; nil is NULL.
  public var gapCount: Int64?
  /// How good the answer is, in its producer's words; nil is NULL.
  public var quality: String?
  /// Anything else; nil is NULL.
  public var notes: String?

  /// A request with the fields that are required.
  public init(
    symbol: String, timeframe: String, requestedAt: Int64? = nil, start: Int64, end: Int64,
    providerUsed: String
  ) {
    self.symbol = symbol
    self.timeframe = timeframe
    self.requestedAt = requestedAt
    self.start = start
    self.end = end
    self.providerUsed = providerUsed
  }
}

extension MarketRequest {
  /// Texts are equal where their bytes are.
  public static func == (left: MarketRequest, right: MarketRequest) -> Bool {
    left.texts == right.texts && left.fallbackUsed == right.fallbackUsed
      && (left.requestedAt, left.start, left.end) == (right.requestedAt, right.start, right.end)
      && (left.coverageRatio, left.gapCount) == (right.coverageRatio, right.gapCount)
  }

  private var texts: [ExactText?] {
    [symbol, timeframe, providerUsed, quality, notes].map { $0.map(ExactText.init) }
  }
}

extension MarketRepo {
  /// Upserts the whole row on (symbol, timeframe, requestedAt).
  ///
  /// - Returns: `requestedAt`, in nanoseconds since 1970-01-01T00:00:00Z: that of the request, or the one that was chosen.
  /// - Throws: `.invalid` if the symbol or the timeframe is empty, a text holds a NUL, or a time is `Int64.min`. Otherwise
  ///   as a write, see ``StoreError``.
  @discardableResult
  public func record(_ request: MarketRequest) throws(StoreError) -> Int64 {
    let key = try SeriesKey(request.symbol, request.timeframe)
    for (name, time) in [
      ("requested_at", request.requestedAt ?? 0), ("start_ts", request.start), ("end_ts", request.end),
    ] where time == Timestamp.none {
      throw .invalid("request for \(key.text): \(name) is missing; give it", key: name)
    }
    for (name, text) in [
      ("provider_used", request.providerUsed), ("quality", request.quality), ("notes", request.notes),
    ] {
      guard let text else { continue }
      if text.utf8.contains(0) {
        throw .invalid("request for \(key.text): \(name) holds a NUL character", key: name)
      }
      if text.utf8.count > Limits.textBytes {
        throw .invalid("request for \(key.text): \(name) is longer than \(Limits.textBytes) bytes", key: name)
      }
    }
    return try store.write { writer throws(StoreError) in
      let time: Int64
      if let given = request.requestedAt { time = given } else { time = try freeTime(key, writer) }
      // Another tool may have recorded it in another form.
      try key.withBytes { symbol, timeframe throws(StoreError) in
        try writer.foreignRequests.fix(time...time, symbol, timeframe, writer)
      }
      let statement = try writer.statement(
        """
        INSERT INTO main.market_requests(symbol, timeframe, requested_at, provider_used, fallback_used, start_ts,
        end_ts, coverage_ratio, gap_count, quality, notes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT(symbol, timeframe, requested_at) DO UPDATE SET provider_used = excluded.provider_used,
        fallback_used = excluded.fallback_used, start_ts = excluded.start_ts, end_ts = excluded.end_ts,
        coverage_ratio = excluded.coverage_ratio, gap_count = excluded.gap_count, quality = excluded.quality,
        notes = excluded.notes
        """)
      key.bind(to: statement)
      statement.bind(3, copying: Timestamp.text(time))
      statement.bind(4, copying: request.providerUsed)
      statement.bind(5, Int64(request.fallbackUsed ? 1 : 0))
      statement.bind(6, copying: Timestamp.text(request.start))
      statement.bind(7, copying: Timestamp.text(request.end))
      if let ratio = request.coverageRatio { statement.bind(8, ratio) }
      if let count = request.gapCount { statement.bind(9, count) }
      if let quality = request.quality { statement.bind(10, copying: quality) }
      if let notes = request.notes { statement.bind(11, copying: notes) }
      try statement.run()
      return time
    }
  }

  /// The first microsecond from now on that no request of the series has.
  private func freeTime(_ key: SeriesKey, _ writer: Connection) throws(StoreError) -> Int64 {
    var time = Timestamp.now()
    while try isTaken(time, key, writer) { time += Timestamp.perMicrosecond }
    return time
  }

  private func isTaken(_ time: Int64, _ key: SeriesKey, _ writer: Connection) throws(StoreError) -> Bool {
    let taken = try writer.statement(
      "SELECT 1 FROM main.market_requests WHERE symbol = ?1 AND timeframe = ?2 AND requested_at = ?3")
    key.bind(to: taken)
    taken.bind(3, copying: Timestamp.text(time))
    defer { taken.reset() }
    if try taken.step() { return true }
    return try key.withBytes { symbol, timeframe throws(StoreError) in
      try writer.foreignRequests.mean(time...time, symbol, timeframe, writer)
    }
  }

  /// Requests by requestedAt, oldest first; of one series, of one symbol, or all; at most `limit`.
  package func requests(
    symbol: String?, timeframe: String?, _ range: TimeRange, limit: Int?
  ) throws(StoreError) -> [MarketRequest] {
    if let limit, limit < 0 { throw .invalid("limit is \(limit); it must be 0 or more", key: "limit") }
    if let symbol { _ = try checkedName(symbol, "symbol") }
    if let timeframe { _ = try checkedName(timeframe, "timeframe") }
    return try store.read(snapshot: false) { reader throws(StoreError) in
      let statement = try reader.statement(
        """
        SELECT symbol, timeframe, requested_at, start_ts, end_ts, provider_used, fallback_used, coverage_ratio,
        gap_count, quality, notes FROM main.market_requests
        WHERE (?1 IS NULL OR symbol = ?1) AND (?2 IS NULL OR timeframe = ?2)
        ORDER BY symbol, timeframe, requested_at
        """)
      if let symbol { statement.bind(1, copying: symbol) }
      if let timeframe { statement.bind(2, copying: timeframe) }
      defer { statement.reset() }
      var found: [(time: Int64, request: MarketRequest)] = []
      while try statement.step() {
        let request = try MarketRequest(statement)
        let time = request.requestedAt ?? Timestamp.none
        if range.contains(time) { found.append((time, request)) }
      }
      // Other tools may have written other forms, so the order of time is made here.
      found.sort {
        ($0.time, ExactText($0.request.symbol), ExactText($0.request.timeframe)) < (
          $1.time, ExactText($1.request.symbol), ExactText($1.request.timeframe)
        )
      }
      return found.prefix(limit ?? Int.max).map(\.request)
    }
  }
}

extension MarketRequest {
  fileprivate init(_ row: Statement) throws(StoreError) {
    let place = "request \(row.text(0)) \(row.text(1)) \(row.text(2))"
    func fault(_ column: Int32, _ what: String) -> StoreError {
      .corrupt(
        "\(place): column '\(row.columnName(column))' holds \(StoreError.quoted(row.text(column))), which is \(what)."
          + " Fix the row with an SQLite tool; check() lists such rows")
    }
    func time(_ column: Int32) throws(StoreError) -> Int64 {
      guard row.kind(column) == .text,
        case .instant(let instant, _) = TimestampParser.parse(row.bytes(column))
      else {
        throw fault(column, "no ISO 8601 time within int64 nanoseconds")
      }
      return instant
    }
    func text(_ column: Int32) throws(StoreError) -> String? {
      switch row.kind(column) {
      case .text:
        let bytes = row.bytes(column)
        guard bytes.isValidUTF8, !bytes.contains(0) else {
          throw fault(column, "not valid UTF-8 without NUL")
        }
        return bytes.text
      case .null: return nil
      default: throw fault(column, "no text")
      }
    }
    symbol = try text(0) ?? ""
    timeframe = try text(1) ?? ""
    requestedAt = try time(2)
    start = try time(3)
    end = try time(4)
    providerUsed = try text(5) ?? ""
    switch row.kind(6) {
    case .integer, .real: fallbackUsed = row.double(6) != 0
    case .null: fallbackUsed = false
    default: throw fault(6, "no flag")
    }
    switch row.kind(7) {
    case .integer, .real: coverageRatio = row.double(7)
    case .null: coverageRatio = nil
    default: throw fault(7, "no number")
    }
    switch row.kind(8) {
    case .integer: gapCount = row.int64(8)
    case .null: gapCount = nil
    default: throw fault(8, "no whole number")
    }
    quality = try text(9)
    notes = try text(10)
  }
}
