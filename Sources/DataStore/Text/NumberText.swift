// SPDX-License-Identifier: MIT
import CNumbers

/// Numbers as text: what Python's `repr` prints, so that a value reads the same wherever it is read.
enum NumberText {
  /// Room that any number needs.
  static let maximumBytes = 32

  /// Appends the shortest digits that read back to the same bits: `0.1`, `100000.0`, `1e+16`, `-0.0`.
  /// `value` is finite.
  static func append(_ value: Double, to out: inout ByteBuffer) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CNUMBERS_SCIENTIFIC_BYTES)) { text in
      guard let base = text.baseAddress else { return }
      let length = cnumbers_print_scientific(value, base)
      layOut(UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self), length, to: &out)
    }
  }

  static func append(_ value: Int64, to out: inout ByteBuffer) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = value.magnitude
      var start = digits.count
      repeat {
        start -= 1
        digits[start] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
        rest /= 10
      } while rest > 0
      if value < 0 { out.append(UInt8(ascii: "-")) }
      out.append(Bytes(rebasing: UnsafeBufferPointer(digits)[start...]))
    }
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

  /// Lays "-d.ddde±xx" out as Python does: plain digits for exponents from -4 to 15, else scientific
  /// with at least two exponent digits.
  private static func layOut(_ text: UnsafePointer<UInt8>, _ length: Int, to out: inout ByteBuffer) {
    var mark = length - 1
    while mark > 0, text[mark] != UInt8(ascii: "e") { mark -= 1 }
    var exponent = 0
    var index = mark + 2
    while index < length {
      exponent = exponent * 10 + Int(text[index] &- 0x30)
      index += 1
    }
    if text[mark + 1] == UInt8(ascii: "-") { exponent = -exponent }
    guard exponent >= -4, exponent < 16 else {
      out.append(Bytes(start: text, count: length))
      return
    }
    let zero = UInt8(ascii: "0")
    var digits = text
    var mantissaLength = mark
    if text[0] == UInt8(ascii: "-") {
      out.append(UInt8(ascii: "-"))
      digits += 1
      mantissaLength -= 1
    }
    // digits[0], then, where there are more, a point and digits[2...].
    let fraction = Bytes(start: digits + 2, count: max(mantissaLength - 2, 0))
    if exponent < 0 {
      out.append("0.")
      for _ in 0..<(-exponent - 1) { out.append(zero) }
      out.append(digits[0])
      out.append(fraction)
      return
    }
    out.append(digits[0])
    let whole = min(exponent, fraction.count)
    out.append(Bytes(rebasing: fraction[..<whole]))
    for _ in whole..<exponent { out.append(zero) }
    out.append(UInt8(ascii: "."))
    if fraction.count > exponent {
      out.append(Bytes(rebasing: fraction[exponent...]))
    } else {
      out.append(zero)
    }
  }
}
