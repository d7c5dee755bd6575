// SPDX-License-Identifier: MIT
import Glibc

/// A text that stands among times in the order of texts, or a part of one. It lies in itself, and so needs no memory.
struct TimeText: Comparable {
  /// The bytes, and zeros behind them: no time has a NUL in it.
  private var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
  private(set) var count = 0
  private static let room = 40

  /// Before all texts.
  static let empty = TimeText()

  private init() {}

  /// The stored form of an instant.
  init(stored instant: Int64) {
    count = withUnsafeMutableBytes(of: &words) { room in
      // 35 bytes at most.
      room.baseAddress.map { Timestamp.write(instant, to: $0.assumingMemoryBound(to: UInt8.self)) } ?? 0
    }
  }

  /// The date of an instant, as the stored form begins.
  init(dateOf instant: Int64) { self = TimeText(stored: instant).prefix(10) }

  /// The first forty bytes of a text.
  init(_ text: String) {
    for byte in text.utf8.prefix(Self.room) { append(byte) }
  }

  /// The first bytes of it.
  func prefix(_ length: Int) -> TimeText {
    var short = TimeText()
    withBytes { bytes in for byte in bytes.prefix(length) { short.append(byte) } }
    return short
  }

  /// The same without hyphens.
  var withoutHyphens: TimeText {
    var basic = TimeText()
    withBytes { bytes in for byte in bytes where byte != UInt8(ascii: "-") { basic.append(byte) } }
    return basic
  }

  /// After all that is written with hyphens of the day of this text; nil if it names no day that way.
  var endOfDay: TimeText? {
    let isDate = withBytes { $0.count >= 10 && $0[4] == UInt8(ascii: "-") && $0[7] == UInt8(ascii: "-") }
    return isDate ? prefix(10).with(UInt8(ascii: "~")) : nil
  }

  /// With one more byte, if there is room.
  func with(_ byte: UInt8) -> TimeText {
    var longer = self
    longer.append(byte)
    return longer
  }

  private mutating func append(_ byte: UInt8) {
    guard count < Self.room else { return }
    withUnsafeMutableBytes(of: &words) { $0[count] = byte }
    count += 1
  }

  func withBytes<Result>(_ body: (Bytes) -> Result) -> Result {
    withUnsafeBytes(of: words) { body(Bytes(rebasing: $0.assumingMemoryBound(to: UInt8.self).prefix(count))) }
  }

  private func order(_ other: TimeText) -> Int32 {
    withUnsafeBytes(of: words) { left in
      withUnsafeBytes(of: other.words) { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return 0 }
        return memcmp(left, right, Self.room)
      }
    }
  }

  static func < (left: TimeText, right: TimeText) -> Bool { left.order(right) < 0 }
  static func == (left: TimeText, right: TimeText) -> Bool { left.order(right) == 0 }
}
