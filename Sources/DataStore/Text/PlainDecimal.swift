// SPDX-License-Identifier: MIT

/// A number as most are written: a sign or none, up to seven digits, a point, up to 24 digits.
///
/// Signs and counts of digits change from number to number, so that a processor guesses every branch on them wrong half
/// of the time. Here there is none: words of eight characters are looked at, and digits taken from them, the same way
/// however many count. Whatever is written otherwise is `DecimalParser`'s.
struct PlainDecimal {
  private let isNegative: UInt64
  /// Where the digits begin, and where those behind the point end.
  private let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  private let wholeDigits: Int
  private let fractionDigits: Int

  /// Bytes that have to lie before and behind the place of a number.
  static let bytesBefore = 24
  static let bytesBehind = 33

  /// The number at `place`, with `bytesBefore` and `bytesBehind` bytes around it; nil where it is not plain.
  @inline(__always)
  init?(at place: UnsafePointer<UInt8>) {
    let sign: UInt64 = place.pointee == UInt8(ascii: "-") ? 1 : 0
    isNegative = sign
    start = place + Int(sign)
    let leading = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
    wholeDigits = EightCharacters.digitCount(leading)
    // No digits, or too many; a zero before others is no JSON.
    guard wholeDigits > 0, wholeDigits < 8, start[wholeDigits] == UInt8(ascii: "."),
      wholeDigits == 1 || start.pointee != UInt8(ascii: "0")
    else { return nil }
    let fraction = UnsafeRawPointer(start + wholeDigits + 1)
    let first = EightCharacters.digitCount(fraction.loadUnaligned(as: UInt64.self))
    let second = EightCharacters.digitCount(fraction.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    let third = EightCharacters.digitCount(fraction.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    fractionDigits = first + (first == 8 ? second : 0) + (first + second == 16 ? third : 0)
    end = start + (wholeDigits + 1 + fractionDigits)
    guard fractionDigits > 0, end.pointee &- 0x30 > 9, end.pointee | 0x20 != UInt8(ascii: "e") else {
      return nil
    }
  }

  /// The nearest double; nil where it takes the long way.
  @inline(__always)
  var double: Double? {
    let leading = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
    let whole = EightCharacters.number((leading ^ EightCharacters.zeros) << UInt64(64 &- 8 &* wholeDigits))
    let last = UnsafeRawPointer(end)
    let low = Self.digits(last - 8, fractionDigits)
    let middle = Self.digits(last - 16, fractionDigits - 8)
    let high = Self.digits(last - 24, fractionDigits - 16)
    // 19 digits fit, and a twentieth behind zeros.
    guard whole == 0 ? fractionDigits <= 20 && high < 1844 : wholeDigits &+ fractionDigits < 20 else {
      return nil
    }
    let significand =
      whole &* Self.powers[fractionDigits] &+ high &* 10_000_000_000_000_000 &+ middle &* 100_000_000 &+ low
    if significand == 0 { return isNegative == 0 ? 0.0 : -0.0 }
    guard let bits = DecimalParser.nearestBits(significand, -fractionDigits) else { return nil }
    return Double(bitPattern: bits | isNegative << 63)
  }

  /// The last `count` of the eight characters at `place`, as a number.
  @inline(__always)
  private static func digits(_ place: UnsafeRawPointer, _ count: Int) -> UInt64 {
    let digits = place.loadUnaligned(as: UInt64.self) ^ EightCharacters.zeros
    // Twice the half: a shift by all 64 bits is none to the processor.
    let half = UInt64(4 &* (8 &- min(max(count, 0), 8)))
    return EightCharacters.number((((digits &>> half) &>> half) &<< half) &<< half)
  }

  /// Of ten. More than 19 digits only stand behind a 0.
  private static let powers: InlineArray<25, UInt64> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
    100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
    10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    0, 0, 0, 0, 0,
  ]
}
