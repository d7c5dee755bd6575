// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

/// A caller's read arguments as the core takes them.
enum ReadArguments {
  static func range(_ given: UnsafePointer<ds_range>?) throws(StoreError) -> TimeRange {
    guard given != nil else { return .all }
    var defaults = ds_range()
    defaults.start = Int64.min
    defaults.end = Int64.max
    let range = try Argument.sized(given, defaults, "range")
    return TimeRange(
      start: try bound(range.start_text, range.start, isEnd: false),
      end: try bound(range.end_text, range.end, isEnd: true))
  }

  private static func bound(
    _ text: UnsafePointer<CChar>?, _ instant: Int64, isEnd: Bool
  ) throws(StoreError) -> Int64? {
    if let text { return try TimeRange.bound(BatchIn.bytes(text), isEnd: isEnd) }
    return instant == (isEnd ? Int64.max : Int64.min) ? nil : instant
  }

  static func shape(_ given: UnsafePointer<ds_read_options>?) throws(StoreError) -> ReadShape {
    guard given != nil else { return ReadShape() }
    var defaults = ds_read_options()
    defaults.columns = BarColumns.all.rawValue
    defaults.limit = -1
    let options = try Argument.sized(given, defaults, "options")
    let columns = BarColumns(rawValue: options.columns)
    guard columns.isSubset(of: .all) else {
      throw StoreError(
        .invalid, "the columns asked for are \(options.columns); they hold unknown bits", key: "columns")
    }
    guard let features = ReadShape.Features(rawValue: options.features) else {
      throw StoreError(
        .invalid, "features is \(options.features); it must be one of DS_FEATURES_", key: "features")
    }
    guard options.limit >= -1 else {
      throw StoreError(
        .invalid, "limit is \(options.limit); it must be 0 or more, or -1 for all", key: "limit")
    }
    let keys =
      options.feature_keys == nil && options.feature_key_count == 0
      ? nil : try Argument.texts(options.feature_keys, Int(options.feature_key_count), "feature_keys")
    return ReadShape(
      columns: columns, features: features, featureKeys: keys,
      limit: options.limit < 0 ? nil : Int(options.limit))
  }
}

@implementation @_cdecl("ds_market_read")
public func ds_market_read(
  _ store: OpaquePointer?, _ symbols: UnsafePointer<UnsafePointer<CChar>?>?, _ symbol_count: Int32,
  _ timeframe: UnsafePointer<CChar>?, _ range: UnsafePointer<ds_range>?,
  _ options: UnsafePointer<ds_read_options>?,
  _ out_bars: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_bars, "out_bars")
    let bars = try StoreHandle.store(store).market.read(
      try Argument.texts(symbols, Int(symbol_count), "symbols"), try Argument.text(timeframe, "timeframe"),
      try ReadArguments.range(range), try ReadArguments.shape(options))
    out.pointee = Handle.make(try BarsHandle(bars))
  }
}

@implementation @_cdecl("ds_market_latest")
public func ds_market_latest(
  _ store: OpaquePointer?, _ symbols: UnsafePointer<UnsafePointer<CChar>?>?, _ symbol_count: Int32,
  _ timeframe: UnsafePointer<CChar>?, _ n: Int64, _ options: UnsafePointer<ds_read_options>?,
  _ out_bars: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_bars, "out_bars")
    let bars = try StoreHandle.store(store).market.latest(
      try Argument.texts(symbols, Int(symbol_count), "symbols"), try Argument.text(timeframe, "timeframe"),
      Int(n),
      try ReadArguments.shape(options))
    out.pointee = Handle.make(try BarsHandle(bars))
  }
}

@implementation @_cdecl("ds_bars_batch")
public func ds_bars_batch(_ bars: OpaquePointer?) -> UnsafePointer<ds_bar_batch>? {
  Handle.objectOrNil(bars, BarsHandle.self).map { UnsafePointer($0.view) } ?? BarsHandle.nothing
}

@implementation @_cdecl("ds_bars_free")
public func ds_bars_free(_ bars: OpaquePointer?) { Handle.free(bars, BarsHandle.self) }

@implementation @_cdecl("ds_market_scan")
public func ds_market_scan(
  _ store: OpaquePointer?, _ symbols: UnsafePointer<UnsafePointer<CChar>?>?, _ symbol_count: Int32,
  _ timeframe: UnsafePointer<CChar>?, _ range: UnsafePointer<ds_range>?,
  _ options: UnsafePointer<ds_read_options>?,
  _ chunk: Int64, _ out_scan: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_scan, "out_scan")
    let scan = try StoreHandle.store(store).market.scan(
      try Argument.texts(symbols, Int(symbol_count), "symbols"), try Argument.text(timeframe, "timeframe"),
      try ReadArguments.range(range), try ReadArguments.shape(options), chunk: Int(chunk))
    out.pointee = Handle.make(scan)
  }
}

@implementation @_cdecl("ds_scan_next")
public func ds_scan_next(_ scan: OpaquePointer?, _ out_bars: UnsafeMutablePointer<OpaquePointer?>?) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_bars, "out_bars")
    let bars = try Handle.object(scan, BarScan.self, "scan").next()
    if let bars { out.pointee = Handle.make(try BarsHandle(bars)) } else { out.pointee = nil }
  }
}

@implementation @_cdecl("ds_scan_free")
public func ds_scan_free(_ scan: OpaquePointer?) { Handle.free(scan, BarScan.self) }
