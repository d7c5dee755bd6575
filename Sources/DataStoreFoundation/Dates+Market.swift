// SPDX-License-Identifier: MIT
public import DataStore

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension BarBatch {
  /// A batch of one series at these dates, of no columns yet.
  ///
  /// - Throws: `.invalid`, with the row, if a date cannot be stored.
  public init(symbol: String, timeframe: String, dates: [Date]) throws(StoreError) {
    self.init(symbol: symbol, timeframe: timeframe, timestamps: try dates.nanoseconds())
  }

  /// A batch of several symbols at these dates, of no columns yet. There is a symbol for each date.
  ///
  /// - Throws: `.invalid`, with the row, if a date cannot be stored.
  public init(symbols: [String], timeframe: String, dates: [Date]) throws(StoreError) {
    self.init(symbols: symbols, timeframe: timeframe, timestamps: try dates.nanoseconds())
  }
}

extension Bar {
  /// A bar at this date that carries nothing yet.
  ///
  /// - Throws: `.invalid` if the date cannot be stored.
  public init(date: Date) throws(StoreError) { self.init(timestamp: try Instant(date).nanoseconds) }

  /// The bar's time, to the nearest double.
  public var date: Date { Date(nanoseconds: timestamp) }
}

extension Bars {
  /// The bars' times, to the nearest double, ascending within a symbol.
  public var dates: [Date] { timestamps.map(Date.init(nanoseconds:)) }
}

extension SeriesEntry {
  /// Time of the first bar, to the nearest double.
  public var firstDate: Date { Date(nanoseconds: first) }
  /// Time of the last bar, likewise.
  public var lastDate: Date { Date(nanoseconds: last) }
}

extension MarketRequest {
  /// A request for the bars from one date to another, with the fields that are required.
  ///
  /// - Parameters:
  ///   - symbol: The series' symbol.
  ///   - timeframe: The series' timeframe.
  ///   - requestedAt: When it was made; nil: when it is recorded.
  ///   - start: First instant that was asked for.
  ///   - end: Last instant that was asked for.
  ///   - providerUsed: The provider that answered.
  /// - Throws: `.invalid` if a date cannot be stored.
  public init(
    symbol: String, timeframe: String, requestedAt: Date? = nil, start: Date, end: Date, providerUsed: String
  ) throws(StoreError) {
    self.init(
      symbol: symbol, timeframe: timeframe,
      requestedAt: try requestedAt.map { date throws(StoreError) in try Instant(date).nanoseconds },
      start: try Instant(start).nanoseconds, end: try Instant(end).nanoseconds, providerUsed: providerUsed)
  }
}

extension StateRepo {
  /// When the key was last written, to the nearest double; nil if it is absent.
  ///
  /// - Throws: As a read, see `StoreError`.
  public func updateDate(_ key: String) throws(StoreError) -> Date? {
    try updatedAt(key).map(Date.init(nanoseconds:))
  }
}

extension [Date] {
  /// Nanoseconds since 1970-01-01T00:00:00Z, as `Instant` has them.
  ///
  /// - Throws: `.invalid`, with the row, if one of them cannot be stored.
  public func nanoseconds() throws(StoreError) -> [Int64] {
    var times: [Int64] = []
    times.reserveCapacity(count)
    for (row, date) in enumerated() {
      do throws(StoreError) { times.append(try Instant(date).nanoseconds) } catch {
        throw StoreError(error.code, "row \(row): \(error.message)", row: row, key: error.key)
      }
    }
    return times
  }
}
