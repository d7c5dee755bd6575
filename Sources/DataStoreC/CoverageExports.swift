// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

@implementation @_cdecl("ds_market_exists")
public func ds_market_exists(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ out_exists: UnsafeMutablePointer<Int32>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_exists, "out_exists")
    let exists = try StoreHandle.store(store).market.exists(
      try Argument.text(symbol, "symbol"), try Argument.text(timeframe, "timeframe"))
    out.pointee = exists ? 1 : 0
  }
}

@implementation @_cdecl("ds_market_count")
public func ds_market_count(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ range: UnsafePointer<ds_range>?, _ out_count: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_count, "out_count")
    let count = try StoreHandle.store(store).market.count(
      try Argument.text(symbol, "symbol"), try Argument.text(timeframe, "timeframe"),
      try ReadArguments.range(range))
    out.pointee = Int64(count)
  }
}

@implementation @_cdecl("ds_market_feature_keys")
public func ds_market_feature_keys(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ range: UnsafePointer<ds_range>?, _ out_keys: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_keys, "out_keys")
    let keys = try StoreHandle.store(store).market.featureKeys(
      try Argument.text(symbol, "symbol"), try Argument.text(timeframe, "timeframe"),
      try ReadArguments.range(range))
    out.pointee = Handle.make(try TextsHandle(keys))
  }
}

/// What a ds_missing handle stands for.
final class MissingHandle {
  let view: UnsafeMutablePointer<ds_missing_view>
  private let arena = Arena()
  private let runs: MissingRuns

  /// What C sees of a NULL handle.
  nonisolated(unsafe) static let nothing: UnsafePointer<ds_missing_view> = {  // never changed
    let view = UnsafeMutablePointer<ds_missing_view>.allocate(capacity: 1)
    view.initialize(to: ds_missing_view())
    view.pointee.struct_size = MemoryLayout<ds_missing_view>.size
    return UnsafePointer(view)
  }()

  /// The arrays are those of `runs`.
  init(_ runs: MissingRuns) throws(StoreError) {
    self.runs = runs
    view = try arena.array([ds_missing_view()])
    view.pointee = ds_missing_view(
      struct_size: MemoryLayout<ds_missing_view>.size, count: Int64(runs.starts.count),
      starts: runs.starts.baseAddress, ends: runs.ends.baseAddress, bars: runs.bars.baseAddress)
  }
}

@implementation @_cdecl("ds_market_missing")
public func ds_market_missing(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ range: UnsafePointer<ds_range>?, _ expected: UnsafePointer<ds_expected>?,
  _ out_missing: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_missing, "out_missing")
    let market = try StoreHandle.store(store).market
    let symbol = try Argument.text(symbol, "symbol")
    let timeframe = try Argument.text(timeframe, "timeframe")
    let range = try ReadArguments.range(range)
    let expected = try Argument.sized(expected, ds_expected(), "expected")
    let count = try Argument.count(expected.count, "expected.count")
    if expected.step != 0 {
      guard expected.times == nil, count == 0 else {
        throw StoreError(
          .invalid, "expected has both a step and times; give one of them", key: "expected")
      }
      out.pointee = Handle.make(
        try MissingHandle(try market.missing(symbol, timeframe, range, step: expected.step)))
      return
    }
    let times = count > 0 ? try Argument.notNull(expected.times, "expected.times") : nil
    out.pointee = Handle.make(
      try MissingHandle(
        try market.missing(symbol, timeframe, range, UnsafeBufferPointer(start: times, count: count))))
  }
}

@implementation @_cdecl("ds_missing_runs")
public func ds_missing_runs(_ missing: OpaquePointer?) -> UnsafePointer<ds_missing_view>? {
  Handle.objectOrNil(missing, MissingHandle.self).map { UnsafePointer($0.view) } ?? MissingHandle.nothing
}

@implementation @_cdecl("ds_missing_free")
public func ds_missing_free(_ missing: OpaquePointer?) { Handle.free(missing, MissingHandle.self) }
