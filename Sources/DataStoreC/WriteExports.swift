// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

@implementation @_cdecl("ds_market_write")
public func ds_market_write(
  _ store: OpaquePointer?, _ batch: UnsafePointer<ds_bar_batch>?, _ replace: Int32,
  _ out_rows: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    try write(store, batch, replace, out_rows) { store, batch, replace throws(StoreError) in
      try store.market.write(batch, replace: replace)
    }
  }
}

@implementation @_cdecl("ds_market_write_features")
public func ds_market_write_features(
  _ store: OpaquePointer?, _ batch: UnsafePointer<ds_bar_batch>?, _ replace: Int32,
  _ out_rows: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    try write(store, batch, replace, out_rows) { store, batch, replace throws(StoreError) in
      try store.market.writeFeatures(batch, replace: replace)
    }
  }
}

private func write(
  _ store: OpaquePointer?, _ batch: UnsafePointer<ds_bar_batch>?, _ replace: Int32,
  _ outRows: UnsafeMutablePointer<Int64>?,
  _ body: (Store, BorrowedBatch, Bool) throws(StoreError) -> Int
) throws(StoreError) {
  let store = try StoreHandle.store(store)
  let given = try Argument.sized(batch, ds_bar_batch(), "batch")
  let replace = try Argument.flag(replace, "replace")
  var rows = 0
  if try BatchIn.rowCount(given) == 0 {
    try store.market.writeNothing()
  } else {
    rows = try BatchIn.lend(given) { batch throws(StoreError) in try body(store, batch, replace) }
  }
  outRows?.pointee = Int64(rows)
}

@implementation @_cdecl("ds_market_write_bar")
public func ds_market_write_bar(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ bar: UnsafePointer<ds_bar>?, _ replace: Int32
) -> Int32 {
  status { () throws(StoreError) in
    let store = try StoreHandle.store(store)
    let symbol = try Argument.notNull(symbol, "symbol")
    let timeframe = try Argument.notNull(timeframe, "timeframe")
    try BarFields.lend(try Argument.sized(bar, ds_bar(), "bar")) { bar throws(StoreError) in
      try store.market.write(
        BorrowedRow(bar, symbol: BatchIn.bytes(symbol), timeframe: BatchIn.bytes(timeframe)),
        replace: try Argument.flag(replace, "replace"))
    }
  }
}
