// SPDX-License-Identifier: MIT

/// An instant as the tables hold it: microseconds in a `timestamptz`, which counts from 2000-01-01T00:00:00Z on, and the
/// nanoseconds below one in a `smallint`.
struct ServerTime: Equatable {
  let microseconds: Int64
  /// 0 to 999.
  let nanoseconds: Int16

  /// 2000-01-01T00:00:00Z, in microseconds since 1970.
  private static let epoch: Int64 = 946_684_800_000_000

  init(_ instant: Int64) {
    let (microseconds, rest) = Timestamp.floorDivide(instant, by: Timestamp.perMicrosecond)
    self.microseconds = microseconds - Self.epoch
    nanoseconds = Int16(truncatingIfNeeded: rest)
  }

  init(microseconds: Int64, nanoseconds: Int16) {
    self.microseconds = microseconds
    self.nanoseconds = nanoseconds
  }

  /// In nanoseconds since 1970-01-01T00:00:00Z; nil beyond what a store keeps, which `infinity` is, too.
  var instant: Int64? {
    let (sinceUnix, isBeyond) = microseconds.addingReportingOverflow(Self.epoch)
    guard !isBeyond, (0...999).contains(nanoseconds) else { return nil }
    // The least instants lie within a microsecond whose beginning is beyond the range.
    let whole = sinceUnix.multipliedFullWidth(by: Timestamp.perMicrosecond)
    let (low, carries) = whole.low.addingReportingOverflow(UInt64(nanoseconds))
    let high = whole.high &+ (carries ? 1 : 0)
    let instant = Int64(bitPattern: low)
    guard high == (instant < 0 ? -1 : 0), instant != Timestamp.none else { return nil }
    return instant
  }
}
