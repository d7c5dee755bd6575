// SPDX-License-Identifier: MIT
import CSQLite

@testable import DataStore

/// State values: taken exactly where SQLite's own reader sees JSON, and compared as JSON values are.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzState(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  var values: [JSONValue] = []
  for text in texts(bytes(data, size), most: 3) {
    if let value = check(text) { values.append(value) }
  }
  for left in values {
    for right in values {
      hold((left == right) == (right == left), "a = b and not b = a")
      if left == right { hold(left.hashText == right.hashText, "equal values print unequal") }
    }
  }
  return 0
}

/// The value of a text; nil if it is not JSON.
private func check(_ text: Bytes) -> JSONValue? {
  guard text.isValidUTF8, !text.contains(0) else {
    if !text.isValidUTF8 {
      hold((try? StateValue(text, key: "k")) == nil, "no UTF-8, and taken: \(shown(text))")
    }
    return nil
  }
  let value = try? JSONValue(text)
  hold(
    (value != nil) == (isJSON(text) && !hasContainerAsName(text)),
    "SQLite differs whether this is JSON: \(shown(text))")
  let state: StateValue?
  do throws(StoreError) { state = try StateValue(text, key: "k") } catch {
    state = nil
    hold(error.code == .invalid && error.key == "k", "the refusal of \(shown(text)) is \(error)")
  }
  guard let value else {
    hold(state == nil, "no JSON, and taken: \(shown(text))")
    return nil
  }
  let read: JSONValue?
  switch state {
  case .integer(let integer): read = parsed(Array("\(integer)".utf8))
  case .real(let real): read = parsed(printed(real))
  case .text(let kept): read = try? JSONValue(kept)
  case nil:
    // Numbers that SQLite would round or turn to infinity are all that is refused.
    if case .number = value { return value }
    hold(false, "JSON, and refused: \(shown(text))")
    return value
  }
  hold(read == value, "it comes back as another value: \(shown(text))")
  hold(parsed(value.hashText) == value, "printed and read back it is another value: \(shown(text))")
  return value
}

private func parsed(_ text: [UInt8]) -> JSONValue? { withBytes(text) { try? JSONValue($0) } }

private func printed(_ value: Double) -> [UInt8] {
  var out = ByteBuffer()
  NumberText.append(value, to: &out)
  return Array(out.bytes)
}

extension JSONValue {
  /// One text for all equal values: members sorted, numbers as they compare.
  fileprivate var hashText: [UInt8] {
    switch self {
    case .null: return Array("null".utf8)
    case .boolean(let flag): return Array("\(flag)".utf8)
    case .number(.integer(let digits)), .number(.beyondDouble(let digits)): return digits
    case .number(.double(let value)): return printed(value)
    case .text(let text): return literal(text)
    case .array(let elements):
      return Array("[".utf8) + elements.map(\.hashText).joined(separator: ",".utf8) + Array("]".utf8)
    case .object(let members):
      let sorted = members.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      let texts = sorted.map { literal($0.key) + Array(":".utf8) + $0.value.hashText }
      return Array("{".utf8) + texts.joined(separator: ",".utf8) + Array("}".utf8)
    }
  }
}

private func literal(_ text: [UInt8]) -> [UInt8] {
  var out = ByteBuffer()
  withBytes(text) { JSONText.appendLiteral($0, to: &out) }
  return Array(out.bytes)
}

// MARK: The other reader

private nonisolated(unsafe) let isJSONStatement: OpaquePointer = {  // one thread
  var database: OpaquePointer?
  sqlite3_open(":memory:", &database)
  var statement: OpaquePointer?
  sqlite3_prepare_v2(database, "SELECT json_valid(?1)", -1, &statement, nil)
  guard let statement else { fatalError("this SQLite has no JSON functions") }
  return statement
}()

/// Whether an array or an object stands where a member's name should: SQLite 3.40 takes one that ends with a text.
private func hasContainerAsName(_ text: Bytes) -> Bool {
  var isInText = false
  var isEscaped = false
  var endsContainer = false
  for byte in text {
    if isInText {
      if !isEscaped, byte == UInt8(ascii: "\"") { isInText = false }
      isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      continue
    }
    switch byte {
    case UInt8(ascii: ":") where endsContainer: return true
    case UInt8(ascii: "]"), UInt8(ascii: "}"): endsContainer = true
    case 0x20, 0x09, 0x0A, 0x0D: break
    case UInt8(ascii: "\""):
      isInText = true
      endsContainer = false
    default: endsContainer = false
    }
  }
  return false
}

private func isJSON(_ text: Bytes) -> Bool {
  let start = text.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
  sqlite3_reset(isJSONStatement)
  sqlite3_bind_text(isJSONStatement, 1, start, Int32(text.count), nil)
  sqlite3_step(isJSONStatement)
  return sqlite3_column_int(isJSONStatement, 0) == 1
}
