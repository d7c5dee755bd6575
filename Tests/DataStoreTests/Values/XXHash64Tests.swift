// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct XXHash64Tests {
  private func hash(_ bytes: [UInt8]) -> UInt64 {
    var hash = XXHash64()
    withBytes(bytes) { hash.append($0) }
    return hash.value
  }

  /// From the reference implementation.
  @Test(
    arguments: [
      ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b), ("abc", 0x44bc_2cf5_ad77_0999),
      ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
    ] as [(String, UInt64)])
  func isThatOfTheReference(_ text: String, _ expected: UInt64) {
    #expect(hash(Array(text.utf8)) == expected)
  }

  @Test func isThatOfTheReferenceForBytes() {
    #expect(hash(Array(0..<32)) == 0xcbf5_9c51_16ff_32b4)
    #expect(hash(Array(0..<63)) == 0xe26a_a9e2_a95f_8e4f)
    #expect(hash((0..<1024).map { UInt8(truncatingIfNeeded: $0) }) == 0x6f39_14f1_8fe4_df57)
  }

  @Test func doesNotDependOnHowTheBytesCome() {
    var dice = Seeded()
    for _ in 0..<200 {
      let bytes = (0..<Int.random(in: 0...300, using: &dice)).map { _ in
        UInt8.random(in: 0...255, using: &dice)
      }
      var hash = XXHash64()
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Int.random(in: 0...min(rest.count, 70), using: &dice)
        withBytes(Array(rest.prefix(count))) { hash.append($0) }
        rest = rest.dropFirst(count)
        _ = hash.value
      }
      #expect(hash.value == self.hash(bytes), "\(dice)")
    }
  }
}
