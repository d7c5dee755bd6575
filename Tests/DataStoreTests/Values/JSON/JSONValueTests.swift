// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct JSONValueTests {
  private func value(_ text: String) throws -> JSONValue { try withBytes(text) { try JSONValue($0) } }

  @Test(
    arguments: [
      ("1", "1.0"), ("1", "1e0"), ("100", "1E2"), ("0", "-0"), ("0", "-0.0"), ("0", "0e9"), ("0.5", "5e-1"),
      ("-7", "-7.000"), ("100000000000000000000", "1e20"), ("9007199254740992", "9007199254740993.0"),
      ("123456789012345678901234567890", "123456789012345678901234567890"), ("1e-400", "0"),
      ("1e400", "1e400"),
      ("{\"a\":1,\"b\":[2]}", "{ \"b\" : [ 2.0 ], \"a\" : 1 }"), ("{\"a\":1,\"a\":2}", "{\"a\":2}"),
      ("{}", "{ }"),
      ("\"\\u00e9\"", "\"\u{e9}\""), ("\"\\ud83d\\ude00\"", "\"\u{1F600}\""), ("\"a\\/b\"", "\"a/b\""),
      ("{\"\\u0061\":1}", "{\"a\":1}"), ("null", " null "), ("[true,false]", "[ true , false ]"),
      ("\"\\ud800\"", "\"\\ud800\""), ("\"a\\uD800\"", "\"\\u0061\\ud800\""),
    ] as [(String, String)])
  func equalIsWhatAReaderFindsEqual(left: String, right: String) throws {
    #expect(try value(left) == value(right))
    #expect(try value(right) == value(left))
  }

  @Test(
    arguments: [
      ("1", "true"), ("0", "false"), ("0", "null"), ("\"1\"", "1"), ("\"\"", "null"), ("[]", "{}"),
      ("[]", "null"),
      ("1", "2"), ("1", "1.5"), ("1", "-1"), ("100000000000000000001", "1e20"),
      ("9007199254740993", "9007199254740993.0"),
      ("[1,2]", "[2,1]"), ("[1]", "[1,1]"), ("{\"a\":1}", "{\"a\":1,\"b\":null}"), ("{\"a\":1}", "{\"A\":1}"),
      ("{\"a\":1,\"a\":2}", "{\"a\":1}"), ("\"a\"", "\"a \""), ("\"\u{e9}\"", "\"e\u{301}\""),
      ("1e400", "1e401"), ("\"\\ud800\"", "\"\\\\ud800\""), ("\"\\ud800\"", "\"\\udc00\""),
      ("{\"\\ud800\":1}", "{\"\\\\ud800\":1}"),
    ] as [(String, String)])
  func unequalIsWhatAReaderFindsUnequal(left: String, right: String) throws {
    #expect(try value(left) != value(right))
    #expect(try value(right) != value(left))
  }

  @Test(arguments: ["", "[1,]", "{\"a\"}", "nan", "1 2", "\"\\ud8\""])
  func whatIsNoJSONIsNoValue(text: String) {
    #expect(throws: JSONScanner.Failure.self) { try value(text) }
  }

  @Test func depthIsBoundedSoThatReadingMayRecurse() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(try value(nested(Limits.jsonDepth)) == value(nested(Limits.jsonDepth)))
    #expect(throws: JSONScanner.Failure.self) { try value(nested(Limits.jsonDepth + 1)) }
  }

  @Test func everyValueEqualsItselfWhateverItsSpacing() throws {
    var random = Seeded()
    for _ in 0..<500 {
      let (compact, spaced) = text(depth: 3, &random)
      #expect(try value(compact) == value(spaced), "\(random)")
    }
  }

  private func text(depth: Int, _ random: inout Seeded) -> (compact: String, spaced: String) {
    switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
    case 0: return random.pick([("null", "null "), ("true", " true"), ("false", "\nfalse")])
    case 1:
      let number = Int.random(in: -1_000...1_000, using: &random)
      return ("\(number)", "\(number).0")
    case 2: return random.pick([("\"a\"", "\"\\u0061\""), ("\"\"", " \"\" ")])
    case 3: return ("[]", "[ ]")
    case 4:
      let parts = (0..<3).map { _ in text(depth: depth - 1, &random) }
      return (
        "[" + parts.map(\.compact).joined(separator: ",") + "]",
        "[ " + parts.map(\.spaced).joined(separator: " , ") + " ]"
      )
    default:
      let parts = ["x", "y", "z"].map { ($0, text(depth: depth - 1, &random)) }
      return (
        "{" + parts.map { "\"\($0.0)\":" + $0.1.compact }.joined(separator: ",") + "}",
        "{ " + parts.reversed().map { "\"\($0.0)\" : " + $0.1.spaced }.joined(separator: " ,\t") + " }"
      )
    }
  }
}
