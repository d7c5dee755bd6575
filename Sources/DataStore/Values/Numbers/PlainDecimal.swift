// SPDX-License-Identifier: MIT

/// A number as most are written: a sign or none, up to seven digits, a point, up to 24 digits; 30 in all.
///
/// Signs and counts of digits change from number to number, so that half of the branches on them would be mispredicted.
/// Here there are none: all characters that may belong to a number are looked at, and digits taken from them, the same
/// way however many count. Whatever is written otherwise is `DecimalParser`'s.
struct PlainDecimal {
  private let isNegative: UInt64
  /// Where the digits begin, and where those behind the point end.
  private let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  private let wholeDigits: Int
  private let fractionDigits: Int

  /// Bytes that have to lie before and behind the place of a number, whose sign may be one of them.
  static let bytesBefore = DigitGroups.bytesBefore
  static let bytesBehind = 1 + DigitGroups.bytesFrom

  /// The number at `place`, with `bytesBefore` and `bytesBehind` bytes around it; nil if it is not plain.
  @inline(__always)
  init?(at place: UnsafePointer<UInt8>) {
    let sign: UInt64 = place.pointee == UInt8(ascii: "-") ? 1 : 0
    isNegative = sign
    start = place + Int(sign)
    let others = DigitGroups.otherCharacters(start)
    wholeDigits = others.trailingZeroBitCount
    // No digits, or too many; a zero before others is not JSON.
    guard wholeDigits > 0, wholeDigits < 8, start[wholeDigits] == UInt8(ascii: "."),
      wholeDigits == 1 || start.pointee != UInt8(ascii: "0")
    else { return nil }
    let digitsAndPoint = (others & (others &- 1)).trailingZeroBitCount
    fractionDigits = digitsAndPoint &- wholeDigits &- 1
    end = start + digitsAndPoint
    // 32 where no other character is in sight.
    guard fractionDigits > 0, fractionDigits <= 24, digitsAndPoint < 32,
      end.pointee | 0x20 != UInt8(ascii: "e")
    else { return nil }
  }

  /// The nearest double; nil if the general path is needed.
  @inline(__always)
  var double: Double? {
    let digits = DigitGroups(from: start, wholeDigits, to: end, fractionDigits)
    // 19 digits fit, and a twentieth behind zeros.
    let counted = wholeDigits &+ fractionDigits &- (digits.whole == 0 ? 1 : 0)
    guard counted < 20 || digits.whole == 0 && counted == 20 && digits.high < 1844 else { return nil }
    let significand =
      digits.whole &* Self.powers[fractionDigits] &+ digits.high &* 10_000_000_000_000_000
      &+ digits.middle &* 100_000_000 &+ digits.low
    if significand == 0 { return isNegative == 0 ? 0.0 : -0.0 }
    guard let bits = DecimalParser.nearestBits(significand, -fractionDigits) else { return nil }
    return Double(bitPattern: bits | isNegative << 63)
  }

  /// Of ten. More than 19 digits only stand behind a 0.
  private static let powers: InlineArray<25, UInt64> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
    100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
    10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    0, 0, 0, 0, 0,
  ]
}
