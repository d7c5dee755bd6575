// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct PlainDecimalTests {
  private struct Reading {
    let length: Int
    let double: Double?
  }

  /// What is read from `number` between other characters; nil if it is not plain.
  private func read(_ number: String, before: String, behind: String) -> Reading? {
    withBytes(before + number + behind) { text -> Reading? in
      guard let base = text.baseAddress, let plain = PlainDecimal(at: base + before.utf8.count) else {
        return nil
      }
      return Reading(length: plain.end - base - before.utf8.count, double: plain.double)
    }
  }

  private func digits(_ count: Int, _ random: inout Seeded) -> String {
    let zeros = Int.random(in: 0...3, using: &random) == 0 ? Int.random(in: 0...count, using: &random) : 0
    return (0..<count).map { $0 < zeros ? "0" : String(Int.random(in: 0...9, using: &random)) }.joined()
  }

  /// Digits in front of the number, and behind what ends it, must not count.
  private let before = "98765432109876543210987654321098"
  private let behind = ",98765432109876543210987654321098765432"

  @Test func anyNumberOfItsFormIsReadToTheNearestDoubleAndToItsEnd() throws {
    var random = Seeded()
    for _ in 0..<100_000 {
      let sign = Bool.random(using: &random) ? "-" : ""
      let whole =
        Int.random(in: 0...2, using: &random) == 0 ? "0" : digits(.random(in: 1...9, using: &random), &random)
      let fraction = digits(.random(in: 0...26, using: &random), &random)
      let number = "\(sign)\(whole).\(fraction)"
      let isPlain =
        whole.count <= 7 && (whole.count == 1 || whole.first != "0") && 1...24 ~= fraction.count
        && whole.count + fraction.count <= 30
      let reading = read(number, before: before, behind: behind)
      guard isPlain else {
        // One digit too many is seen behind the last that counts.
        try #require(reading == nil, "\(random): \(number)")
        continue
      }
      let found = try #require(reading, "\(random): \(number)")
      try #require(found.length == number.utf8.count, "\(random): \(number)")
      guard let double = found.double else {
        try #require(fraction.count + whole.count >= 20, "\(random): \(number) takes the long way")
        continue
      }
      try #require(double.bitPattern == Double(number)?.bitPattern, "\(random): \(number) reads as \(double)")
    }
  }

  @Test func anyDoubleAsItIsStoredIsReadToItsOwnBits() throws {
    var random = Seeded()
    for _ in 0..<100_000 {
      let value = Double.random(in: -1...1, using: &random) * [0.001, 1, 100, 1e6][Int(random.next() % 4)]
      var out = ByteBuffer(capacity: 32)
      NumberText.append(value, to: &out)
      guard !out.bytes.contains(UInt8(ascii: "e")) else { continue }
      let text = out.bytes.text
      let double = try #require(read(text, before: before, behind: behind)?.double, "\(random): \(text)")
      try #require(double.bitPattern == value.bitPattern, "\(random): \(text) reads as \(double)")
    }
  }

  @Test(arguments: [
    "1", "-1", "0.", ".5", "-.5", "01.5", "-00.5", "1e5", "1.5e5", "1.5E5", "12345678.5", "null", "1.x",
    "--1.5", "+1.5",
    "1,5", "-", "1.5.", "0x1.5",
  ])
  func whatIsWrittenOtherwiseIsNotPlain(number: String) {
    let reading = read(number, before: before, behind: behind)
    // A number that ends early is one; what follows is for others to judge.
    #expect(reading == nil || number == "1.5." && reading?.length == 3)
  }
}
