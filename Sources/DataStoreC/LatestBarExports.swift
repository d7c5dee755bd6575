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

@implementation @_cdecl("ds_market_latest_bar_into")
public func ds_market_latest_bar_into(
  _ store: OpaquePointer?, _ symbol: UnsafePointer<CChar>?, _ timeframe: UnsafePointer<CChar>?,
  _ bar: UnsafeMutablePointer<ds_bar>?, _ size: Int32, _ out_size: UnsafeMutablePointer<Int32>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_size, "out_size")
    let memory = try Argument.notNull(bar, "bar")
    let room = try Argument.size(size)
    var needed = 0
    try StoreHandle.store(store).market.withLatestBar(
      try Argument.notNull(symbol, "symbol"), try Argument.notNull(timeframe, "timeframe")
    ) { bar throws(StoreError) in
      needed = blockSize(bar)
      if needed <= room { fillBlock(memory, from: bar) }
    }
    out.pointee = Int32(clamping: needed)
  }
}

/// The bar and its texts in one block of malloc's.
private func oneBlock(_ bar: BorrowedBar) throws(StoreError) -> UnsafeMutablePointer<ds_bar> {
  let block = try CText.allocate(blockSize(bar)).bindMemory(to: ds_bar.self, capacity: 1)
  fillBlock(block, from: bar)
  return block
}

/// How many bytes a bar takes with its texts.
private func blockSize(_ bar: BorrowedBar) -> Int {
  var size = MemoryLayout<ds_bar>.stride
  for column in BarFields.all.indices {
    if let text = bar.fields[column].text { size += text.count + 1 }
  }
  return size
}

/// Fills a block of that size: the bar, its texts behind it.
private func fillBlock(_ block: UnsafeMutablePointer<ds_bar>, from bar: BorrowedBar) {
  var end = UnsafeMutableRawPointer(block) + MemoryLayout<ds_bar>.stride
  BarFields.fill(block, from: bar) { text in
    let start = end
    if let source = text.baseAddress { memcpy(start, source, text.count) }
    start.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
    end += text.count + 1
    return UnsafePointer(start.assumingMemoryBound(to: CChar.self))
  }
}
