// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Both ways to look at digits, with vectors and without, against digits that are looked at one by one.
@Suite struct DigitGroupsTests {
  private static let place = 40

  /// Digits mostly, among them whatever a byte can be.
  private func characters(_ random: inout Seeded) -> [UInt8] {
    (0..<80).map { _ in
      Int.random(in: 0...7, using: &random) == 0
        ? UInt8.random(in: 0...255, using: &random) : UInt8.random(in: 0x30...0x39, using: &random)
    }
  }

  @Test func whatIsNoDigitIsSeenAmongThirtyTwoCharacters() throws {
    var random = Seeded()
    for _ in 0..<20_000 {
      let text = characters(&random)
      var expected: UInt32 = 0
      for index in 0..<32 where !(0x30...0x39).contains(text[Self.place + index]) { expected |= 1 << index }
      let found = try text.withUnsafeBufferPointer { bytes in
        let place = try #require(bytes.baseAddress) + Self.place
        return [DigitGroups.otherCharacters(place), DigitGroups.plainOtherCharacters(place)]
      }
      try #require(found == [expected, expected], "\(random): \(text)")
    }
  }

  @Test func everyByteAloneIsTold() throws {
    for byte in UInt8.min...UInt8.max {
      for index in [0, 7, 8, 15, 16, 31] {
        var text = Array(repeating: UInt8(ascii: "5"), count: 32)
        text[index] = byte
        let expected: UInt32 = (0x30...0x39).contains(byte) ? 0 : 1 << UInt32(index)
        let found = try text.withUnsafeBufferPointer { bytes in
          let place = try #require(bytes.baseAddress)
          return [DigitGroups.otherCharacters(place), DigitGroups.plainOtherCharacters(place)]
        }
        #expect(found == [expected, expected], "byte \(byte) at \(index)")
      }
    }
  }

  @Test func eachCountOfDigitsHasItsValues() throws {
    var random = Seeded()
    func value(_ digits: ArraySlice<UInt8>) -> UInt64 { digits.reduce(0) { $0 * 10 + UInt64($1 & 0xF) } }
    for wholeDigits in 1...7 {
      for fractionDigits in 1...24 {
        for _ in 0..<50 {
          var text = characters(&random)
          let point = Self.place + wholeDigits
          let end = point + 1 + fractionDigits
          for index in Self.place..<end { text[index] = UInt8.random(in: 0x30...0x39, using: &random) }
          text[point] = UInt8(ascii: ".")
          let fraction = text[(point + 1)..<end]
          let expected = DigitGroups(
            whole: value(text[Self.place..<point]), high: value(fraction.dropLast(16)),
            middle: value(fraction.dropLast(8).suffix(8)), low: value(fraction.suffix(8)))
          let found = try text.withUnsafeBufferPointer { bytes in
            let base = try #require(bytes.baseAddress)
            let (start, behind) = (base + Self.place, base + end)
            return [
              DigitGroups(from: start, wholeDigits, to: behind, fractionDigits),
              DigitGroups(plainlyFrom: start, wholeDigits, to: behind, fractionDigits),
            ]
          }
          try #require(
            found == [expected, expected], "\(random): \(wholeDigits), \(fractionDigits), \(text)")
        }
      }
    }
  }
}
