// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Upserts the whole row on (symbol, timeframe, requestedAt).
  ///
  /// - Returns: `requestedAt`, in nanoseconds since 1970-01-01T00:00:00Z: that of the request, or the one that was chosen.
  /// - Throws: `.invalid` if the symbol or the timeframe is empty, a text holds a NUL, or a time is `Int64.min`. Otherwise
  ///   as a write, see ``StoreError``.
  @discardableResult
  public func record(_ request: MarketRequest) throws(StoreError) -> Int64 {
    let key = try SeriesKey(request.symbol, request.timeframe)
    try Self.check(request.requestedAt ?? 0, "requested_at", key)
    try Self.check(request.start, "start_ts", key)
    try Self.check(request.end, "end_ts", key)
    try Self.check(request.providerUsed, "provider_used", key)
    if let quality = request.quality { try Self.check(quality, "quality", key) }
    if let notes = request.notes { try Self.check(notes, "notes", key) }
    return try request.borrowed { request throws(StoreError) in try engine.record(request) }
  }

  /// Records a request that keeps the rules.
  package func record(_ request: BorrowedRequest) throws(StoreError) -> Int64 { try engine.record(request) }

  private static func check(_ time: Int64, _ name: String, _ key: SeriesKey) throws(StoreError) {
    guard time != Timestamp.none else {
      throw .invalid("request for \(key.text): \(name) is missing; give it", key: name)
    }
  }

  private static func check(_ text: String, _ name: String, _ key: SeriesKey) throws(StoreError) {
    let (hasNUL, count) = text.withBytes { ($0.contains(0), $0.count) }
    if hasNUL {
      throw .invalid("request for \(key.text): \(name) holds a NUL character", key: name)
    }
    if count > Limits.textBytes {
      throw .invalid("request for \(key.text): \(name) is longer than \(Limits.textBytes) bytes", key: name)
    }
  }

  /// Requests by requestedAt, oldest first; of one series, of one symbol, or all; at most `limit`.
  package func requests(
    symbol: String?, timeframe: String?, _ range: TimeRange, limit: Int?
  ) throws(StoreError) -> [MarketRequest] {
    if let limit, limit < 0 { throw .invalid("limit is \(limit); it must be 0 or more", key: "limit") }
    if let symbol { _ = try checkedName(symbol, "symbol") }
    if let timeframe { _ = try checkedName(timeframe, "timeframe") }
    // Other tools may have written other forms, so the order of time is made here.
    return try engine.requests(symbol: symbol, timeframe: timeframe, range).map {
      ($0.requestedAt ?? Timestamp.none, $0)
    }
    .sorted { left, right in
      (left.0, ExactText(left.1.symbol), ExactText(left.1.timeframe)) < (
        right.0, ExactText(right.1.symbol), ExactText(right.1.timeframe)
      )
    }
    .prefix(limit ?? Int.max).map(\.1)
  }
}
