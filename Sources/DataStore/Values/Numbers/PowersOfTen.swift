// SPDX-License-Identifier: MIT
import CNumbers

/// The leading 128 bits of each power of ten that doubles meet, for printing and parsing them exactly.
///
/// `10^k = (high·2^64 + low + rest) · 2^(exponent)` with the highest bit set and `0 <= rest < 1`; rest is 0 for k from
/// 0 to 55.
enum PowersOfTen {
  static let smallest = Int(CNUMBERS_SMALLEST_POWER)
  static let largest = Int(CNUMBERS_LARGEST_POWER)
  /// The largest one that 128 bits hold exactly.
  static let largestExact = 55

  @inline(__always)
  static func high(_ power: Int) -> UInt64 { cnumbers_powers_of_ten[2 &* power] }

  @inline(__always)
  static func low(_ power: Int) -> UInt64 { cnumbers_powers_of_ten[2 &* power &+ 1] }

  /// floor(log2(10^power))
  @inline(__always)
  static func binaryExponent(_ power: Int) -> Int { (power * 1_741_647) >> 19 }
}
