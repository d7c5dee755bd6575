// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

@implementation @_cdecl("ds_store_copy")
public func ds_store_copy(
  _ source: OpaquePointer?, _ target: OpaquePointer?, _ options: UnsafePointer<ds_copy_options>?,
  _ out_result: UnsafeMutablePointer<ds_copy_result>?
) -> Int32 {
  status { () throws(StoreError) in
    let source = try Handle.object(source, StoreHandle.self, "source").store
    let target = try Handle.object(target, StoreHandle.self, "target").store
    var given = ds_copy_options(struct_size: MemoryLayout<ds_copy_options>.size, chunk: 10_000)
    if options != nil { given = try Argument.sized(options, given, "options") }
    // Before anything is copied: nothing may be wrong with it afterwards.
    if out_result != nil { _ = try Argument.sized(UnsafePointer(out_result), ds_copy_result(), "out_result") }
    let result = try source.copy(to: target, chunk: Int(given.chunk))
    guard out_result != nil else { return }
    try Argument.fill(
      out_result,
      ds_copy_result(
        struct_size: 0, series: Int64(result.series), bars: Int64(result.bars),
        bars_written: Int64(result.barsWritten), requests: Int64(result.requests),
        requests_written: Int64(result.requestsWritten), states: Int64(result.stateValues),
        states_written: Int64(result.stateValuesWritten)), "out_result")
  }
}

/// What a ds_differences handle stands for.
final class DifferencesHandle {
  let items: UnsafeMutablePointer<ds_difference>
  let count: Int
  private let arena = Arena()

  init(_ differences: [StoreDifference]) throws(StoreError) {
    count = differences.count
    let arena = arena
    let optional = { (text: String?) throws(StoreError) -> UnsafePointer<CChar>? in
      guard let text else { return nil }
      return try arena.text(text)
    }
    var items: [ds_difference] = []
    for one in differences {
      items.append(
        ds_difference(
          part: one.part.rawValue, kind: one.kind.rawValue, symbol: try optional(one.symbol),
          timeframe: try optional(one.timeframe), time: one.time ?? Int64.min, key: try optional(one.key),
          column: try optional(one.column), here: try optional(one.here), there: try optional(one.there),
          text: try arena.text(one.description)))
    }
    self.items = try arena.array(items)
  }
}

@implementation @_cdecl("ds_store_compare")
public func ds_store_compare(
  _ store: OpaquePointer?, _ other: OpaquePointer?, _ options: UnsafePointer<ds_compare_options>?,
  _ out_differences: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_differences, "out_differences")
    let store = try StoreHandle.store(store)
    let other = try Handle.object(other, StoreHandle.self, "other").store
    var given = ds_compare_options(
      struct_size: MemoryLayout<ds_compare_options>.size, limit: 100, chunk: 10_000)
    if options != nil { given = try Argument.sized(options, given, "options") }
    let found = try store.differences(from: other, limit: Int(given.limit), chunk: Int(given.chunk))
    out.pointee = Handle.make(try DifferencesHandle(found))
  }
}

@implementation @_cdecl("ds_differences_count")
public func ds_differences_count(_ differences: OpaquePointer?) -> Int64 {
  Handle.objectOrNil(differences, DifferencesHandle.self).map { Int64($0.count) } ?? 0
}

@implementation @_cdecl("ds_differences_items")
public func ds_differences_items(_ differences: OpaquePointer?) -> UnsafePointer<ds_difference>? {
  Handle.objectOrNil(differences, DifferencesHandle.self).map { UnsafePointer($0.items) }
}

@implementation @_cdecl("ds_differences_free")
public func ds_differences_free(_ differences: OpaquePointer?) {
  Handle.free(differences, DifferencesHandle.self)
}

@implementation @_cdecl("ds_market_hash")
public func ds_market_hash(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ range: UnsafePointer<ds_range>?, _ out_hash: UnsafeMutablePointer<UInt64>?,
  _ out_bars: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_hash, "out_hash")
    let hash = try StoreHandle.store(store).hash(
      try Argument.text(symbol, "symbol"), try Argument.text(timeframe, "timeframe"),
      try ReadArguments.range(range))
    out.pointee = hash.value
    out_bars?.pointee = Int64(hash.bars)
  }
}
