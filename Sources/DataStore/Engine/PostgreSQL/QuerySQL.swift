// SPDX-License-Identifier: MIT

/// A caller's statement with its parameters by number, as PostgreSQL has them: `$1`. A `?` takes the next value, `?1` the one
/// of that number, and `:name`, `@name` and `$name` one by its name, as in a file's queries; within quotes and comments they
/// are what they are.
struct QuerySQL {
  /// As it was given.
  let given: String
  private(set) var sql = ""
  /// By number.
  private(set) var values: [Cell] = []

  /// Whether a value may be meant as true or false.
  var hasFlags: Bool {
    values.contains { value in
      if case .integer(0...1) = value { return true }
      return false
    }
  }

  private enum Form { case numbers, marks, names }

  init(_ given: String, _ parameters: [QueryParameter]) throws(StoreError) {
    self.given = given
    var out: [UInt8] = []
    var numbers: [ExactText: Int] = [:]
    var marks = 0
    var highest = 0
    var scanner = SQLScanner(given)
    while let piece = scanner.next() {
      switch piece {
      case .other(let bytes): out += bytes
      case .number(let number):
        highest = max(highest, number)
        out += Array("$\(number)".utf8)
      case .mark:
        marks += 1
        out += Array("$\(marks)".utf8)
      case .name(let prefix, let name):
        guard
          let place = parameters.firstIndex(where: {
            $0.name.map { ExactText($0) == ExactText(name) } ?? false
          })
        else {
          // `@` is an operator, too.
          guard prefix != UInt8(ascii: "@") else {
            out += [prefix] + Array(name.utf8)
            continue
          }
          throw .invalid("the query's parameter :\(name) was given no value", key: "params")
        }
        if numbers[ExactText(name)] == nil {
          values.append(parameters[place].value)
          numbers[ExactText(name)] = values.count
        }
        out += Array("$\(numbers[ExactText(name)] ?? 0)".utf8)
      }
    }
    sql = String(decoding: out, as: UTF8.self)
    guard numbers.isEmpty || (marks == 0 && highest == 0) else {
      throw .invalid("the query has parameters by name and by number; use one kind", key: "params")
    }
    guard numbers.isEmpty, parameters.allSatisfy({ $0.name == nil }) else {
      try checkCount()
      return
    }
    guard marks == 0 || highest == 0 else {
      throw .invalid("the query has parameters as ? and as $1; use one kind", key: "params")
    }
    let expected = max(marks, highest)
    guard parameters.count == expected else {
      throw .invalid("the query takes \(expected) parameters, got \(parameters.count)", key: "params")
    }
    values = parameters.map(\.value)
    try checkCount()
  }

  private func checkCount() throws(StoreError) {
    guard values.count <= Parameters.most else {
      throw .invalid(
        "the query has \(values.count) parameters; \(Parameters.most) are possible", key: "params")
    }
  }
}

/// Takes SQL apart into parameters and everything else.
struct SQLScanner {
  enum Piece {
    case other(ArraySlice<UInt8>)
    /// `$1` or `?1`
    case number(Int)
    /// `?`
    case mark
    /// `:name`, `@name` or `$name`
    case name(prefix: UInt8, String)
  }

  private let bytes: [UInt8]
  private var place = 0

  init(_ sql: String) { bytes = Array(sql.utf8) }

  private func at(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }

  mutating func next() -> Piece? {
    guard place < bytes.count else { return nil }
    let start = place
    let byte = bytes[place]
    let before = place > 0 ? bytes[place - 1] : 0
    switch byte {
    case UInt8(ascii: "?"):
      place += 1
      return Self.isDigit(at(place)) ? .number(takeNumber()) : .mark
    case UInt8(ascii: "$") where Self.isDigit(at(place + 1)) && !Self.isNamePart(before):
      place += 1
      return .number(takeNumber())
    case UInt8(ascii: "$") where Self.isNameStart(at(place + 1)) && !Self.isNamePart(before) && !quotes:
      place += 1
      while Self.isNamePart(at(place)) { place += 1 }
      return .name(prefix: byte, String(decoding: bytes[(start + 1)..<place], as: UTF8.self))
    case UInt8(ascii: ":") where before != UInt8(ascii: ":") && Self.isNameStart(at(place + 1)),
      UInt8(ascii: "@") where Self.isNameStart(at(place + 1)):
      place += 1
      while Self.isNamePart(at(place)) { place += 1 }
      return .name(prefix: byte, String(decoding: bytes[(start + 1)..<place], as: UTF8.self))
    default:
      skip()
      return .other(bytes[start..<place])
    }
  }

  private mutating func takeNumber() -> Int {
    var number = 0
    while Self.isDigit(at(place)), number < 100_000 {
      number = number * 10 + Int(at(place) - 0x30)
      place += 1
    }
    return number
  }

  /// Whether the dollar that stands here, before a name, begins a `$tag$`.
  private var quotes: Bool {
    var end = place + 1
    while Self.isNamePart(at(end)), at(end) != UInt8(ascii: "$") { end += 1 }
    return at(end) == UInt8(ascii: "$")
  }

  /// Goes beyond what begins here: a quoted text or name, a comment, or a single byte.
  private mutating func skip() {
    switch (bytes[place], at(place + 1)) {
    case (UInt8(ascii: "'"), _):
      let before = place > 0 ? bytes[place - 1] | 0x20 : 0
      let isEscaped = before == UInt8(ascii: "e") && !(place > 1 && Self.isNamePart(bytes[place - 2]))
      skipQuoted(UInt8(ascii: "'"), backslashes: isEscaped)
    case (UInt8(ascii: "\""), _): skipQuoted(UInt8(ascii: "\""), backslashes: false)
    case (UInt8(ascii: "-"), UInt8(ascii: "-")):
      while place < bytes.count, bytes[place] != 0x0A { place += 1 }
    case (UInt8(ascii: "/"), UInt8(ascii: "*")): skipComment()
    case (UInt8(ascii: "$"), _): skipDollarQuoted()
    default: place += 1
    }
  }

  private mutating func skipQuoted(_ quote: UInt8, backslashes: Bool) {
    place += 1
    while place < bytes.count, bytes[place] != quote {
      place += backslashes && bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    place = min(place + 1, bytes.count)
  }

  /// They may lie within each other.
  private mutating func skipComment() {
    var depth = 0
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "/"), at(place + 1) == UInt8(ascii: "*") {
        depth += 1
        place += 2
      } else if bytes[place] == UInt8(ascii: "*"), at(place + 1) == UInt8(ascii: "/") {
        depth -= 1
        place += 2
        if depth == 0 { return }
      } else {
        place += 1
      }
    }
    place = bytes.count
  }

  /// `$$text$$`, `$tag$text$tag$`; a dollar that begins none of them is a byte like others.
  private mutating func skipDollarQuoted() {
    let isWithinName = place > 0 && Self.isNamePart(bytes[place - 1])
    var end = place + 1
    while Self.isNamePart(at(end)), at(end) != UInt8(ascii: "$") { end += 1 }
    guard !isWithinName, at(end) == UInt8(ascii: "$"), !Self.isDigit(at(place + 1)) else {
      place += 1
      return
    }
    let tag = bytes[place...end]
    place = end + 1
    while place < bytes.count {
      if bytes[place...].starts(with: tag) {
        place += tag.count
        return
      }
      place += 1
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func isNameStart(_ byte: UInt8) -> Bool {
    (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "_") || byte >= 0x80
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
  }
}
