// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

/// What a ds_series handle stands for.
final class SeriesHandle {
  let view: UnsafeMutablePointer<ds_series_view>
  private let arena = Arena()

  /// What C sees of a NULL handle.
  nonisolated(unsafe) static let nothing: UnsafePointer<ds_series_view> = {  // never changed
    let view = UnsafeMutablePointer<ds_series_view>.allocate(capacity: 1)
    view.initialize(to: ds_series_view())
    view.pointee.struct_size = MemoryLayout<ds_series_view>.size
    return UnsafePointer(view)
  }()

  init(_ entries: [SeriesEntry], counts: Bool) throws(StoreError) {
    view = try arena.array([ds_series_view()])
    view.pointee = ds_series_view(
      struct_size: MemoryLayout<ds_series_view>.size, count: Int64(entries.count),
      symbols: try arena.texts(entries.map(\.symbol)), timeframes: try arena.texts(entries.map(\.timeframe)),
      first: UnsafePointer(try arena.array(entries.lazy.map(\.first))),
      last: UnsafePointer(try arena.array(entries.lazy.map(\.last))),
      bars: counts ? UnsafePointer(try arena.array(entries.lazy.map { $0.bars ?? 0 })) : nil,
      gaps: counts ? UnsafePointer(try arena.array(entries.lazy.map { $0.gaps ?? 0 })) : nil)
  }
}

@implementation @_cdecl("ds_market_series")
public func ds_market_series(
  _ store: OpaquePointer?, _ counts: Int32, _ out_series: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_series, "out_series")
    let counts = try Argument.flag(counts, "counts")
    let entries = try StoreHandle.store(store).market.series(counts: counts)
    out.pointee = Handle.make(try SeriesHandle(entries, counts: counts))
  }
}

@implementation @_cdecl("ds_series_entries")
public func ds_series_entries(_ series: OpaquePointer?) -> UnsafePointer<ds_series_view>? {
  Handle.objectOrNil(series, SeriesHandle.self).map { UnsafePointer($0.view) } ?? SeriesHandle.nothing
}

@implementation @_cdecl("ds_series_free")
public func ds_series_free(_ series: OpaquePointer?) { Handle.free(series, SeriesHandle.self) }

@implementation @_cdecl("ds_market_delete")
public func ds_market_delete(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ range: UnsafePointer<ds_range>?, _ out_rows: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    let rows = try StoreHandle.store(store).market.delete(
      try Argument.text(symbol, "symbol"), try Argument.text(timeframe, "timeframe"),
      try ReadArguments.range(range))
    out_rows?.pointee = Int64(rows)
  }
}
