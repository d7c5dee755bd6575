// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct FeatureParserTests {
  /// What a text is printed as.
  private func canonical(_ text: String, _ parser: inout FeatureParser) throws -> String {
    try withBytes(text) { bytes in
      try parser.parse(bytes)
      var out = ByteBuffer()
      FeatureWriter.append(parser, to: &out)
      return out.bytes.text
    }
  }

  private func canonical(_ text: String) throws -> String {
    var parser = FeatureParser()
    return try canonical(text, &parser)
  }

  private func fault(_ text: String) throws -> FeatureFault {
    try #require(throws: FeatureFault.self) { try canonical(text) }
  }

  // MARK: What is taken

  @Test(
    arguments: [
      ("{}", "{}"), (" \n{ } \t", "{}"),
      (
        "{\"returns@1.0\":{\"value\":0.0123,\"quality\":\"ready\"}}",
        "{\"returns@1.0\":{\"value\":0.0123,\"quality\":\"ready\"}}"
      ),
      (
        " { \"rsi@2.1\" : { \"quality\" : \"warmup\" , \"value\" : null } } ",
        "{\"rsi@2.1\":{\"value\":null,\"quality\":\"warmup\"}}"
      ),
      (
        "{\"b@1\":{\"value\":1,\"quality\":\"degraded\"},\"a@1\":{\"value\":2,\"quality\":\"missing\"}}",
        "{\"b@1\":{\"value\":1,\"quality\":\"degraded\"},\"a@1\":{\"value\":2,\"quality\":\"missing\"}}"
      ),
      (
        "{\"\\u0061@1\":{\"v\\u0061lue\":1,\"q\\u0075ality\":\"re\\u0061dy\"}}",
        "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"
      ),
      (
        "{\"a\\\"\\\\\\n@1\":{\"value\":1,\"quality\":\"ready\"}}",
        "{\"a\\\"\\\\\\u000a@1\":{\"value\":1,\"quality\":\"ready\"}}"
      ),
      (
        "{\"a@b@c\":{\"value\":1,\"quality\":\"ready\"},\"\u{e9}@\u{1F600}\":{\"value\":1,\"quality\":\"ready\"}}",
        "{\"a@b@c\":{\"value\":1,\"quality\":\"ready\"},\"\u{e9}@\u{1F600}\":{\"value\":1,\"quality\":\"ready\"}}"
      ),
    ] as [(String, String)])
  func printsOneCanonicalForm(text: String, expected: String) throws {
    #expect(try canonical(text) == expected)
    #expect(try canonical(expected) == expected)
  }

  @Test(arguments: [
    "0", "-0", "0.10", "1E5", "1e+05", "123456789012345678901234567890",
    "0.1000000000000000055511151231257827",
    "1e-400", "1.7976931348623157e308", "-0.0e-0", "10000000000000000000000000000000000000000",
  ])
  func digitsStayAsTheyAreWritten(number: String) throws {
    let text = "{\"a@1\":{\"value\":\(number),\"quality\":\"ready\"}}"
    #expect(try canonical(text) == text)
  }

  // MARK: What is refused

  private static func entry(_ inside: String) -> String { "{\"a@1\":\(inside)}" }

  @Test(
    arguments: [
      ("{\"returns\":{\"value\":1,\"quality\":\"ready\"}}", "returns", "no '@'"),
      ("{\"@1.0\":{\"value\":1,\"quality\":\"ready\"}}", "@1.0", "no name before"),
      ("{\"returns@\":{\"value\":1,\"quality\":\"ready\"}}", "returns@", "no version after"),
      ("{\"@\":{\"value\":1,\"quality\":\"ready\"}}", "@", "no name before"),
      ("{\"\":{\"value\":1,\"quality\":\"ready\"}}", "", "no '@'"),
      ("{\"a\\u0000@1\":{\"value\":1,\"quality\":\"ready\"}}", "a\0@1", "NUL"),
      (entry("1"), "a@1", "must be an object"), (entry("null"), "a@1", "must be an object"),
      (entry("[]"), "a@1", "must be an object"), (entry("\"x\""), "a@1", "must be an object"),
      (entry("{}"), "a@1", "no 'value'"), (entry("{\"quality\":\"ready\"}"), "a@1", "no 'value'"),
      (entry("{\"value\":1}"), "a@1", "no 'quality'"),
      (entry("{\"value\":1,\"quality\":\"ready\",\"unit\":\"%\"}"), "a@1", "'unit' is unknown"),
      (entry("{\"Value\":1,\"quality\":\"ready\"}"), "a@1", "'Value' is unknown"),
      (entry("{\"value\":1,\"value\":1,\"quality\":\"ready\"}"), "a@1", "'value' is given twice"),
      (entry("{\"value\":null,\"quality\":\"ready\",\"v\\u0061lue\":1}"), "a@1", "'value' is given twice"),
      (entry("{\"value\":1,\"quality\":\"ready\",\"quality\":\"ready\"}"), "a@1", "'quality' is given twice"),
      (entry("{\"value\":true,\"quality\":\"ready\"}"), "a@1", "boolean"),
      (entry("{\"value\":false,\"quality\":\"ready\"}"), "a@1", "boolean"),
      (entry("{\"value\":\"1\",\"quality\":\"ready\"}"), "a@1", "text"),
      (entry("{\"value\":[1],\"quality\":\"ready\"}"), "a@1", "array"),
      (entry("{\"value\":{},\"quality\":\"ready\"}"), "a@1", "object"),
      (entry("{\"value\":NaN,\"quality\":\"ready\"}"), "a@1", "NaN"),
      (entry("{\"value\":Infinity,\"quality\":\"ready\"}"), "a@1", "infinite"),
      (entry("{\"value\":-Infinity,\"quality\":\"ready\"}"), "a@1", "infinite"),
      (entry("{\"value\":1e400,\"quality\":\"ready\"}"), "a@1", "beyond the range"),
      (entry("{\"value\":-1e400,\"quality\":\"ready\"}"), "a@1", "beyond the range"),
      (
        entry("{\"value\":1\(String(repeating: "0", count: 400)),\"quality\":\"ready\"}"), "a@1",
        "beyond the range"
      ),
      (entry("{\"value\":1,\"quality\":\"Ready\"}"), "a@1", "'Ready' is not one of"),
      (entry("{\"value\":1,\"quality\":\"\"}"), "a@1", "'' is not one of"),
      (entry("{\"value\":1,\"quality\":\"readyy\"}"), "a@1", "'readyy' is not one of"),
      (entry("{\"value\":1,\"quality\":null}"), "a@1", "not text"),
      (entry("{\"value\":1,\"quality\":1}"), "a@1", "not text"),
      (
        "{\"a@1\":{\"value\":1,\"quality\":\"ready\"},\"\\u0061@1\":{\"value\":1,\"quality\":\"ready\"}}",
        "a@1",
        "given twice"
      ),
    ] as [(String, String, String)])
  func aBrokenRuleIsNamedWithItsKey(text: String, key: String, reason: String) throws {
    let fault = try fault(text)
    #expect(fault.key == key)
    #expect(fault.reason.contains(reason), "\(fault.reason)")
  }

  @Test(
    arguments: [
      "", " ", "null", "[]", "1", "\"{}\"", "{", "}", "{\"a@1\"}", "{\"a@1\":}", "{,}",
      "{\"a@1\":{\"value\":1,\"quality\":\"ready\"},}",
      "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}", "{\"a@1\":{\"value\":1,,\"quality\":\"ready\"}}",
      "{}{}", "{} x",
      "{\"a@1\":{\"value\":01,\"quality\":\"ready\"}}", "{\"a@1\":{\"value\":+1,\"quality\":\"ready\"}}",
      "{\"a@1\":{\"value\":1.,\"quality\":\"ready\"}}", "{\"a@1\":{\"value\":,\"quality\":\"ready\"}}",
      "{'a@1':{\"value\":1,\"quality\":\"ready\"}}", "{\"a@1\":{value:1,\"quality\":\"ready\"}}",
      "{\"\\ud800@1\":{\"value\":1,\"quality\":\"ready\"}}", "\u{FEFF}{}",
    ] as [String])
  func whatIsNoJSONObjectIsRefused(text: String) throws {
    #expect(try !fault(text).reason.isEmpty)
  }

  @Test func whatIsNoUTF8IsRefused() throws {
    for bytes in [
      [0xFF], Array("{\"a".utf8) + [0xC3] + Array("@1\":{\"value\":1,\"quality\":\"ready\"}}".utf8),
    ]
      as [[UInt8]]
    {
      var parser = FeatureParser()
      let fault = try #require(throws: FeatureFault.self) { try withBytes(bytes) { try parser.parse($0) } }
      #expect(fault.reason.contains("UTF-8"))
    }
  }

  @Test func keysHaveALimit() throws {
    let longest = String(repeating: "k", count: Limits.nameBytes - 2) + "@1"
    #expect(
      try canonical(Self.entry("{\"value\":1,\"quality\":\"ready\"}").replacingKey(longest)).contains(longest)
    )
    let fault = try fault(Self.entry("{\"value\":1,\"quality\":\"ready\"}").replacingKey("k" + longest))
    #expect(fault.reason.contains("longer than"))
  }

  // MARK: Reuse

  @Test func aRefusedKeyStaysRefusedWhenTheParserIsReused() throws {
    var parser = FeatureParser()
    let bad = "{\"returns\":{\"value\":1,\"quality\":\"ready\"}}"
    let good = "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"
    for _ in 0..<3 {
      let fault = try #require(throws: FeatureFault.self) { _ = try canonical(bad, &parser) }
      #expect(fault.key == "returns")
      let printed = try canonical(good, &parser)
      #expect(printed == good)
    }
  }

  @Test func aFaultOfOneBarLeavesNoTraceInTheNext() throws {
    var parser = FeatureParser()
    #expect(throws: FeatureFault.self) {
      _ = try canonical(
        "{\"a@1\":{\"value\":1,\"quality\":\"ready\"},\"b@1\":{\"value\":true,\"quality\":\"ready\"}}",
        &parser)
    }
    let text = "{\"b@1\":{\"value\":null,\"quality\":\"ready\"},\"a@1\":{\"value\":2,\"quality\":\"ready\"}}"
    let printed = try canonical(text, &parser)
    #expect(printed == text)
    let syntax = try #require(throws: FeatureFault.self) { _ = try canonical("{", &parser) }
    #expect(syntax.key == nil)
  }

  @Test func theOrderOfKeysMayChangeFromBarToBar() throws {
    var parser = FeatureParser()
    var random = Seeded()
    let keys = (0..<40).map { "key\($0)@1" }
    for _ in 0..<200 {
      let order = keys.shuffled(using: &random).prefix(Int.random(in: 0...40, using: &random))
      let text =
        "{" + order.map { "\"\($0)\":{\"value\":1,\"quality\":\"ready\"}" }.joined(separator: ",") + "}"
      let printed = try canonical(text, &parser)
      #expect(printed == text, "\(random)")
    }
    let count = parser.keys.count
    #expect(count == 40)
  }
}

extension String {
  fileprivate func replacingKey(_ key: String) -> String { "{\"\(key)" + dropFirst("{\"a@1".count) }
}
