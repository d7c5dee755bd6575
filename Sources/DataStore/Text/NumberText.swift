// SPDX-License-Identifier: MIT
import CNumbers
import Glibc

/// Numbers as text: what Python's `repr` prints, so that a value reads the same wherever it is read.
enum NumberText {
  /// Room that any number needs.
  static let maximumBytes = 32

  /// Writes the shortest digits that read back to the same bits: `0.1`, `100000.0`, `1e+16`, `-0.0`. `value` is finite,
  /// `out` has room for `maximumBytes`; returns the length.
  @inline(__always)
  static func write(_ value: Double, to out: UnsafeMutablePointer<UInt8>) -> Int {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CNUMBERS_SCIENTIFIC_BYTES)) { text in
      guard let base = text.baseAddress else { return 0 }
      let length = cnumbers_print_scientific(value, base)
      return layOut(UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self), length, to: out)
    }
  }

  /// Writes an integer likewise.
  @inline(__always)
  static func write(_ value: Int64, to out: UnsafeMutablePointer<UInt8>) -> Int {
    var digits = 1
    var rest = value.magnitude / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    let sign = value < 0 ? 1 : 0
    if value < 0 { out[0] = UInt8(ascii: "-") }
    rest = value.magnitude
    for place in stride(from: sign + digits - 1, through: sign, by: -1) {
      out[place] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
      rest /= 10
    }
    return sign + digits
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

  /// The double nearest to a JSON number; nil where it is beyond a double's range.
  @inline(__always)
  static func double(_ number: Bytes) -> Double? {
    guard let base = number.baseAddress else { return nil }
    let first = UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self)
    var value = 0.0
    return cnumbers_parse(first, first + number.count, &value) == 1 ? value : nil
  }

  /// The value of an integer literal; nil where it has a fraction or an exponent, or is beyond int64.
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

  /// Lays "-d.ddde±xx" out as Python does: plain digits for exponents from -4 to 15, else scientific with at least two
  /// exponent digits. Returns the length.
  @inline(__always)
  private static func layOut(
    _ text: UnsafePointer<UInt8>, _ length: Int, to out: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var mark = length - 1
    while mark > 0, text[mark] != UInt8(ascii: "e") { mark -= 1 }
    var exponent = 0
    for place in (mark + 2)..<length { exponent = exponent * 10 + Int(text[place] &- 0x30) }
    if text[mark + 1] == UInt8(ascii: "-") { exponent = -exponent }
    guard exponent >= -4, exponent < 16 else {
      memcpy(out, text, length)
      return length
    }
    let zero = UInt8(ascii: "0")
    let point = UInt8(ascii: ".")
    var next = out
    var digits = text
    var mantissaLength = mark
    if text[0] == UInt8(ascii: "-") {
      next.pointee = text[0]
      next += 1
      digits += 1
      mantissaLength -= 1
    }
    // digits[0], then, where there are more, a point and digits[2...].
    let fraction = max(mantissaLength - 2, 0)
    if exponent < 0 {
      next[0] = zero
      next[1] = point
      memset(next + 2, Int32(zero), -exponent - 1)
      next += 1 - exponent
      next.pointee = digits[0]
      memcpy(next + 1, digits + 2, fraction)
      return next + 1 + fraction - out
    }
    next.pointee = digits[0]
    next += 1
    let whole = min(exponent, fraction)
    memcpy(next, digits + 2, whole)
    memset(next + whole, Int32(zero), exponent - whole)
    next += exponent
    next[0] = point
    if fraction > exponent {
      memcpy(next + 1, digits + 2 + exponent, fraction - exponent)
      return next + 1 + fraction - exponent - out
    }
    next[1] = zero
    return next + 2 - out
  }
}
