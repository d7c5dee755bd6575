// SPDX-License-Identifier: MIT
import CNumbers
import Testing

@testable import DataStore

/// Our own printing and parsing of doubles, held against the C++ library's.
@Suite struct NumberReferenceTests {
  /// The C++ library's shortest digits, as `d.ddde±xx`.
  private func reference(_ value: Double) -> String {
    var text = [CChar](repeating: 0, count: Int(CNUMBERS_SCIENTIFIC_BYTES))
    let length = cnumbers_print_scientific(value, &text)
    return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Ours in the same form.
  private func ours(_ value: Double) -> String {
    let decimal = ShortestDecimal(value)
    let digits = String(decimal.digits)
    let exponent = digits.utf8.count - 1 + decimal.exponent
    let fraction = digits.utf8.count > 1 ? "." + digits.dropFirst() : ""
    let sign = exponent < 0 ? "-" : "+"
    let padding = exponent.magnitude < 10 ? "0" : ""
    return
      "\(value.sign == .minus ? "-" : "")\(digits.prefix(1))\(fraction)e\(sign)\(padding)\(exponent.magnitude)"
  }

  private func parsedByReference(_ text: String) -> Double? {
    var value = 0.0
    let isRead = text.utf8CString.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { cnumbers_parse($0, $0 + bytes.count - 1, &value) } == 1
    }
    return isRead ? value : nil
  }

  private func isAlike(_ value: Double) -> Bool {
    let text = reference(value)
    guard ours(value) == text else { return false }
    return withBytes(text) { NumberText.double($0) }?.bitPattern == value.bitPattern
  }

  @Test func anyDoubleHasTheDigitsOfTheReference() {
    var random = Seeded()
    for _ in 0..<30_000 {
      let anything = Double(bitPattern: random.next())
      let price = (Double.random(in: 0...100_000, using: &random) * 100).rounded() / 100
      for value in [anything, price, Double.random(in: -1...1, using: &random)] where value.isFinite {
        guard isAlike(value) else {
          Issue.record("\(random): \(value.bitPattern) is \(ours(value)), not \(reference(value))")
          return
        }
      }
    }
  }

  @Test func powersOfTwoAndTheirNeighboursHaveTheDigitsOfTheReference() {
    for exponent in -1074...1023 {
      let power =
        exponent < -1022
        ? Double(bitPattern: 1 << UInt64(exponent + 1074))
        : Double(sign: .plus, exponent: exponent, significand: 1)
      for value in [power, power.nextUp, power.nextDown, -power] {
        #expect(isAlike(value), "\(value.bitPattern)")
      }
    }
  }

  @Test func anyDecimalIsReadAsTheReferenceReadsIt() {
    var random = Seeded()
    for _ in 0..<30_000 {
      let digits = random.next() >> UInt64.random(in: 0...63, using: &random)
      let text = "\(digits)e\(Int.random(in: -345...310, using: &random))"
      let found = withBytes(text) { NumberText.double($0) }
      guard found?.bitPattern == parsedByReference(text)?.bitPattern else {
        Issue.record("\(random): \(text) was read as \(String(describing: found))")
        return
      }
    }
  }
}
