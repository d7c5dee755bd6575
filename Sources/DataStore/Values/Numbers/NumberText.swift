// SPDX-License-Identifier: MIT
import CNumbers
import Glibc

/// Numbers as text: what Python's `repr` prints, so that a value reads the same wherever it is read.
enum NumberText {
  /// Room that any number needs, with what printing eight digits at a time may write behind it.
  static let maximumBytes = 40

  /// Writes the shortest digits that read back to the same bits: `0.1`, `100000.0`, `1e+16`, `-0.0`. `value` is finite,
  /// `out` has room for `maximumBytes`; returns the length.
  @inline(__always)
  static func write(_ value: Double, to out: UnsafeMutablePointer<UInt8>) -> Int {
    let decimal = ShortestDecimal(value)
    var next = out
    if value.sign == .minus {
      next.pointee = UInt8(ascii: "-")
      next += 1
    }
    let count = digitCount(decimal.digits)
    // The place of the point, counted from the first digit.
    let point = count + decimal.exponent
    switch point {
    case -3...0:
      UnsafeMutableRawPointer(next).storeBytes(of: ("0.000000" as StaticString).word, as: UInt64.self)
      writeDigits(decimal.digits, count, to: next + 2 - point)
      next += 2 - point + count
    case 1...16 where count <= point:
      writeDigits(decimal.digits, count, to: next)
      memset(next + count, 0x30, point - count)
      next[point] = UInt8(ascii: ".")
      next[point + 1] = UInt8(ascii: "0")
      next += point + 2
    case 1...16:
      writeDigits(decimal.digits, count, to: next + 1)
      moveDown(point, to: next)
      next += count + 1
    default:
      writeDigits(decimal.digits, count, to: next + 1)
      next[0] = next[1]
      next[1] = UInt8(ascii: ".")
      next += count == 1 ? 1 : count + 1
      next[0] = UInt8(ascii: "e")
      next[1] = point > 0 ? UInt8(ascii: "+") : UInt8(ascii: "-")
      let exponent = UInt64((point - 1).magnitude)
      let exponentDigits = max(digitCount(exponent), 2)
      writeDigits(exponent, exponentDigits, to: next + 2)
      next += 2 + exponentDigits
    }
    return next - out
  }

  /// Moves the `count` digits behind `place` down to it, and puts a point behind them.
  @inline(__always)
  private static func moveDown(_ count: Int, to place: UnsafeMutablePointer<UInt8>) {
    guard count < 8 else {
      memmove(place, place + 1, count)
      place[count] = UInt8(ascii: ".")
      return
    }
    // Within one word: what moves, the point, and what stays behind it.
    let raw = UnsafeMutableRawPointer(place)
    let moved: UInt64 = (1 << UInt64(8 * count)) - 1
    let changed = moved << 8 | 0xFF
    let digits = (raw + 1).loadUnaligned(as: UInt64.self) & moved
    let stays = raw.loadUnaligned(as: UInt64.self) & ~changed
    raw.storeBytes(of: digits | stays | UInt64(UInt8(ascii: ".")) << UInt64(8 * count), as: UInt64.self)
  }

  @inline(__always)
  private static func digitCount(_ value: UInt64) -> Int {
    // log10(2) as 1233/4096; off by one where the power of ten above is not reached.
    let estimate = ((64 - value.leadingZeroBitCount) * 1233) >> 12
    return estimate + (estimate < 20 && value >= powers[estimate] ? 1 : 0)
  }

  private static let powers: InlineArray<20, UInt64> = [
    0, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
    100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
    10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
  ]

