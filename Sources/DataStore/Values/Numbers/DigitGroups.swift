// SPDX-License-Identifier: MIT
import CNumbers

/// The values of a number's digits, eight and less at a time.
struct DigitGroups: Equatable {
  /// Before the point.
  let whole: UInt64
  /// Behind the point: those in front of the last sixteen, and the two eights of these.
  let high: UInt64
  let middle: UInt64
  let low: UInt64
}

extension DigitGroups {
  /// Bytes that are looked at, digits or not: from a place on, and before the end of a number.
  static let bytesFrom = 32
  static let bytesBefore = 24

  /// Which of the 32 characters at `place` are not digits; bit 0 tells of the first.
  @inline(__always)
  static func otherCharacters(_ place: UnsafePointer<UInt8>) -> UInt32 {
    #if arch(x86_64)
      cnumbers_other_characters(place)
    #else
      plainOtherCharacters(place)
    #endif
  }

  /// The first `wholeDigits` (1 to 7) characters at `start`, and the last `fractionDigits` (up to 24) before `end`.
  @inline(__always)
  init(
    from start: UnsafePointer<UInt8>, _ wholeDigits: Int, to end: UnsafePointer<UInt8>, _ fractionDigits: Int
  ) {
    #if arch(x86_64)
      let leading = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
      let whole = (leading ^ EightCharacters.zeros) &<< UInt64(64 &- 8 &* wholeDigits)
      let groups = cnumbers_group_digits(whole, end, UInt32(truncatingIfNeeded: fractionDigits))
      self.init(
        whole: UInt64(groups.whole), high: UInt64(groups.high), middle: UInt64(groups.middle),
        low: UInt64(groups.low))
    #else
      self.init(plainlyFrom: start, wholeDigits, to: end, fractionDigits)
    #endif
  }
}

// Without vectors: where there are none, and what the tests hold them against.
extension DigitGroups {
  @inline(__always)
  static func plainOtherCharacters(_ place: UnsafePointer<UInt8>) -> UInt32 {
    var others: UInt32 = 0
    for word in 0..<4 {
      let characters = UnsafeRawPointer(place).loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self)
      others |= UInt32(EightCharacters.otherCharacters(characters)) << UInt32(8 * word)
    }
    return others
  }

  @inline(__always)
  init(
    plainlyFrom start: UnsafePointer<UInt8>, _ wholeDigits: Int, to end: UnsafePointer<UInt8>,
    _ fractionDigits: Int
  ) {
    whole = Self.digits(UnsafeRawPointer(start + wholeDigits) - 8, wholeDigits)
    high = Self.digits(UnsafeRawPointer(end) - 24, fractionDigits - 16)
    middle = Self.digits(UnsafeRawPointer(end) - 16, fractionDigits - 8)
    low = Self.digits(UnsafeRawPointer(end) - 8, fractionDigits)
  }

  /// The last `count` of the eight characters at `place`, as a number.
  @inline(__always)
  private static func digits(_ place: UnsafeRawPointer, _ count: Int) -> UInt64 {
    let digits = place.loadUnaligned(as: UInt64.self) ^ EightCharacters.zeros
    // Twice the half: a shift by all 64 bits is none to the processor.
    let half = UInt64(4 &* (8 &- min(max(count, 0), 8)))
    return EightCharacters.number((((digits &>> half) &>> half) &<< half) &<< half)
  }
}
