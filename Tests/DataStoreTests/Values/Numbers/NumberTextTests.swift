// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct NumberTextTests {
  private func text(_ value: Double) -> String {
    var out = ByteBuffer(capacity: 16)
    NumberText.append(value, to: &out)
    return out.bytes.text
  }

  private func text(_ value: Int64) -> String {
    var out = ByteBuffer(capacity: 16)
    NumberText.append(value, to: &out)
    return out.bytes.text
  }

  private func double(_ text: String) -> Double? { withBytes(text) { NumberText.double($0) } }

  // MARK: Printing doubles

  @Test(
    arguments: [
      (0.0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-42.5, "-42.5"), (0.1, "0.1"),
      (0.1 + 0.2, "0.30000000000000004"),
      (1.0 / 3, "0.3333333333333333"), (100_000, "100000.0"), (12_345, "12345.0"),
      (123_456_789.125, "123456789.125"), (9_007_199_254_740_992, "9007199254740992.0"),
      (1e15, "1000000000000000.0"), (9_999_999_999_999_998, "9999999999999998.0"), (1e16, "1e+16"),
      (123_456_789_012_345_680, "1.2345678901234568e+17"), (1e21, "1e+21"), (1e22, "1e+22"),
      (1e100, "1e+100"),
      (0.0001, "0.0001"), (0.000_123_45, "0.00012345"), (1e-5, "1e-05"), (9.999e-5, "9.999e-05"),
      (-1.5e-7, "-1.5e-07"), (.leastNonzeroMagnitude, "5e-324"),
      (2.225_073_858_507_201_4e-308, "2.2250738585072014e-308"),
      (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
    ] as [(Double, String)])
  func isLaidOutAsPythonsRepr(value: Double, expected: String) {
    #expect(text(value) == expected)
  }

  @Test func anyBitPatternReadsBackToTheSameBitsInTheFewestDigits() {
    var random = Seeded()
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      guard checkRoundTrip(value) else {
        Issue.record("\(random): \(value.bitPattern) was printed as \(text(value))")
        return
      }
    }
  }

  @Test func subnormalsAndPowersOfTenReadBackToTheSameBits() {
    var random = Seeded()
    for _ in 0..<2_000 {
      let subnormal = Double(bitPattern: random.next() & 0x800F_FFFF_FFFF_FFFF)
      #expect(checkRoundTrip(subnormal), "\(random): \(subnormal.bitPattern)")
    }
    for exponent in -323...308 {
      guard let power = Double("1e\(exponent)") else { continue }
      for value in [power, -power, power.nextUp, power.nextDown] {
        #expect(checkRoundTrip(value), "1e\(exponent), \(value.bitPattern)")
      }
    }
  }

  /// The standard library parses and prints in its own way, so it stands as the witness.
  private func checkRoundTrip(_ value: Double) -> Bool {
    let text = text(value)
    return Double(text)?.bitPattern == value.bitPattern && double(text)?.bitPattern == value.bitPattern
      && digits(text) == digits(value.description) && text.utf8.count <= NumberText.maximumBytes
  }

  /// The significant digits of a number's text.
  private func digits(_ text: String) -> String {
    let mantissa = text.prefix { $0 != "e" }.filter(\.isNumber)
    let trimmed = mantissa.drop { $0 == "0" }
    return String(trimmed.reversed().drop { $0 == "0" }.reversed())
  }

  @Test(
    arguments: [
      (0.0, "0"), (1, "1"), (-250, "-250"), (1e20, "100000000000000000000"),
      (9_007_199_254_740_992, "9007199254740992"), (1e22, "10000000000000000000000"),
    ] as [(Double, String)])
  func wholeDoublesPrintAsIntegers(value: Double, expected: String) {
    var out = ByteBuffer(capacity: 400)
    NumberText.appendWhole(value, to: &out)
    let text = out.bytes.text
    #expect(text == expected)
  }

  @Test func theLargestDoubleIsAnIntegerOf309Digits() {
    var out = ByteBuffer()
    NumberText.appendWhole(-Double.greatestFiniteMagnitude, to: &out)
    let text = out.bytes.text
    #expect(text.utf8.count == 310)
    #expect(text.hasPrefix("-17976931348623157"))
  }

  // MARK: Parsing doubles

  @Test(
    arguments: [
      ("1e400", nil), ("-1e400", nil), ("1.7976931348623159e308", nil), ("1e99999999999999999999", nil),
      ("1" + String(repeating: "0", count: 400), nil), ("0.001e400", nil),
      ("1e-400", 0.0), ("-1e-400", -0.0), ("2e-324", 0), ("1e-99999999999999999999", 0), ("0e400", 0),
      ("0." + String(repeating: "0", count: 400) + "1", 0), ("-0", -0.0), ("-0.0e-5", -0.0),
      ("1.7976931348623157e308", .greatestFiniteMagnitude), ("4.9e-324", .leastNonzeroMagnitude),
      ("2.5e-324", .leastNonzeroMagnitude),
      ("1e+2", 100), ("1E2", 100), ("12", 12), ("0.1", 0.1),
      ("9007199254740993", 9_007_199_254_740_992),
      ("0." + String(repeating: "0", count: 399) + "1e400", 1),
      ("1" + String(repeating: "0", count: 400) + "e-400", 1),
    ] as [(String, Double?)])
  func overflowIsNoNumberAndUnderflowIsZero(text: String, expected: Double?) {
    #expect(double(text)?.bitPattern == expected?.bitPattern)
  }

  // MARK: Integers

  @Test(arguments: [0, 1, -1, 9, 10, -10, 1_000_000, Int64.max, Int64.min] as [Int64])
  func integersPrintAndReadBack(value: Int64) {
    #expect(text(value) == "\(value)")
    #expect(withBytes("\(value)") { NumberText.int64($0) } == value)
  }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "99999999999999999999999", "1.0", "1e2", "1.", "", "-",
    "+1", "0x1",
  ])
  func whatIsNoInt64IsNotOne(text: String) {
    #expect(withBytes(text) { NumberText.int64($0) } == nil)
  }

  @Test(arguments: ["8622.223E9223372036854775807", "1e99999999999999999999", "-10e9223372036854775807"])
  func theLargestExponentIsBeyondADouble(text: String) {
    #expect(withBytes(text) { NumberText.double($0) } == nil)
  }

  @Test func minusZeroIsZero() {
    #expect(withBytes("-0") { NumberText.int64($0) } == 0)
  }
}
