// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct ByteBufferTests {
  @Test func growsAndKeepsWhatItHas() {
    var buffer = ByteBuffer(capacity: 0)
    for byte in 0..<5_000 { buffer.append(UInt8(truncatingIfNeeded: byte)) }
    let bytes = Array(buffer.bytes)
    #expect(bytes == (0..<5_000).map { UInt8(truncatingIfNeeded: $0) })
  }

  @Test func takesPiecesOfAnyKind() {
    var buffer = ByteBuffer()
    buffer.append("static")
    buffer.append(" text " as String)
    withBytes("bytes") { buffer.append($0) }
    buffer.append(Bytes(start: nil, count: 0))
    let text = buffer.bytes.text
    #expect(text == "static text bytes")
  }

  @Test func isReusedAndCutShort() {
    var buffer = ByteBuffer()
    buffer.append("abcdef")
    buffer.truncate(to: 3)
    let cut = buffer.bytes.text
    buffer.truncate(to: 100)
    let uncut = buffer.count
    buffer.truncate(to: -1)
    let negative = buffer.count
    buffer.removeAll()
    let isEmpty = buffer.bytes.isEmpty
    #expect(cut == "abc")
    #expect(uncut == 3)
    #expect(negative == 0)
    #expect(isEmpty)
  }

  @Test func comparesBytes() {
    withBytes("abc") { abc in
      #expect(abc.equals("abc"))
      #expect(!abc.equals("abd"))
      #expect(!abc.equals("ab"))
      #expect(Bytes(start: nil, count: 0).equals(""))
      #expect(!abc.equals(Bytes(start: nil, count: 0)))
    }
  }

  @Test(
    arguments: [
      ([], true), ([0x61], true), ([0xC3, 0xA9], true), ([0xF0, 0x9F, 0x98, 0x80], true), ([0xC3], false),
      ([0xA9], false),
      ([0xC0, 0x80], false), ([0xED, 0xA0, 0x80], false), ([0xF4, 0x90, 0x80, 0x80], false), ([0xFF], false),
      ([0xE2, 0x82], false), ([0xE0, 0x80, 0xAF], false),
    ] as [([UInt8], Bool)])
  func tellsUTF8FromOtherBytes(bytes: [UInt8], isValid: Bool) {
    #expect(withBytes(bytes) { $0.isValidUTF8 } == isValid)
  }
}
