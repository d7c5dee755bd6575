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
      if let bar { block = try oneBlock(bar) }
    }
    out.pointee = block
  }
}

@implementation @_cdecl("ds_bar_free")
public func ds_bar_free(_ bar: UnsafeMutablePointer<ds_bar>?) { free(bar) }

/// The bar and its texts in one block of malloc's.
private func oneBlock(_ bar: LatestBar) throws(StoreError) -> UnsafeMutablePointer<ds_bar> {
  let texts = [bar.source, bar.quality, bar.features]
  let size = texts.reduce(MemoryLayout<ds_bar>.stride) { $0 + ($1.map { $0.count + 1 } ?? 0) }
  let block = try CText.allocate(size)
  var end = block + MemoryLayout<ds_bar>.stride
  func place(_ text: UnsafeBufferPointer<UInt8>?) -> UnsafePointer<CChar>? {
    guard let text else { return nil }
    let start = end
    if let source = text.baseAddress { memcpy(start, source, text.count) }
    start.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
    end += text.count + 1
    return UnsafePointer(start.assumingMemoryBound(to: CChar.self))
  }
  let result = block.bindMemory(to: ds_bar.self, capacity: 1)
  result.initialize(
    to: ds_bar(
      struct_size: MemoryLayout<ds_bar>.size, timestamp: bar.timestamp,
      columns: BarColumns.all.union(bar.features == nil ? [] : .features).rawValue, is_gap: bar.isGap ? 1 : 0,
      open: bar.doubles.0, high: bar.doubles.1, low: bar.doubles.2, close: bar.doubles.3,
      volume: bar.doubles.4,
      latency_sec: bar.doubles.5, source: place(bar.source), quality: place(bar.quality),
      features_json: place(bar.features)))
  return result
}
