// SPDX-License-Identifier: MIT

extension StoreConnection {
  /// Upserts a request by a statement that is its own transaction; returns the time that it is kept under. Fails with
  /// `.otherForm` where rows in other forms are to be seen to first, and has written nothing then.
  func recordAtOnce(_ request: UnsafePointer<BorrowedRequest>) throws(StoreError) -> Int64 {
    expectRows(1)
    let given = request.pointee.requestedAt
    let statement = try statement(given == nil ? Self.addVariant : Self.putVariant) {
      Self.insertion(time: "ds_bar_time(?3)", replaces: given != nil)
    }
    let (symbol, timeframe) = (request.pointee.symbol, request.pointee.timeframe)
    var time = given
    while true {
      try writingAtOnce { () throws(StoreError) in
        statement.bind(1, symbol)
        statement.bind(2, timeframe)
        if let time { statement.bind(3, time) }
        Self.bind(request, to: statement)
        try barTime.givingRequest(symbol, timeframe) { () throws(StoreError) in try statement.run() }
      }
      if given != nil || changes > 0 { return barTime.given }
      time = barTime.given + Timestamp.perMicrosecond
    }
  }

  private static var addVariant: UInt64 { StatementFamily.requests.first }
  private static var putVariant: UInt64 { StatementFamily.requests.first | 1 }

  /// `time` is what stands for the time that the request is kept under. One that is taken is left alone, or replaced.
  private static func insertion(time: String, replaces: Bool) -> String {
    let columns = [
      "provider_used", "fallback_used", "start_ts", "end_ts", "coverage_ratio", "gap_count", "quality",
      "notes",
    ]
    let change = "UPDATE SET " + columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    return """
      INSERT INTO main.market_requests(symbol, timeframe, requested_at, \(columns.joined(separator: ", ")))
      VALUES (?1, ?2, \(time), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      ON CONFLICT(symbol, timeframe, requested_at) DO \(replaces ? change : "NOTHING")
      """
  }

  /// As parameters 4 to 11.
  private static func bind(_ request: UnsafePointer<BorrowedRequest>, to statement: Statement) {
    statement.bind(4, request.pointee.providerUsed)
    statement.bind(5, Int64(request.pointee.fallbackUsed ? 1 : 0))
    statement.bind(6, time: request.pointee.start)
    statement.bind(7, time: request.pointee.end)
    if let ratio = request.pointee.coverageRatio { statement.bind(8, ratio) }
    if let count = request.pointee.gapCount { statement.bind(9, count) }
    if let quality = request.pointee.quality { statement.bind(10, quality) }
    if let notes = request.pointee.notes { statement.bind(11, notes) }
  }

  /// The same within a transaction.
  func record(_ request: UnsafePointer<BorrowedRequest>) throws(StoreError) -> Int64 {
    let (symbol, timeframe) = (request.pointee.symbol, request.pointee.timeframe)
    let time: Int64
    if let given = request.pointee.requestedAt {
      time = given
    } else {
      time = try freeTime(symbol, timeframe)
    }
    // Another tool may have recorded it in another form.
    try foreignRequests.fix(time...time, symbol, timeframe, self)
    let statement = try statement(Self.insertion(time: "?3", replaces: true))
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    statement.bind(3, time: time)
    Self.bind(request, to: statement)
    try statement.run()
    return time
  }

  /// The first microsecond from now on that no request of the series has.
  private func freeTime(_ symbol: Bytes, _ timeframe: Bytes) throws(StoreError) -> Int64 {
    var time = Timestamp.now()
    while try isTaken(time, symbol, timeframe) { time += Timestamp.perMicrosecond }
    return time
  }

  private func isTaken(_ time: Int64, _ symbol: Bytes, _ timeframe: Bytes) throws(StoreError) -> Bool {
    let taken = try statement(
      "SELECT 1 FROM main.market_requests WHERE symbol = ?1 AND timeframe = ?2 AND requested_at = ?3")
    taken.bind(1, symbol)
    taken.bind(2, timeframe)
    taken.bind(3, time: time)
    defer { taken.reset() }
    if try taken.step() { return true }
    return try foreignRequests.mean(time...time, symbol, timeframe, self)
  }

  /// The requests of one series, of one symbol, or all, within a range.
  func requests(
    symbol: String?, timeframe: String?, _ range: TimeRange
  ) throws(StoreError) -> [MarketRequest] {
    let statement = try statement(
      """
      SELECT symbol, timeframe, requested_at, start_ts, end_ts, provider_used, fallback_used, coverage_ratio,
      gap_count, quality, notes FROM main.market_requests
      WHERE (?1 IS NULL OR symbol = ?1) AND (?2 IS NULL OR timeframe = ?2)
      ORDER BY symbol, timeframe, requested_at
      """)
    if let symbol { statement.bind(1, copying: symbol) }
    if let timeframe { statement.bind(2, copying: timeframe) }
    defer { statement.reset() }
    var found: [MarketRequest] = []
    while try statement.step() {
      let request = try MarketRequest(statement)
      if range.contains(request.requestedAt ?? Timestamp.none) { found.append(request) }
    }
    return found
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
