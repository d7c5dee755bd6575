// SPDX-License-Identifier: MIT

/// Eight characters in a word, the first in the lowest byte, looked at all at once.
enum EightCharacters {
  /// The character 0 in all eight places; an exclusive or with it makes digits of characters.
  static let zeros: UInt64 = 0x3030_3030_3030_3030

  /// How many of them are digits, from the first on.
  @inline(__always)
  static func digitCount(_ characters: UInt64) -> Int {
    // A lane is 0 to 9 where its character is a digit. Anything else has its highest bit set, at the latest when 0x76 is
    // added; a carry out of a lane spoils only those behind it, which do not count any more.
    let digits = characters ^ zeros
    let others = ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
    return others.trailingZeroBitCount >> 3
  }

  /// Which of them are not digits; bit 0 tells of the first.
  @inline(__always)
  static func otherCharacters(_ characters: UInt64) -> UInt8 {
    let digits = characters ^ zeros
    // Without its highest bit no lane carries into the next.
    let sums = (digits & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676
    let others = ((sums | digits) & 0x8080_8080_8080_8080) >> 7
    // Each lane's bit is moved to its place in the highest byte.
    return UInt8(truncatingIfNeeded: (others &* 0x0102_0408_1020_4080) >> 56)
  }

  /// The value of eight digits (0 to 9).
  @inline(__always)
  static func number(_ digits: UInt64) -> UInt64 {
    // Pairs, then fours, then eight: each step joins neighbours in all lanes at once.
    let value = digits &* 10 &+ (digits >> 8)
    let lane: UInt64 = 0x0000_00FF_0000_00FF
    let upper = (value & lane) &* 0x000F_4240_0000_0064
    let lower = ((value >> 16) & lane) &* 0x0000_2710_0000_0001
    return (upper &+ lower) >> 32
  }
}
