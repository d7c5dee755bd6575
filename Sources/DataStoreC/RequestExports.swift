// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

@implementation @_cdecl("ds_market_record_request")
public func ds_market_record_request(
  _ store: OpaquePointer?, _ request: UnsafePointer<ds_request>?,
  _ out_requested_at: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    let store = try StoreHandle.store(store)
    var defaults = ds_request()
    defaults.requested_at = Int64.min
    defaults.start_ts = Int64.min
    defaults.end_ts = Int64.min
    defaults.coverage_ratio = .nan
    let given = try Argument.sized(request, defaults, "request")
    let time: Int64
    if let borrowed = try borrowed(given), borrowed.keepsRules {
      time = try store.market.record(borrowed)
    } else {
      time = try store.market.record(try copied(given))
    }
    out_requested_at?.pointee = time
  }
}

/// nil if a text is missing.
private func borrowed(_ given: ds_request) throws(StoreError) -> BorrowedRequest? {
  guard let symbol = given.symbol, let timeframe = given.timeframe, let provider = given.provider_used else {
    return nil
  }
  var request = BorrowedRequest(
    symbol: BatchIn.bytes(symbol), timeframe: BatchIn.bytes(timeframe),
    requestedAt: given.requested_at == Int64.min ? nil : given.requested_at, start: given.start_ts,
    end: given.end_ts, providerUsed: BatchIn.bytes(provider))
  request.fallbackUsed = try Argument.flag(given.fallback_used, "fallback_used")
  request.coverageRatio = given.coverage_ratio.isNaN ? nil : given.coverage_ratio
  request.gapCount = try Argument.flag(given.has_gap_count, "has_gap_count") ? given.gap_count : nil
  request.quality = given.quality.map { BatchIn.bytes($0) }
  request.notes = given.notes.map { BatchIn.bytes($0) }
  return request
}

/// With texts of its own, of which each has been looked at.
private func copied(_ given: ds_request) throws(StoreError) -> MarketRequest {
  let symbol = try Argument.text(given.symbol, "symbol")
  let timeframe = try Argument.text(given.timeframe, "timeframe")
  guard given.provider_used != nil else {
    throw StoreError(
      .invalid, "request for \(symbol) \(timeframe): provider_used is missing (NULL); name the provider",
      key: "provider_used")
  }
  var record = MarketRequest(
    symbol: symbol, timeframe: timeframe,
    requestedAt: given.requested_at == Int64.min ? nil : given.requested_at, start: given.start_ts,
    end: given.end_ts, providerUsed: try Argument.text(given.provider_used, "provider_used"))
  record.fallbackUsed = try Argument.flag(given.fallback_used, "fallback_used")
  record.coverageRatio = given.coverage_ratio.isNaN ? nil : given.coverage_ratio
  record.gapCount = try Argument.flag(given.has_gap_count, "has_gap_count") ? given.gap_count : nil
  record.quality = try Argument.optionalText(given.quality, "quality")
  record.notes = try Argument.optionalText(given.notes, "notes")
  return record
}

/// What a ds_requests handle stands for.
final class RequestsHandle {
  let items: UnsafeMutablePointer<ds_request>
  let count: Int
  private let arena = Arena()

  init(_ requests: [MarketRequest]) throws(StoreError) {
    count = requests.count
    var items: [ds_request] = []
    let arena = arena
    for request in requests {
      let optional = { (text: String?) throws(StoreError) -> UnsafePointer<CChar>? in
        guard let text else { return nil }
        return try arena.text(text)
      }
      items.append(
        ds_request(
          struct_size: MemoryLayout<ds_request>.size, symbol: try arena.text(request.symbol),
          timeframe: try arena.text(request.timeframe), requested_at: request.requestedAt ?? Int64.min,
          start_ts: request.start, end_ts: request.end, provider_used: try arena.text(request.providerUsed),
          coverage_ratio: request.coverageRatio ?? .nan, gap_count: request.gapCount ?? 0,
          has_gap_count: request.gapCount == nil ? 0 : 1, fallback_used: request.fallbackUsed ? 1 : 0,
          quality: try optional(request.quality), notes: try optional(request.notes)))
    }
    self.items = try arena.array(items)
  }
}

@implementation @_cdecl("ds_market_requests")
public func ds_market_requests(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ range: UnsafePointer<ds_range>?, _ limit: Int64, _ out_requests: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_requests, "out_requests")
    guard limit >= -1 else {
      throw StoreError(.invalid, "limit is \(limit); it must be 0 or more, or -1 for all", key: "limit")
    }
    let requests = try StoreHandle.store(store).market.requests(
      symbol: try Argument.optionalText(symbol, "symbol"),
      timeframe: try Argument.optionalText(timeframe, "timeframe"),
      try ReadArguments.range(range), limit: limit < 0 ? nil : Int(limit))
    out.pointee = Handle.make(try RequestsHandle(requests))
  }
}

@implementation @_cdecl("ds_requests_count")
public func ds_requests_count(_ requests: OpaquePointer?) -> Int64 {
  Handle.objectOrNil(requests, RequestsHandle.self).map { Int64($0.count) } ?? 0
}

@implementation @_cdecl("ds_requests_items")
public func ds_requests_items(_ requests: OpaquePointer?) -> UnsafePointer<ds_request>? {
  Handle.objectOrNil(requests, RequestsHandle.self).map { UnsafePointer($0.items) }
}

@implementation @_cdecl("ds_requests_free")
public func ds_requests_free(_ requests: OpaquePointer?) { Handle.free(requests, RequestsHandle.self) }
