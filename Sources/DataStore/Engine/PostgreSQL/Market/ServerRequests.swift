// SPDX-License-Identifier: MIT

/// The requests that brought the bars.
extension Session {
  /// Upserts a request; returns the time that it is kept under: without one of its own, the first free microsecond.
  func record(_ request: BorrowedRequest, in table: String) throws(StoreError) -> Int64 {
    try KeyLimit.check(request.symbol, request.timeframe, row: nil) { "request" }
    if let time = request.requestedAt {
      add(request, time)
      _ = try execute(StatementName(.putRequest)) { RequestSQL.insertion(table, replaces: true) }
      return time
    }
    var time = Timestamp.now()
    while true {
      add(request, time)
      let answer = try execute(StatementName(.addRequest)) { RequestSQL.insertion(table, replaces: false) }
      if answer.affectedRows > 0 { return time }
      time += Timestamp.perMicrosecond
      if interruption.shouldStop() { throw .isInterrupted }
    }
  }

  /// In the order of the table's columns.
  private func add(_ request: BorrowedRequest, _ time: Int64) {
    parameters.add(request.symbol)
    parameters.add(request.timeframe)
    parameters.add(time: time)
    parameters.add(request.providerUsed)
    parameters.add(request.fallbackUsed)
    parameters.add(time: request.start)
    parameters.add(time: request.end)
    if let ratio = request.coverageRatio { parameters.add(ratio) } else { parameters.addNull() }
    if let count = request.gapCount { parameters.add(count) } else { parameters.addNull() }
    parameters.add(request.quality)
    parameters.add(request.notes)
  }

  /// The requests of one series, of one symbol, or all, within a range, in any order.
  func requests(
    symbol: String?, timeframe: String?, _ range: TimeRange, in table: String
  ) throws(StoreError) -> [MarketRequest] {
    let sql = RequestSQL(hasSymbol: symbol != nil, hasTimeframe: timeframe != nil)
    if let symbol { parameters.add(copying: symbol) }
    if let timeframe { parameters.add(copying: timeframe) }
    let answer = try execute(StatementName(.requests, variant: sql.variant)) { sql.rows(table) }
    var found: [MarketRequest] = []
    for row in 0..<answer.rows {
      let request = try MarketRequest(answer, row)
      if range.contains(request.requestedAt ?? Timestamp.none) { found.append(request) }
    }
    return found
  }
}

/// The statements over requests: parameter 1 is the symbol, where there is one.
struct RequestSQL {
  let hasSymbol: Bool
  let hasTimeframe: Bool

  var variant: UInt64 { (hasSymbol ? 1 : 0) | (hasTimeframe ? 2 : 0) }

  func rows(_ table: String) -> String {
    var conditions: [String] = []
    if hasSymbol { conditions.append("symbol = $1::text") }
    if hasTimeframe { conditions.append("timeframe = $\(conditions.count + 1)::text") }
    let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    return "SELECT \(Self.columns) FROM \(table)\(condition)"
  }

  static let columns = """
    symbol, timeframe, requested_at, requested_at_ns, provider_used, fallback_used, start_ts, start_ts_ns, end_ts, \
    end_ts_ns, coverage_ratio, gap_count, quality, notes
    """

  /// One that is taken is left alone, or replaced.
  static func insertion(_ table: String, replaces: Bool) -> String {
    let names = ServerSchema.marketRequests.columns
    let values = names.indices.map { "$\($0 + 1)::\(names[$0].type)" }.joined(separator: ", ")
    let changed = names.filter { !$0.isInKey }.map { "\($0.name) = excluded.\($0.name)" }
    return """
      INSERT INTO \(table) (\(columns)) VALUES (\(values))
      ON CONFLICT (symbol, timeframe, requested_at, requested_at_ns) DO \
      \(replaces ? "UPDATE SET " + changed.joined(separator: ", ") : "NOTHING")
      """
  }
}

extension MarketRequest {
  fileprivate init(_ answer: borrowing Answer, _ row: Int) throws(StoreError) {
    let (symbol, timeframe) = (answer.string(0, row: row), answer.string(1, row: row))
    guard let requestedAt = answer.instant(2, row: row), let start = answer.instant(6, row: row),
      let end = answer.instant(8, row: row)
    else {
      throw .corrupt(
        "request \(symbol) \(timeframe): a time is beyond what a store keeps. Fix the row with psql; check() lists such rows"
      )
    }
    self.init(
      symbol: symbol, timeframe: timeframe, requestedAt: requestedAt, start: start, end: end,
      providerUsed: answer.string(4, row: row))
    fallbackUsed = answer.bool(5, row: row)
    coverageRatio = answer.isNull(10, row: row) ? nil : answer.double(10, row: row)
    gapCount = answer.isNull(11, row: row) ? nil : answer.integer(11, row: row)
    quality = answer.isNull(12, row: row) ? nil : answer.string(12, row: row)
    notes = answer.isNull(13, row: row) ? nil : answer.string(13, row: row)
  }
}
