// SPDX-License-Identifier: MIT
import CDataStore
import DataStore
import Glibc

@implementation @_cdecl("ds_market_latest_bar")
public func ds_market_latest_bar(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ out_bar: UnsafeMutablePointer<UnsafeMutablePointer<ds_bar>?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_bar, "out_bar")
    var block: UnsafeMutablePointer<ds_bar>?
    try StoreHandle.store(store).market.withLatestBar(
      try Argument.notNull(symbol, "symbol"), try Argument.notNull(timeframe, "timeframe")
    ) { bar throws(StoreError) in
      block = try oneBlock(bar)
    }
    out.pointee = block
  }
}

@implementation @_cdecl("ds_bar_free")
public func ds_bar_free(_ bar: UnsafeMutablePointer<ds_bar>?) { free(bar) }

/// The bar and its texts in one block of malloc's.
private func oneBlock(_ bar: BorrowedBar) throws(StoreError) -> UnsafeMutablePointer<ds_bar> {
  var size = MemoryLayout<ds_bar>.stride
  for column in BarFields.all.indices {
    if let text = bar.fields[column].text { size += text.count + 1 }
  }
  let block = try CText.allocate(size)
  var end = block + MemoryLayout<ds_bar>.stride
  let result = block.bindMemory(to: ds_bar.self, capacity: 1)
  BarFields.fill(result, from: bar) { text in
    let start = end
    if let source = text.baseAddress { memcpy(start, source, text.count) }
    start.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
    end += text.count + 1
    return UnsafePointer(start.assumingMemoryBound(to: CChar.self))
  }
  return result
}