  /// Writes the `count` digits of `value`, eight at a time; up to seven bytes behind them are written over.
  @inline(__always)
  private static func writeDigits(_ value: UInt64, _ count: Int, to out: UnsafeMutablePointer<UInt8>) {
    let raw = UnsafeMutableRawPointer(out)
    if count > 16 {
      let (upper, lower) = value.quotientAndRemainder(dividingBy: 10_000_000_000_000_000)
      if count == 17 {
        out.pointee = 0x30 &+ UInt8(truncatingIfNeeded: upper)  // the usual case
      } else {
        raw.storeBytes(of: eightDigits(upper) >> UInt64(8 * (24 - count)), as: UInt64.self)
      }
      (raw + (count - 16)).storeBytes(of: eightDigits(lower / 100_000_000), as: UInt64.self)
      (raw + (count - 8)).storeBytes(of: eightDigits(lower % 100_000_000), as: UInt64.self)
      return
    }
    if count > 8 {
      let (upper, lower) = value.quotientAndRemainder(dividingBy: 100_000_000)
      raw.storeBytes(of: eightDigits(upper) >> UInt64(8 * (16 - count)), as: UInt64.self)
      (raw + (count - 8)).storeBytes(of: eightDigits(lower), as: UInt64.self)
      return
    }
    raw.storeBytes(of: eightDigits(value) >> UInt64(8 * (8 - count)), as: UInt64.self)
  }

  /// A number below 10^8 as eight characters, the first in the lowest byte: halves, quarters, digits, all lanes of a
  /// step at once.
  @inline(__always)
  private static func eightDigits(_ value: UInt64) -> UInt64 {
    let fours = (value / 10_000) | (value % 10_000) << 32
    let hundreds = ((fours &* 10_486) >> 20) & 0x0000_007F_0000_007F
    let twos = hundreds | (fours &- 100 &* hundreds) << 16
    let tens = ((twos &* 103) >> 10) & 0x000F_000F_000F_000F
    return (tens | (twos &- 10 &* tens) << 8) &+ 0x3030_3030_3030_3030
  }

  /// Writes an integer likewise.
  @inline(__always)
  static func write(_ value: Int64, to out: UnsafeMutablePointer<UInt8>) -> Int {
    let sign = value < 0 ? 1 : 0
    if value < 0 { out[0] = UInt8(ascii: "-") }
    let count = digitCount(value.magnitude)
    writeDigits(value.magnitude, count, to: out + sign)
    return sign + count
  }

  static func append(_ value: Double, to out: inout ByteBuffer) {
    out.advance(by: write(value, to: out.reserve(maximumBytes)))
  }

  static func append(_ value: Int64, to out: inout ByteBuffer) {
    out.advance(by: write(value, to: out.reserve(maximumBytes)))
  }

  /// Appends a whole double digit by digit, as an integer.
  static func appendWhole(_ value: Double, to out: inout ByteBuffer) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CNUMBERS_FIXED_BYTES)) { text in
      guard let base = text.baseAddress else { return }
      let length = cnumbers_print_whole(value, base)
      out.append(Bytes(start: UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self), count: length))
    }
  }

  /// The double nearest to a JSON number; nil if it is beyond a double's range.
  @inline(__always)
  static func double(_ number: Bytes) -> Double? {
    guard let base = number.baseAddress else { return nil }
    var next = base
    if let value = DecimalParser(&next, base + number.count)?.double { return value }
    let first = UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self)
    var value = 0.0
    return cnumbers_parse(first, first + number.count, &value) == 1 ? value : nil
  }

  /// The value of an integer literal; nil if it has a fraction or an exponent, or is beyond int64.
  static func int64(_ number: Bytes) -> Int64? {
    var index = 0
    let isNegative = number.first == UInt8(ascii: "-")
    if isNegative { index = 1 }
    guard index < number.count else { return nil }
    var value: Int64 = 0
    while index < number.count {
      let digit = number[index] &- 0x30
      guard digit <= 9 else { return nil }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (next, carry) =
        isNegative
        ? scaled.subtractingReportingOverflow(Int64(digit)) : scaled.addingReportingOverflow(Int64(digit))
      guard !overflow, !carry else { return nil }
      value = next
      index += 1
    }
    return value
  }
}
