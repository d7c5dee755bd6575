// SPDX-License-Identifier: MIT

/// Reads times of whole seconds in the stored form, `2026-03-01T15:00:00+00:00`, row after row: eight bytes at a time, and
/// the date once, for bars of a day follow one another.
struct StoredSeconds {
  /// Bytes of such a text.
  static let bytes = 25

  /// The date that was read last, up to the `T` behind it, and when it began: two words that share a byte. At first it is
  /// `1970-01-01T`.
  private var date: UInt64 = 0x2D31_302D_3037_3931
  private var dateEnd: UInt32 = 0x5431_302D
  private var midnight: Int64 = 0

  /// The instant of the 25 bytes at `text`; nil if they are not such a time, or one at either end of the range.
  @inline(__always)
  mutating func instant(_ text: UnsafePointer<UInt8>) -> Int64? {
    let raw = UnsafeRawPointer(text)
    // Of `15:00:00` it leaves the values of the digits, and nothing of the colons.
    let clock = Self.load(raw + 11) ^ Self.noClock
    // A byte above the largest that may stand in its place reaches 128 by this sum, or is beyond it already.
    guard ((clock &+ Self.roomBelow128) | clock) & 0x8080_8080_8080_8080 == 0,
      Self.load(raw + 17) >> 16 == Self.noOffset
    else { return nil }
    let pairs = clock &* 10 &+ (clock >> 8)
    let hour = pairs & 0xFF
    guard hour < 24 else { return nil }
    let second = Int64(
      truncatingIfNeeded: hour &* 3600 &+ ((pairs >> 24) & 0xFF) &* 60 &+ ((pairs >> 48) & 0xFF))
    let sinceMidnight = second &* Timestamp.perSecond
    if Self.load(raw) != date || Self.loadEnd(raw) != dateEnd {
      guard read(text, sinceMidnight) else { return nil }
    }
    let (instant, isBeyond) = midnight.addingReportingOverflow(sinceMidnight)
    return isBeyond ? nil : instant
  }

  /// Reads the date; false if there is no such day, or it begins before the range of instants.
  @inline(never)
  private mutating func read(_ text: UnsafePointer<UInt8>, _ sinceMidnight: Int64) -> Bool {
    guard let instant = TimestampParser.stored(Bytes(start: text, count: Self.bytes)) else { return false }
    let (midnight, isBeyond) = instant.subtractingReportingOverflow(sinceMidnight)
    if isBeyond { return false }
    (date, dateEnd, self.midnight) = (Self.load(text), Self.loadEnd(text), midnight)
    return true
  }

  /// `00:00:00`, the first character in the lowest byte, as in all of these words.
  private static let noClock: UInt64 = 0x3030_3A30_303A_3030
  /// 127 less the largest value in each place of `29:59:59`; of the hour more is asked.
  private static let roomBelow128: UInt64 = 0x767A_7F76_7A7F_767D
  /// `+00:00`.
  private static let noOffset: UInt64 = 0x3030_3A30_302B

  @inline(__always)
  private static func load(_ place: UnsafeRawPointer) -> UInt64 {
    UInt64(littleEndian: place.loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  private static func loadEnd(_ text: UnsafeRawPointer) -> UInt32 {
    UInt32(littleEndian: (text + 7).loadUnaligned(as: UInt32.self))
  }
}
