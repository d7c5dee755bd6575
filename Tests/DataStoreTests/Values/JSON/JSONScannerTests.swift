// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct JSONScannerTests {
  /// nil where `text` is JSON, else the reason why not.
  private func fault(_ text: [UInt8], depth: Int = 500) -> String? {
    withBytes(text) { bytes in
      var scanner = JSONScanner(bytes)
      do throws(JSONScanner.Failure) {
        try scanner.skipValue(maximumDepth: depth)
        try scanner.expectEnd()
        return nil
      } catch {
        return error.reason
      }
    }
  }

  private func fault(_ text: String, depth: Int = 500) -> String? { fault(Array(text.utf8), depth: depth) }

  @Test(
    arguments: [
      "null", "true", "false", "0", "-0", "1", "-1", "0.5", "-0.0", "1e5", "1E+5", "1e-5", "123.456e789",
      "1e00001",
      "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\uD83D\\ude00\"", "\"\\ud800\"",
      "\"\u{7f}\u{e9}\u{1F600}\"",
      "[]", "[ ]", "[1]", "[1,2 , 3]", "[[],{}]", "{}", "{ }", "{\"a\":1}", "{ \"a\" : 1 , \"b\" : [ ] }",
      "{\"a\":1,\"a\":2}", "{\"\":0}", " \t\r\n1 \t\r\n", "[null,true,false,\"x\",{\"y\":[{}]}]",
    ] as [String])
  func takesWhatRFC8259Takes(text: String) {
    #expect(fault(text) == nil)
  }

  @Test(
    arguments: [
      "", " ", "nul", "nulll", "tru", "True", "NULL", "undefined", "NaN", "Infinity", "-Infinity", "nan",
      "+1", "-", "--1",
      "01", "-01", "1.", ".5", "-.5", "1e", "1e+", "1.e5", "0x1", "1_000", "1,000", "\u{FF11}", "'a'", "\"",
      "\"a", "a",
      "\"\t\"", "\"\n\"", "\"\u{0}\"", "\"\u{1f}\"", "\"\\x41\"", "\"\\\"", "\"\\u12\"", "\"\\u12g4\"",
      "\"\\u\"",
      "\"\\U0041\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1]]", "[1}", "{", "}", "{\"a\"",
      "{\"a\":",
      "{\"a\":}", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{a:1}", "{1:2}", "{null:1}",
      "{\"a\":1]",
      "{\"a\":1 \"b\":2}", "1 2", "[]x", "{}{}", "// c\n1", "1//c", "/*c*/1", "\u{FEFF}1", "1\u{0}",
      "\u{A0}1", "1\u{0B}",
    ] as [String])
  func refusesWhatRFC8259Refuses(text: String) {
    #expect(fault(text) != nil)
  }

  @Test func namesThePlaceAndWhatShouldBeThere() {
    #expect(fault("[1, x]") == "not JSON at byte 4 (near 'x]'): a value should be there")
    #expect(fault("{\"a\" 1}") == "not JSON at byte 5 (near '1}'): ':' should be there")
    #expect(fault("[1") == "the JSON text ends where ',' or ']' should be")
    #expect(fault("NaN")?.contains("JSON has no NaN") == true)
    #expect(fault("\"\u{1}\"")?.contains("control character") == true)
  }

  @Test func nestingHasALimit() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      func nested(_ depth: Int) -> String {
        String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)
      }
      #expect(fault(nested(500)) == nil)
      #expect(fault(nested(501)) == "arrays and objects are nested more than 500 deep")
      #expect(fault(nested(100_000)) == "arrays and objects are nested more than 500 deep")
    }
    // Side by side is not nested.
    #expect(fault("[" + Array(repeating: "[]", count: 2_000).joined(separator: ",") + "]", depth: 2) == nil)
    #expect(fault("[[]]", depth: 1) != nil)
  }

  @Test func noProperPrefixOfAnObjectIsJSON() {
    let text = Array("{\"a\\n\\u00e9\": [1.5e-3, true, null, {\"b\": \"\u{e9}\"}], \"c\": -0}".utf8)
    #expect(fault(text) == nil)
    for count in text.indices { #expect(fault(Array(text[..<count])) != nil, "\(count) bytes") }
  }

  @Test func numbersStayAsTheyAreWritten() throws {
    for (text, isInteger) in [
      ("0", true), ("-12", true), ("123456789012345678901234567890", true), ("1.0", false), ("1e5", false),
      ("-0.10E+02", false),
    ] {
      try withBytes(text + ",") { bytes in
        var scanner = JSONScanner(bytes)
        let token = try scanner.number()
        #expect(token.raw.text == text)
        #expect(token.isInteger == isInteger)
        #expect(scanner.current == UInt8(ascii: ","))
      }
    }
  }

  @Test func wordsAreSkippedOnlyWhole() {
    withBytes("nul") { bytes in
      var scanner = JSONScanner(bytes)
      let skippedTooMuch = scanner.skip("null")
      #expect(!skippedTooMuch)
      #expect(scanner.index == 0)
      let skipped = scanner.skip("nul")
      #expect(skipped)
      #expect(scanner.isAtEnd)
      #expect(scanner.current == 0)
    }
  }

  @Test func anEmptyBufferWithoutMemoryIsNoJSON() {
    var scanner = JSONScanner(Bytes(start: nil, count: 0))
    #expect(throws: JSONScanner.Failure.self) { try scanner.skipValue(maximumDepth: 1) }
  }

  /// What is found to be JSON at a glance the scanner finds to be JSON, too.
  @Test func whatIsPlainIsJSON() {
    let plain = [
      "{}", "[]", "\"a\"", "0", "-1.5e+10", "true", "false", "null", " [ 1 , { \"a\" : [ ] } ]\n",
      "{\"phase\":\"long\",\"quantity\":12,\"stops\":[99.5,98.5],\"armed\":true,\"note\":null}",
      String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
    ]
    for text in plain { #expect(withBytes(text) { StateValue.isPlain($0) }, "\(text)") }
    var random = Seeded()
    let pieces = Array("{}[]\",:0123456789.eE+- truefalsn\\\u{1}\n".utf8) + [0xC3, 0xA9]
    for _ in 0..<20_000 {
      var text = Array(random.pick(plain).utf8)
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let place = Int.random(in: 0...text.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: text.insert(random.pick(pieces), at: place)
        case 1: if place < text.count { text[place] = random.pick(pieces) }
        default: if place < text.count { text.remove(at: place) }
        }
      }
      guard withBytes(text, { StateValue.isPlain($0) }) else { continue }
      #expect(fault(text) == nil, "\(random): \(text)")
    }
  }
}
