// SPDX-License-Identifier: MIT

@testable import DataStore

/// What stands in a case: an argument, an expected result, or a result as a case would have it.
enum CaseValue {
  case null
  case flag(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case list([CaseValue])
  case object([String: CaseValue])
  /// Only in results: an expected text may spell it.
  case time(Int64)

  init(_ json: JSONValue) throws {
    switch json {
    case .null: self = .null
    case .boolean(let truth): self = .flag(truth)
    case .text(let bytes): self = .text(String(decoding: bytes, as: UTF8.self))
    case .number(.integer(let digits)):
      let text = String(decoding: digits, as: UTF8.self)
      self = Int64(text).map { .integer($0) } ?? .number(Double(text) ?? .nan)
    case .number(.double(let value)): self = .number(value)
    case .number(.beyondDouble(let digits)):
      throw CaseFault("\(String(decoding: digits, as: UTF8.self)) is beyond any double")
    case .array(let elements): self = .list(try elements.map { try CaseValue($0) })
    case .object(let members):
      var object: [String: CaseValue] = [:]
      for (name, value) in members { object[String(decoding: name, as: UTF8.self)] = try CaseValue(value) }
      self = .object(object)
    }
  }

  /// A copy with the row's values in place of "$0" to "$9", and repeated text spelt out.
  func filled(_ row: [CaseValue]) throws -> CaseValue {
    switch self {
    case .text(let text):
      guard text.utf8.count == 2, text.hasPrefix("$"), let place = Int(text.dropFirst()) else { return self }
      guard row.indices.contains(place) else { throw CaseFault("the row has no \(text)") }
      return try row[place].filled(row)
    case .list(let elements): return .list(try elements.map { try $0.filled(row) })
    case .object(let members):
      if members.count == 1, case .list(let parts) = members["$repeat"] {
        return .text(String(repeating: try parts[0].string(), count: Int(try parts[1].wholeNumber())))
      }
      return .object(try members.mapValues { try $0.filled(row) })
    default: return self
    }
  }

  // MARK: As an argument

  func string() throws -> String {
    guard case .text(let text) = self else { throw CaseFault("\(self) is not a text") }
    return text
  }

  func stringOrNull() throws -> String? {
    if case .null = self { return nil }
    return try string()
  }

  func wholeNumber() throws -> Int64 {
    guard case .integer(let value) = self else { throw CaseFault("\(self) is not a whole number") }
    return value
  }

  func truth() throws -> Bool {
    guard case .flag(let truth) = self else { throw CaseFault("\(self) is neither true nor false") }
    return truth
  }

  func elements() throws -> [CaseValue] {
    guard case .list(let elements) = self else { throw CaseFault("\(self) is not a list") }
    return elements
  }

  func members() throws -> [String: CaseValue] {
    guard case .object(let members) = self else { throw CaseFault("\(self) is not an object") }
    return members
  }

  /// A number, which "inf", "-inf" and "-0" are, too; null is NaN.
  func double() throws -> Double {
    switch self {
    case .null: return .nan
    case .integer(let value): return Double(value)
    case .number(let value): return value
    case .text("inf"): return .infinity
    case .text("-inf"): return -.infinity
    case .text("-0"): return -0.0
    default: throw CaseFault("\(self) is not a number")
    }
  }

  /// An instant: nanoseconds, text with an offset, or null.
  func instant() throws -> Int64 {
    switch self {
    case .null: return Timestamp.none
    case .text(let text): return try withBytes(text) { try Timestamp.instant($0) }
    default: return try wholeNumber()
    }
  }

  // MARK: As a result

  static func number(orNull value: Double?) -> CaseValue {
    value.map { $0.isNaN ? .null : .number($0) } ?? .null
  }

  static func text(orNull text: String?) -> CaseValue { text.map { .text($0) } ?? .null }

  /// Lists of equal length; of an object the members that are expected; numbers to the bit, texts to the byte.
  static func compare(_ expected: CaseValue, _ found: CaseValue, _ place: String) throws {
    switch (expected, found) {
    case (.object(let expected), .object(let found)):
      for (name, part) in expected {
        guard let member = found[name] else { throw CaseFault("\(place) has no \(name)") }
        try compare(part, member, "\(place).\(name)")
      }
    case (.list(let expected), .list(let found)):
      guard expected.count == found.count else {
        throw CaseFault("\(place) has \(found.count) elements, not \(expected.count)")
      }
      for (index, pair) in zip(expected, found).enumerated() {
        try compare(pair.0, pair.1, "\(place)[\(index)]")
      }
    default:
      guard isSame(expected, found) else { throw CaseFault("\(place) is \(found), not \(expected)") }
    }
  }

  private static func isSame(_ expected: CaseValue, _ found: CaseValue) -> Bool {
    switch (expected, found) {
    case (.null, .null): return true
    case (.flag(let expected), .flag(let found)): return expected == found
    case (.integer(let expected), .integer(let found)): return expected == found
    case (.text(let expected), .text(let found)): return ExactText(expected) == ExactText(found)
    case (.text, .time(let found)), (.integer, .time(let found)): return (try? expected.instant()) == found
    case (.null, .number), (.flag, .number): return false
    case (_, .number(let found)): return (try? expected.double())?.bitPattern == found.bitPattern
    default: return false
    }
  }
}

/// The case itself is wrong, or the store did something else than it expects.
struct CaseFault: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A call's arguments; each must be asked for, or it was misspelt.
final class CaseArguments {
  private let given: [String: CaseValue]
  private var left: Set<String>

  init(_ given: CaseValue?) throws {
    self.given = try given?.members() ?? [:]
    left = Set(self.given.keys)
  }

  /// nil: absent.
  func carried(_ name: String) -> CaseValue? {
    left.remove(name)
    return given[name]
  }

  /// nil: absent or null.
  func get(_ name: String) -> CaseValue? {
    guard let value = carried(name) else { return nil }
    if case .null = value { return nil }
    return value
  }

  func need(_ name: String) throws -> CaseValue {
    guard let value = carried(name) else { throw CaseFault("\(name) is missing") }
    return value
  }

  func check() throws {
    if !left.isEmpty { throw CaseFault("unknown arguments \(left.sorted())") }
  }

  func truth(_ name: String, otherwise: Bool = false) throws -> Bool {
    try get(name)?.truth() ?? otherwise
  }

  func symbol() throws -> String { try get("symbol")?.string() ?? "EURUSD" }
  func timeframe() throws -> String { try get("timeframe")?.string() ?? "1h" }

  func symbols() throws -> [String] {
    if case .list(let names) = get("symbol") { return try names.map { try $0.string() } }
    return [try symbol()]
  }

  /// A number is an instant, a text a bound as the C and Python interfaces take it.
  func range() throws -> TimeRange {
    func bound(_ name: String, isEnd: Bool) throws -> Int64? {
      guard let value = get(name) else { return nil }
      guard case .text(let text) = value else { return try value.wholeNumber() }
      return try withBytes(text) { try TimeRange.bound($0, isEnd: isEnd) }
    }
    return TimeRange(start: try bound("start", isEnd: false), end: try bound("end", isEnd: true))
  }

  func columns() throws -> BarColumns {
    guard let names = try get("columns")?.elements() else { return .all }
    var columns: BarColumns = []
    for name in try names.map({ try $0.string() }) {
      guard let place = BarColumns.names.firstIndex(where: { "\($0)" == name }) else {
        throw CaseFault("no column \(name)")
      }
      columns.insert(BarColumns(rawValue: 1 << UInt32(place)))
    }
    return columns
  }
}
