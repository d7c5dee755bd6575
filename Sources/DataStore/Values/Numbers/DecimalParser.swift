// SPDX-License-Identifier: MIT

/// A JSON number read from a text as far as it goes: its bytes are looked at once.
///
/// `significand · 10^exponent`, exact where the number has at most 19 digits.
struct DecimalParser {
  private(set) var significand: UInt64 = 0
  private(set) var exponent = 0
  private(set) var isNegative = false
  /// More digits than `significand` holds: the general path is needed.
  private(set) var isLong = false

  /// Reads a number at `next` and moves on behind it; nil if none is written there as JSON has it.
  @inline(__always)
  init?(_ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
    if next < end, next.pointee == UInt8(ascii: "-") {
      isNegative = true
      next += 1
    }
    let start = next
    // Most numbers have few digits before the point: eight at a time would be more work.
    while next < end, next.pointee &- 0x30 <= 9, next - start < 4 {
      significand = significand &* 10 &+ UInt64(next.pointee &- 0x30)
      next += 1
    }
    if next - start == 4 { takeDigits(&next, end) }
    var digits = next - start
    // One digit at least, and no zero before others.
    guard digits > 0, digits == 1 || start.pointee != 0x30 else { return nil }
    if next < end, next.pointee == UInt8(ascii: ".") {
      next += 1
      let fraction = next
      takeDigits(&next, end)
      guard next > fraction else { return nil }
      digits += next - fraction
      exponent = fraction - next
    }
    if digits > 19 { isLong = digits - Self.zerosInFront(start, next) > 19 }
    if next < end, next.pointee | 0x20 == UInt8(ascii: "e") {
      next += 1
      var isSmall = false
      if next < end, next.pointee == UInt8(ascii: "-") || next.pointee == UInt8(ascii: "+") {
        isSmall = next.pointee == UInt8(ascii: "-")
        next += 1
      }
      let first = next
      var power = 0
      while next < end, next.pointee &- 0x30 <= 9 {
        power = power < 100_000 ? power * 10 + Int(next.pointee &- 0x30) : power
        next += 1
      }
      guard next > first else { return nil }
      exponent += isSmall ? -power : power
    }
  }

  @inline(__always)
  private mutating func takeDigits(_ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
    while end - next >= 8 {
      let characters = UnsafeRawPointer(next).loadUnaligned(as: UInt64.self)
      let count = EightCharacters.digitCount(characters)
      let digits = characters ^ EightCharacters.zeros
      if count == 8 {
        significand = significand &* 100_000_000 &+ EightCharacters.number(digits)
        next += 8
        continue
      }
      // Zeros in front of the digits that there are.
      guard count > 0 else { return }
      let shifted = digits &<< UInt64(64 &- 8 &* count)
      significand = significand &* Self.powers[count] &+ EightCharacters.number(shifted)
      next += count
      return
    }
    while next < end {
      let digit = next.pointee &- 0x30
      guard digit <= 9 else { return }
      significand = significand &* 10 &+ UInt64(digit)
      next += 1
    }
  }

  /// How many zeros stand in front of a number's other digits, a point or none among them.
  @inline(never)
  private static func zerosInFront(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
    var zeros = 0
    var next = start
    while next < end, next.pointee == 0x30 || next.pointee == UInt8(ascii: ".") {
      zeros += next.pointee == 0x30 ? 1 : 0
      next += 1
    }
    return zeros
  }

  private static let powers: InlineArray<8, UInt64> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000,
  ]

  // MARK: Numbers that nobody asks for

  /// Moves on behind a JSON number at `next`; nil if none is written there. True if a look at its size shows that
  /// a double can hold it; where it is false, only its value can tell.
  @inline(__always)
  static func skip(_ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool? {
    let begin = next
    if next < end, next.pointee == UInt8(ascii: "-") { next += 1 }
    let start = next
    skipDigits(&next, end)
    guard next > start, next - start == 1 || start.pointee != 0x30 else { return nil }
    if next < end, next.pointee == UInt8(ascii: ".") {
      next += 1
      let fraction = next
      skipDigits(&next, end)
      guard next > fraction else { return nil }
    }
    guard next < end, next.pointee | 0x20 == UInt8(ascii: "e") else { return next - begin < 280 }
    next += 1
    let isSmall = next < end && next.pointee == UInt8(ascii: "-")
    if isSmall || next < end && next.pointee == UInt8(ascii: "+") { next += 1 }
    let first = next
    skipDigits(&next, end)
    guard next > first else { return nil }
    return isSmall && next - begin < 280
  }

  @inline(__always)
  private static func skipDigits(_ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
    while end - next >= 8 {
      let count = EightCharacters.digitCount(UnsafeRawPointer(next).loadUnaligned(as: UInt64.self))
      next += count
      if count < 8 { return }
    }
    while next < end, next.pointee &- 0x30 <= 9 { next += 1 }
  }

  /// The nearest double; nil if only the general path can tell.
  @inline(__always)
  var double: Double? {
    if isLong { return nil }
    if significand == 0 { return isNegative ? -0.0 : 0.0 }
    // Both factors are exact, so one rounding is all there is. (Clinger, "How to read floating point numbers
    // accurately", 1990)
    if significand <= 1 << 53, exponent >= -22, exponent <= 22 {
      let value = Double(significand)
      let scaled = exponent < 0 ? value / Self.exactPowers[-exponent] : value * Self.exactPowers[exponent]
      return isNegative ? -scaled : scaled
    }
    guard let bits = Self.nearestBits(significand, exponent) else { return nil }
    return Double(bitPattern: bits | (isNegative ? 1 << 63 : 0))
  }

  /// The bits of the double nearest to `significand · 10^exponent`, by one or two 64-bit products; nil near the ends of
  /// the range and where these do not decide. The significand is not 0. (Lemire, "Number parsing at a gigabyte per
  /// second", 2021)
  @inline(__always)
  static func nearestBits(_ significand: UInt64, _ exponent: Int) -> UInt64? {
    guard exponent >= -307, exponent <= 288 else { return nil }
    let leadingZeros = significand.leadingZeroBitCount
    let normalized = significand &<< UInt64(leadingZeros)
    var product = normalized.multipliedFullWidth(by: PowersOfTen.high(exponent))
    if product.high & 0x1FF == 0x1FF {
      // Powers below 1 are rounded up in their last bit, as the proof has it.
      let isRoundedUp = exponent < 0 && exponent >= -27
      let low = PowersOfTen.low(exponent) &+ (isRoundedUp ? 1 : 0)
      let (sum, overflow) = product.low.addingReportingOverflow(normalized.multipliedFullWidth(by: low).high)
      product = (product.high &+ (overflow ? 1 : 0), sum)
      if sum == .max { return nil }
    }
    let upperBit = product.high &>> 63
    let shift = upperBit &+ 9
    var mantissa = product.high &>> shift
    let biased = ((217_706 &* exponent) &>> 16) &+ (63 &+ 1023) &+ Int(upperBit) &- leadingZeros
    // Exactly half way: to even.
    if product.low <= 1, exponent >= -4, exponent <= 23, mantissa & 3 == 1, mantissa &<< shift == product.high
    {
      mantissa &= ~1
    }
    mantissa = (mantissa &+ (mantissa & 1)) &>> 1
    // Where rounding made 2^53 of it, the sum carries into the exponent, and the mantissa is 0 as it should be.
    return mantissa &- (1 << 52) &+ UInt64(biased) &<< 52
  }

  private static let exactPowers: InlineArray<23, Double> = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
  ]
}
