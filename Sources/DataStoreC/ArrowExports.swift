// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

/// A stream that is taken over is released whatever happens, even where no argument could be looked at.
private func taking(
  _ stream: UnsafeMutablePointer<ArrowArrayStream>?,
  _ body: (UnsafeMutableRawPointer) throws(StoreError) -> Void
) -> Int32 {
  defer { if let stream { ArrowStreams.release(UnsafeMutableRawPointer(stream)) } }
  return status { () throws(StoreError) in
    try body(UnsafeMutableRawPointer(try Argument.notNull(stream, "stream")))
  }
}

/// Hands a stream out.
private func giving(
  _ out: UnsafeMutablePointer<ArrowArrayStream>?, _ body: () throws(StoreError) -> ArrowStreamOut
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out, "out_stream")
    try body().move(to: UnsafeMutableRawPointer(out))
  }
}

@implementation @_cdecl("ds_market_write_arrow")
public func ds_market_write_arrow(
  _ store: OpaquePointer?, _ stream: UnsafeMutablePointer<ArrowArrayStream>?, _ symbol: UnsafePointer<CChar>?,
  _ timeframe: UnsafePointer<CChar>?, _ replace: Int32, _ out_rows: UnsafeMutablePointer<Int64>?
) -> Int32 {
  taking(stream) { stream throws(StoreError) in
    let rows = try StoreHandle.store(store).market.write(
      arrow: stream, symbol: try Argument.optionalText(symbol, "symbol"),
      timeframe: try Argument.optionalText(timeframe, "timeframe"),
      replace: try Argument.flag(replace, "replace"))
    out_rows?.pointee = Int64(rows)
  }
}

@implementation @_cdecl("ds_market_write_features_arrow")
public func ds_market_write_features_arrow(
  _ store: OpaquePointer?, _ stream: UnsafeMutablePointer<ArrowArrayStream>?, _ symbol: UnsafePointer<CChar>?,
  _ timeframe: UnsafePointer<CChar>?, _ quality: UnsafePointer<CChar>?, _ replace: Int32,
  _ out_rows: UnsafeMutablePointer<Int64>?
) -> Int32 {
  taking(stream) { stream throws(StoreError) in
    let rows = try StoreHandle.store(store).market.writeFeatures(
      arrow: stream, symbol: try Argument.optionalText(symbol, "symbol"),
      timeframe: try Argument.optionalText(timeframe, "timeframe"),
      quality: try Argument.optionalText(quality, "quality"), replace: try Argument.flag(replace, "replace"))
    out_rows?.pointee = Int64(rows)
  }
}

@implementation @_cdecl("ds_market_read_arrow")
public func ds_market_read_arrow(
  _ store: OpaquePointer?, _ symbols: UnsafePointer<UnsafePointer<CChar>?>?, _ symbol_count: Int32,
  _ timeframe: UnsafePointer<CChar>?, _ range: UnsafePointer<ds_range>?,
  _ options: UnsafePointer<ds_read_options>?, _ symbol_column: Int32,
  _ out_stream: UnsafeMutablePointer<ArrowArrayStream>?
) -> Int32 {
  giving(out_stream) { () throws(StoreError) in
    let symbolColumn = try Argument.flag(symbol_column, "symbol_column")
    return try StoreHandle.store(store).market.read(
      try Argument.texts(symbols, Int(symbol_count), "symbols"), try Argument.text(timeframe, "timeframe"),
      try ReadArguments.range(range), try ReadArguments.shape(options)
    ).arrowStream(symbolColumn: symbolColumn)
  }
}

@implementation @_cdecl("ds_market_scan_arrow")
public func ds_market_scan_arrow(
  _ store: OpaquePointer?, _ symbols: UnsafePointer<UnsafePointer<CChar>?>?, _ symbol_count: Int32,
  _ timeframe: UnsafePointer<CChar>?, _ range: UnsafePointer<ds_range>?,
  _ options: UnsafePointer<ds_read_options>?, _ chunk: Int64, _ symbol_column: Int32,
  _ out_stream: UnsafeMutablePointer<ArrowArrayStream>?
) -> Int32 {
  giving(out_stream) { () throws(StoreError) in
    try StoreHandle.store(store).market.scanArrow(
      try Argument.texts(symbols, Int(symbol_count), "symbols"), try Argument.text(timeframe, "timeframe"),
      try ReadArguments.range(range), try ReadArguments.shape(options), chunk: Int(chunk),
      symbolColumn: try Argument.flag(symbol_column, "symbol_column"))
  }
}

@implementation @_cdecl("ds_bars_arrow")
public func ds_bars_arrow(
  _ bars: OpaquePointer?, _ symbol_column: Int32, _ out_stream: UnsafeMutablePointer<ArrowArrayStream>?
) -> Int32 {
  giving(out_stream) { () throws(StoreError) in
    try Handle.object(bars, BarsHandle.self, "bars").bars.arrowStream(
      symbolColumn: try Argument.flag(symbol_column, "symbol_column"))
  }
}

@implementation @_cdecl("ds_sql_arrow")
public func ds_sql_arrow(
  _ store: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ parameters: UnsafePointer<ds_sql_parameter>?,
  _ parameter_count: Int32, _ timeout_seconds: Double, _ out_stream: UnsafeMutablePointer<ArrowArrayStream>?
) -> Int32 {
  giving(out_stream) { () throws(StoreError) in
    try rows(store, query, parameters, parameter_count, timeout_seconds < 0 ? nil : timeout_seconds)
      .arrowStream()
  }
}

@implementation @_cdecl("ds_rows_arrow")
public func ds_rows_arrow(
  _ rows: OpaquePointer?, _ out_stream: UnsafeMutablePointer<ArrowArrayStream>?
) -> Int32 {
  giving(out_stream) { () throws(StoreError) in
    try Handle.object(rows, RowsHandle.self, "rows").rows.arrowStream()
  }
}
