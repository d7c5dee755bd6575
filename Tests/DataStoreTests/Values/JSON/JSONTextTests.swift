// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct JSONTextTests {
  /// What a literal stands for; nil if it is not UTF-8 text.
  private func decoded(_ literal: String) throws -> String? {
    try withBytes(literal) { bytes in
      var scanner = JSONScanner(bytes)
      let token = try scanner.string()
      var out = ByteBuffer(capacity: 16)
      guard JSONText.appendDecoded(token.raw, to: &out) else { return nil }
      #expect(out.bytes.isValidUTF8)
      return out.bytes.text
    }
  }

  private func literal(_ text: String) -> String {
    var out = ByteBuffer(capacity: 16)
    withBytes(text) { JSONText.appendLiteral($0, to: &out) }
    return out.bytes.text
  }

  @Test(
    arguments: [
      ("\"\"", ""), ("\"abc\"", "abc"), ("\"\\\"\\\\\\/\"", "\"\\/"),
      ("\"\\b\\f\\n\\r\\t\"", "\u{8}\u{c}\n\r\t"),
      ("\"\\u0041\"", "A"), ("\"\\u00e9\\u00E9\"", "\u{e9}\u{e9}"), ("\"\\u20ac\"", "\u{20ac}"),
      ("\"\\u0000\"", "\0"),
      ("\"\\ud83d\\ude00\"", "\u{1F600}"), ("\"\\uDBFF\\uDFFF\"", "\u{10FFFF}"),
      ("\"\\ud83d\\ude00x\"", "\u{1F600}x"),
      ("\"\\uFFFF\"", "\u{FFFF}"), ("\"\u{1F600}\"", "\u{1F600}"),
    ] as [(String, String)])
  func escapesStandForTheirCharacters(literal: String, expected: String) throws {
    #expect(try decoded(literal) == expected)
  }

  @Test(arguments: [
    "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"",
    "\"\\ud800\\ud800\"",
    "\"\\udc00\\ud800\"", "\"x\\ud83d\"", "\"\\ud83d\\\\ude00\"",
  ])
  func aLoneSurrogateIsNoText(literal: String) throws {
    #expect(try decoded(literal) == nil)
  }

  @Test(
    arguments: [
      ("", "\"\""), ("sma.20@1.0", "\"sma.20@1.0\""), ("a\"b\\c/", "\"a\\\"b\\\\c/\""),
      ("\u{0}\u{1}\u{9}\u{a}\u{10}\u{1f}\u{7f}", "\"\\u0000\\u0001\\u0009\\u000a\\u0010\\u001f\u{7f}\""),
      ("\u{e9}\u{1F600}\u{2028}", "\"\u{e9}\u{1F600}\u{2028}\""),
    ] as [(String, String)])
  func onlyWhatMustBeEscapedIs(text: String, expected: String) {
    #expect(literal(text) == expected)
  }

  @Test func anyTextReadsBackFromItsLiteral() throws {
    var random = Seeded()
    for _ in 0..<2_000 {
      var scalars = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0..<12, using: &random) {
        let top: UInt32 = random.pick([0x20, 0x7f, 0x7ff, 0xffff, 0x10ffff])
        if let scalar = Unicode.Scalar(UInt32.random(in: 0...top, using: &random)) { scalars.append(scalar) }
      }
      let text = String(scalars)
      let back = try decoded(literal(text))
      #expect(back.map { Array($0.utf8) } == Array(text.utf8), "\(random)")
    }
  }
}
