// SPDX-License-Identifier: MIT

/// Steps through a JSON text (RFC 8259) byte by byte. It keeps nothing: what it finds are pieces of
/// the text itself, so that a number stays as it was written, digit for digit.
struct JSONScanner {
  struct Failure: Error {
    let reason: String
  }

  /// The inside of a string literal, without its quotes.
  struct StringToken {
    let raw: Bytes
    let hasEscapes: Bool
  }

  private let base: UnsafePointer<UInt8>
  private let count: Int
  private(set) var index = 0

  /// `text` is valid UTF-8 and outlives the scanner.
  init(_ text: Bytes) {
    base = text.baseAddress ?? UnsafePointer(Self.nothing.utf8Start)
    count = text.baseAddress == nil ? 0 : text.count
  }

  private static let nothing: StaticString = ""

  // MARK: Bytes

  var isAtEnd: Bool { index >= count }

  /// The current byte; 0 at the end (NUL is not part of any JSON text).
  @inline(__always)
  var current: UInt8 { index < count ? base[index] : 0 }

  @inline(__always)
  mutating func skipSpace() {
    while index < count {
      switch base[index] {
      case 0x20, 0x0A, 0x0D, 0x09: index += 1
      default: return
      }
    }
  }

  @inline(__always)
  mutating func skip(_ byte: UInt8) -> Bool {
    guard index < count, base[index] == byte else { return false }
    index += 1
    return true
  }

  /// Skips `text` where it stands here, letter for letter.
  @inline(__always)
  mutating func skip(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard count - index >= length, Bytes(start: base + index, count: length).equals(text) else {
      return false
    }
    index += length
    return true
  }

  func piece(from start: Int) -> Bytes { Bytes(start: base + start, count: index - start) }

  /// What is wrong here, said with its place.
  func failure(_ expected: String) -> Failure {
    if isAtEnd { return Failure(reason: "the JSON text ends where \(expected) should be") }
    let shown = Bytes(start: base + index, count: min(count - index, 12)).text
    return Failure(
      reason: "not JSON at byte \(index) (near \(StoreError.quoted(shown))): \(expected) should be there")
  }

  // MARK: Tokens

  /// A string literal; the scanner stands at its opening quote.
  @inline(__always)
  mutating func string() throws(Failure) -> StringToken {
    guard skip(UInt8(ascii: "\"")) else { throw failure("a string") }
    let start = index
    var hasEscapes = false
    while index < count {
      let byte = base[index]
      if byte == UInt8(ascii: "\"") {
        let raw = piece(from: start)
        index += 1
        return StringToken(raw: raw, hasEscapes: hasEscapes)
      }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        try escape()
      } else if byte < 0x20 {
        throw Failure(reason: "not JSON at byte \(index): a control character in a string must be escaped")
      } else {
        index += 1
      }
    }
    throw failure("a closing quote")
  }

  private mutating func escape() throws(Failure) {
    index += 1
    switch current {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      index += 1
    case UInt8(ascii: "u"):
      index += 1
      for _ in 0..<4 {
        guard JSONText.hexValue(current) != nil else { throw failure("four hexadecimal digits") }
        index += 1
      }
    default: throw failure("one of \"\\/bfnrtu after a backslash")
    }
  }

  struct NumberToken {
    let raw: Bytes
    let isInteger: Bool
  }

  /// A number literal; the scanner stands at its first character.
  @inline(__always)
  mutating func number() throws(Failure) -> NumberToken {
    let start = index
    _ = skip(UInt8(ascii: "-"))
    if !skip(UInt8(ascii: "0")) {
      try digits()
    }
    var isInteger = true
    if skip(UInt8(ascii: ".")) {
      isInteger = false
      try digits()
    }
    if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
      isInteger = false
      if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
      try digits()
    }
    return NumberToken(raw: piece(from: start), isInteger: isInteger)
  }

  @inline(__always)
  private mutating func digits() throws(Failure) {
    let start = index
    while index < count, base[index] &- 0x30 <= 9 { index += 1 }
    if index == start { throw failure("a digit") }
  }

  /// True if a number literal may begin here.
  var isAtNumber: Bool { current == UInt8(ascii: "-") || current &- 0x30 <= 9 }

  // MARK: Whole values

  /// Skips one value of any kind, checked throughout, without recursion.
  mutating func skipValue(maximumDepth: Int) throws(Failure) {
    // One bit per level: set in an object, clear in an array.
    var isObject: [Bool] = []
    while true {
      skipSpace()
      var isComplete = true
      switch current {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard isObject.count < maximumDepth else {
          throw Failure(reason: "arrays and objects are nested more than \(maximumDepth) deep")
        }
        let opensObject = current == UInt8(ascii: "{")
        index += 1
        skipSpace()
        if !skip(opensObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          isObject.append(opensObject)
          if opensObject { try memberName() }
          isComplete = false
        }
      default: try skipScalar()
      }
      guard isComplete else { continue }
      while let inObject = isObject.last {
        skipSpace()
        if skip(UInt8(ascii: ",")) {
          skipSpace()
          if inObject { try memberName() }
          isComplete = false
          break
        }
        guard skip(inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
          throw failure(inObject ? "',' or '}'" : "',' or ']'")
        }
        isObject.removeLast()
      }
      if isComplete { return }
    }
  }

  mutating func skipScalar() throws(Failure) {
    switch current {
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t") where skip("true"): break
    case UInt8(ascii: "f") where skip("false"): break
    case UInt8(ascii: "n") where skip("null"): break
    default:
      guard isAtNumber else { throw failure(unexpectedScalar) }
      _ = try number()
    }
  }

  private var unexpectedScalar: String {
    for word in ["NaN", "Infinity", "-Infinity"] where word.utf8.first == current {
      return "a value (JSON has no \(word))"
    }
    return "a value"
  }

  private mutating func memberName() throws(Failure) {
    _ = try string()
    skipSpace()
    guard skip(UInt8(ascii: ":")) else { throw failure("':'") }
  }

  /// Nothing but white space may follow.
  mutating func expectEnd() throws(Failure) {
    skipSpace()
    guard isAtEnd else { throw failure("the end of the text") }
  }
}
