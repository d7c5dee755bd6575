// SPDX-License-Identifier: MIT

extension PostgreSQLEngine {
  func deleteBars(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int {
    guard range.start ?? .min <= range.end ?? .max else {
      return try write(.oneMessage) { _ throws(StoreError) in 0 }
    }
    return try write(.severalMessages) { session throws(StoreError) in
      try session.deleteBars(key, range, in: tables.bars)
    }
  }

  func series(counts: Bool) throws(StoreError) -> [SeriesEntry] {
    try read(snapshot: false) { session throws(StoreError) in
      try session.series(counts: counts, in: tables.bars)
    }
  }

  func record(_ request: BorrowedRequest) throws(StoreError) -> Int64 {
    try write(.severalMessages) { session throws(StoreError) in
      try session.record(request, in: tables.requests)
    }
  }

  func requests(
    symbol: String?, timeframe: String?, _ range: TimeRange
  ) throws(StoreError) -> [MarketRequest] {
    try read(snapshot: false) { session throws(StoreError) in
      try session.requests(symbol: symbol, timeframe: timeframe, range, in: tables.requests)
    }
  }
}
