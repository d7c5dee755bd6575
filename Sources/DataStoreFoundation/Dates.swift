// SPDX-License-Identifier: MIT
public import DataStore

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

// A Date is a double of seconds since 2001: in this century it tells times 119 ns apart. What it has below a microsecond
// is noise, so that a time of whole microseconds comes back as it was from 1729 on.

extension Instant {
  /// The instant of a date, to the nearest microsecond; halfway between two it is the later one.
  ///
  /// A microsecond that became a `Date` comes back exactly, from the year 1729 on. Where nanoseconds matter, keep
  /// them as an `Instant` or as `Int64`: a `Date` has no room for them.
  ///
  /// - Throws: `.invalid` if the date is NaN, infinite, or beyond the years 1677 to 2262 that the store keeps.
  public init(_ date: Date) throws(StoreError) {
    switch DateValue(date) {
    case .instant(let nanoseconds): self.init(nanoseconds: nanoseconds)
    case .beyondRange:
      throw StoreError(
        .invalid,
        "the date \(date.timeIntervalSince1970) s after 1970 is out of range; stored times reach from 1677-09-21"
          + " to 2262-04-11", key: "date")
    case .notATime: throw .notATime
    }
  }
}

extension Instant: Codable {
  /// Reads an ISO 8601 text with an offset from UTC.
  ///
  /// - Throws: What the decoder throws; `DecodingError` if the text is not a time.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do { try self.init(try container.decode(String.self)) } catch let error as StoreError {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
    }
  }

  /// Writes the text that the store keeps, to the nanosecond.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Date {
  /// The date of an instant, to the nearest double: in this century within 60 ns.
  public init(_ instant: Instant) { self.init(nanoseconds: instant.nanoseconds) }

  /// The date so many nanoseconds after 1970-01-01T00:00:00Z, to the nearest double: in this century within 60 ns.
  public init(nanoseconds: Int64) {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: DateValue.perSecond)
    // The seconds are exact, and the error of the rest is far below that of the sum.
    self.init(
      timeIntervalSinceReferenceDate: Double(seconds - DateValue.referenceSeconds) + Double(rest)
        / Double(DateValue.perSecond))
  }
}

extension Date: TimeBound {
  /// The date to the nearest microsecond. One beyond what the store keeps, such as `distantPast`, bounds nothing, or
  /// everything.
  ///
  /// - Throws: `.invalid` if it is NaN.
  public func timeBound(isEnd: Bool) throws(StoreError) -> Int64 {
    switch DateValue(self) {
    case .instant(let nanoseconds): return nanoseconds
    case .beyondRange(let isLate): return isLate ? .max : .min + 1
    case .notATime: throw .notATime
    }
  }
}

extension Date: CellConvertible {
  /// Takes a time, or a text that is one; without an offset it is in UTC.
  public init?(cell: Cell) {
    guard let instant = Instant(cell: cell) else { return nil }
    self.init(instant)
  }

  /// A time to the nearest microsecond; one that the store cannot keep is NULL.
  public var cell: Cell {
    guard case .instant(let nanoseconds) = DateValue(self) else { return .null }
    return .time(nanoseconds)
  }
}

extension StoreError {
  fileprivate static var notATime: StoreError {
    StoreError(.invalid, "the date is NaN, which is not a time", key: "date")
  }
}

/// What a date is in nanoseconds.
enum DateValue {
  case instant(Int64)
  case beyondRange(isLate: Bool)
  case notATime

  static let perSecond: Int64 = 1_000_000_000
  /// 2001-01-01T00:00:00Z.
  static let referenceSeconds: Int64 = 978_307_200

  init(_ date: Date) {
    let interval = date.timeIntervalSinceReferenceDate
    guard !interval.isNaN else {
      self = .notATime
      return
    }
    // Far beyond the range, and within what the arithmetic below can hold.
    guard abs(interval) < 1e11 else {
      self = .beyondRange(isLate: interval > 0)
      return
    }
    let seconds = interval.rounded(.down)
    // What is left is exact, and so is its rounding for all dates that are not within a few days of 2001.
    let microseconds = Int64(((interval - seconds) * 1e6).rounded(.toNearestOrAwayFromZero))
    let (whole, overflow) = (Int64(seconds) + Self.referenceSeconds).multipliedReportingOverflow(
      by: Self.perSecond)
    let (sum, carry) = whole.addingReportingOverflow(microseconds * 1_000)
    self = overflow || carry || sum == .min ? .beyondRange(isLate: interval > 0) : .instant(sum)
  }
}
