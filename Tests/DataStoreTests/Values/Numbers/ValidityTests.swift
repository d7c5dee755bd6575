// SPDX-License-Identifier: MIT
import CNumbers
import Testing

@testable import DataStore

/// Which doubles are NaN, by the block: as each says of itself.
@Suite struct ValidityTests {
  @Test func bitsAreThoseOfEachNumber() {
    var random = Seeded()
    let others = [0, -0.0, 1.5, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
    let missing = [Double.nan, -.nan, .signalingNaN, Double(bitPattern: 0x7FF0_0000_0000_0001)]
    for count in [0, 1, 7, 8, 9, 63, 64, 511, 512, 513, 1024, 1500] {
      for share in [1, 3, 40, Int.max] {
        var values = (0..<count).map { _ in random.pick(random.oneIn(share) ? missing : others) }
        if share == Int.max, count > 0 {
          // One alone, anywhere, is found.
          #expect(cnumbers_has_nan(values, count) == 0, "\(random)")
          values[Int.random(in: 0..<count, using: &random)] = .nan
        }
        var bits = [UInt8](repeating: 0xA5, count: (count + 7) / 8 + 1)
        let nulls = cnumbers_write_validity(values, count, &bits)
        #expect(nulls == values.count { $0.isNaN }, "\(random)")
        #expect((cnumbers_has_nan(values, count) != 0) == (nulls > 0), "\(random)")
        let written = bits.withUnsafeBufferPointer { bits in
          (0..<count).map { row in bits.baseAddress.map { Bits.isSet($0, row) } ?? false }
        }
        #expect(written == values.map { !$0.isNaN }, "\(random)")
        #expect(bits.last == 0xA5)
      }
    }
  }
}
