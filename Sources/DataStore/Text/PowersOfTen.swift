// SPDX-License-Identifier: MIT

/// The leading 128 bits of each power of ten that doubles meet, for printing and parsing them exactly.
///
/// `10^k = (high·2^64 + low + rest) · 2^(exponent)` with the highest bit set and `0 <= rest < 1`; rest is 0 for k from
/// 0 to 55. Made at first use, in exact integer arithmetic: some 50 microseconds, 11 KB.
enum PowersOfTen {
  static let smallest = -343
  static let largest = 325
  /// The largest one that 128 bits hold exactly.
  static let largestExact = 55

  @inline(__always)
  static func high(_ power: Int) -> UInt64 { table[2 * (power - smallest)] }

  @inline(__always)
  static func low(_ power: Int) -> UInt64 { table[2 * (power - smallest) + 1] }

  /// floor(log2(10^power))
  @inline(__always)
  static func binaryExponent(_ power: Int) -> Int { (power * 1_741_647) >> 19 }

  private nonisolated(unsafe) static let table: UnsafePointer<UInt64> = {  // never changed
    let table = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * (largest - smallest + 1))
    // 5^k has the same leading bits as 10^k.
    var power = WideInteger(1)
    for exponent in 0...largest {
      (table[2 * (exponent - smallest)], table[2 * (exponent - smallest) + 1]) = power.leading128
      power.multiplyByFive()
    }
    // floor(floor(x / 5) / 5) is floor(x / 25): dividing step by step loses nothing.
    var reciprocal = WideInteger.largestPowerOfTwo
    for exponent in stride(from: -1, through: smallest, by: -1) {
      reciprocal.divideByFive()
      (table[2 * (exponent - smallest)], table[2 * (exponent - smallest) + 1]) = reciprocal.leading128
    }
    return UnsafePointer(table)
  }()
}

/// An unsigned integer of 1,088 bits: room for 5^325, and for 2^1087 / 5^343 with 290 bits to spare.
private struct WideInteger {
  private static let wordCount = 34
  /// Least significant first.
  private var words = [UInt32](repeating: 0, count: wordCount)

  init(_ value: UInt32) { words[0] = value }

  static var largestPowerOfTwo: WideInteger {
    var value = WideInteger(0)
    value.words[wordCount - 1] = 1 << 31
    return value
  }

  mutating func multiplyByFive() {
    var carry: UInt64 = 0
    for index in words.indices {
      let product = UInt64(words[index]) * 5 + carry
      words[index] = UInt32(truncatingIfNeeded: product)
      carry = product >> 32
    }
  }

  mutating func divideByFive() {
    var remainder: UInt64 = 0
    for index in words.indices.reversed() {
      let dividend = remainder << 32 | UInt64(words[index])
      words[index] = UInt32(truncatingIfNeeded: dividend / 5)
      remainder = dividend % 5
    }
  }

  /// The 128 bits from the highest one that is set.
  var leading128: (UInt64, UInt64) {
    guard let top = words.lastIndex(where: { $0 != 0 }) else { return (0, 0) }
    func word(_ index: Int) -> UInt64 { index >= 0 ? UInt64(words[index]) : 0 }
    let shift = UInt64(words[top].leadingZeroBitCount)
    // 160 bits from the top word on, of which the first 128 after the shift count.
    let first = word(top) << 32 | word(top - 1)
    let second = word(top - 2) << 32 | word(top - 3)
    let third = word(top - 4) << 32
    guard shift > 0 else { return (first, second) }
    return (first << shift | second >> (64 - shift), second << shift | third >> (64 - shift))
  }
}
