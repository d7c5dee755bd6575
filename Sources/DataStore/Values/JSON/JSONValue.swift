// SPDX-License-Identifier: MIT

/// A JSON value, for comparing two of them.
///
/// Equal means equal to a reader: members in any order (of members given twice the last counts), `1` equals `1.0`,
/// `true` does not equal `1`.
enum JSONValue: Equatable {
  case null
  case boolean(Bool)
  case number(JSONNumber)
  /// Decoded, as UTF-8 that may hold lone surrogates.
  case text([UInt8])
  case array([JSONValue])
  case object([[UInt8]: JSONValue])

  /// Reads a whole text.
  init(_ text: Bytes) throws(JSONScanner.Failure) {
    // A first pass checks syntax and depth, so that the second may recurse.
    var checker = JSONScanner(text)
    try checker.skipValue(maximumDepth: Limits.jsonDepth)
    try checker.expectEnd()
    var scanner = JSONScanner(text)
    self = try Self.value(&scanner)
  }

  private static func value(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> JSONValue {
    guard ThreadStack.isEnough else {
      throw JSONScanner.Failure(reason: "it is nested too deep for what this thread has left of its stack")
    }
    scanner.skipSpace()
    switch scanner.current {
    case UInt8(ascii: "{"): return try object(&scanner)
    case UInt8(ascii: "["): return try array(&scanner)
    case UInt8(ascii: "\""): return .text(decoded(try scanner.string()))
    case UInt8(ascii: "t") where scanner.skip("true"): return .boolean(true)
    case UInt8(ascii: "f") where scanner.skip("false"): return .boolean(false)
    case UInt8(ascii: "n") where scanner.skip("null"): return .null
    default: return .number(JSONNumber(try scanner.number()))
    }
  }

  private static func array(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> JSONValue {
    _ = scanner.skip(UInt8(ascii: "["))
    var elements: [JSONValue] = []
    scanner.skipSpace()
    if scanner.skip(UInt8(ascii: "]")) { return .array(elements) }
    repeat {
      elements.append(try value(&scanner))
      scanner.skipSpace()
    } while scanner.skip(UInt8(ascii: ","))
    _ = scanner.skip(UInt8(ascii: "]"))
    return .array(elements)
  }

  private static func object(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> JSONValue {
    _ = scanner.skip(UInt8(ascii: "{"))
    var members: [[UInt8]: JSONValue] = [:]
    scanner.skipSpace()
    if scanner.skip(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      scanner.skipSpace()
      let name = decoded(try scanner.string())
      scanner.skipSpace()
      _ = scanner.skip(UInt8(ascii: ":"))
      members[name] = try value(&scanner)
      scanner.skipSpace()
    } while scanner.skip(UInt8(ascii: ","))
    _ = scanner.skip(UInt8(ascii: "}"))
    return .object(members)
  }

  private static func decoded(_ token: JSONScanner.StringToken) -> [UInt8] {
    guard token.hasEscapes else { return Array(token.raw) }
    var out = ByteBuffer()
    _ = JSONText.appendDecoded(token.raw, to: &out)
    return Array(out.bytes)
  }
}

/// A JSON number, compared by value: integers exactly, however long; others as doubles.
enum JSONNumber: Equatable {
  /// The digits of an integer, without leading zeros, with its sign ("0" has none).
  case integer([UInt8])
  /// A double that is not a whole number.
  case double(Double)
  /// Beyond a double, and no integer literal either.
  case beyondDouble([UInt8])

  init(_ token: JSONScanner.NumberToken) {
    if token.isInteger {
      self = .integer(token.raw.elementsEqual("-0".utf8) ? Array("0".utf8) : Array(token.raw))
      return
    }
    guard let value = NumberText.double(token.raw) else {
      self = .beyondDouble(Array(token.raw))
      return
    }
    guard value.rounded() == value else {
      self = .double(value)
      return
    }
    var digits = ByteBuffer(capacity: 320)
    NumberText.appendWhole(value == 0 ? 0 : value, to: &digits)
    self = .integer(Array(digits.bytes))
  }
}
