// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Damaged texts: whatever comes, a fault or a canonical text, and never a trap.
@Suite struct FeatureFuzzTests {
  private static let sound = [
    "{}",
    "{\"returns@1.0\":{\"value\":0.0123,\"quality\":\"ready\"},\"rsi@2.1\":{\"value\":null,\"quality\":\"warmup\"}}",
    " { \"\\u0061\\n@1\" : { \"quality\" : \"de\\u0067raded\" , \"value\" : -1.5E-7 } , \"\u{e9}@\u{1F600}\":{\"value\":0,\"quality\":\"missing\"} } ",
    "{\"\\ud83d\\ude00@x\":{\"value\":123456789012345678901234567890,\"quality\":\"ready\"}}",
  ]

  /// Parses; where that succeeds, what is printed must be canonical: it parses to itself.
  private func digest(_ bytes: [UInt8], _ parser: inout FeatureParser) -> Bool {
    guard let printed = try? print(bytes, &parser) else { return true }
    return (try? print(printed, &parser)) == printed
  }

  private func print(_ bytes: [UInt8], _ parser: inout FeatureParser) throws -> [UInt8] {
    try withBytes(bytes) { text in
      try parser.parse(text)
      var out = ByteBuffer()
      FeatureWriter.append(parser, to: &out)
      return Array(out.bytes)
    }
  }

  @Test func aTextCutAtAnyByteIsRefused() {
    for text in Self.sound {
      // The spaces after the last brace are not part of the object.
      let bytes = Array(text.utf8)
      let end = (bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0) + 1
      for count in 0..<end {
        var parser = FeatureParser()
        let isTaken = (try? print(Array(bytes[..<count]), &parser)) != nil
        #expect(!isTaken, "\(count) bytes of \(text)")
      }
    }
  }

  @Test func randomDamageIsRefusedOrReadButNeverTraps() {
    var random = Seeded()
    var parser = FeatureParser()
    let telling = Array("{}[]\":,\\u@0e-+.\0\u{1f}ntf".utf8) + [0x80, 0xC3, 0xFF]
    for _ in 0..<20_000 {
      var bytes = Array(random.pick(Self.sound).utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[place] = random.pick(telling)
        case 2: bytes.remove(at: place)
        default: bytes.insert(random.pick(telling), at: place)
        }
      }
      guard digest(bytes, &parser) else {
        Issue.record("\(random): \(String(decoding: bytes, as: UTF8.self))")
        return
      }
    }
  }

  @Test func twoDamagedTextsNeverTrapTheMerger() {
    var random = Seeded()
    var merger = FeatureMerger()
    for _ in 0..<5_000 {
      let texts = (0..<2).map { _ -> [UInt8] in
        var bytes = Array(random.pick(Self.sound).utf8)
        if random.oneIn(2) {
          bytes[Int.random(in: bytes.indices, using: &random)] = UInt8(truncatingIfNeeded: random.next())
        }
        return bytes
      }
      withBytes(texts[0]) { stored in
        withBytes(texts[1]) { new in
          guard let merged = try? merger.merge(stored: stored, new: new) else { return }
          #expect(merged.isValidUTF8, "\(random)")
        }
      }
    }
  }

  @Test func theScannerOfStateValuesSurvivesTheSameDamage() {
    var random = Seeded()
    for _ in 0..<20_000 {
      var bytes = Array("{\"a\":[1.5e-3,true,null,\"\\ud83d\\ude00\"],\"b\":{\"c\":-0}}".utf8)
      for _ in 0..<3 {
        bytes[Int.random(in: bytes.indices, using: &random)] = random.pick(
          Array("{}[]\":,\\ud8-+.e0".utf8) + [0xFF])
      }
      let isSame = withBytes(bytes) { text -> Bool in
        guard text.isValidUTF8, let value = try? JSONValue(text) else { return true }
        return value == (try? JSONValue(text))
      }
      #expect(isSame, "\(random)")
    }
  }
}
