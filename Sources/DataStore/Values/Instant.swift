// SPDX-License-Identifier: MIT

/// A point in time, to the nanosecond: what the `Int64`s of this module stand for, with its text.
///
/// The store keeps the years 1677 to 2262, as far as int64 nanoseconds reach.
public struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var nanoseconds: Int64

  /// The instant so many nanoseconds after 1970-01-01T00:00:00Z.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The instant that an ISO 8601 text names, such as "2026-03-01T15:00:00Z". Digits beyond nanoseconds are cut.
  ///
  /// - Throws: `.invalid` if the text has no offset from UTC, is not ISO 8601, or is beyond the range of the store.
  public init(_ text: String) throws(StoreError) {
    nanoseconds = try text.withBytes { bytes in
      Result { () throws(StoreError) in try Timestamp.instant(bytes) }
    }.get()
  }

  /// Now, to the microsecond.
  public static func now() -> Instant { Instant(nanoseconds: Timestamp.now()) }

  /// The text that the store keeps, such as "2026-03-01T15:00:00+00:00".
  public var description: String {
    nanoseconds == Timestamp.none ? "no time" : Timestamp.text(nanoseconds)
  }

  /// Whether one is before the other.
  public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Instant: CellConvertible {
  /// Takes a time, or a text that is one, as the store's own columns of times have it; without an offset it is in UTC.
  public init?(cell: Cell) {
    switch cell {
    case .time(let nanoseconds): self.init(nanoseconds: nanoseconds)
    case .text(let text):
      guard case .instant(let nanoseconds, _) = text.withBytes({ TimestampParser.parse($0) }) else {
        return nil
      }
      self.init(nanoseconds: nanoseconds)
    default: return nil
    }
  }

  /// A time, which a query is given as the text that the store keeps.
  public var cell: Cell { .time(nanoseconds) }
}
