// SPDX-License-Identifier: MIT
import CNumbers

/// A state value that was checked. A number that stands alone is kept as a number, within the range of int64 or a double,
/// and a whole one as an integer; everything else is text, digit for digit.
enum StateValue {
  case integer(Int64)
  case real(Double)
  case text(Bytes)

  /// Checks a caller's JSON text, which must outlive the value.
  init(_ json: Bytes, key: @autoclosure () -> String) throws(StoreError) {
    if json.count <= Limits.jsonBytes, Self.isContainer(json), Self.isPlain(json) {
      self = .text(json)
      return
    }
    let key = key()
    func fault(_ reason: String) -> StoreError {
      StoreError(
        .invalid, "state key \(StoreError.quoted(key)): \(reason). Nothing was stored", key: key,
        reason: reason)
    }
    guard json.count <= Limits.jsonBytes else {
      throw fault("the value is longer than \(Limits.jsonBytes) bytes")
    }
    guard json.isValidUTF8 else { throw fault("the value is not valid UTF-8") }
    var scanner = JSONScanner(json)
    let value: Bytes
    var number: JSONScanner.NumberToken?
    do throws(JSONScanner.Failure) {
      scanner.skipSpace()
      let start = scanner.index
      if scanner.isAtNumber {
        number = try scanner.number()
      } else {
        try scanner.skipValue(maximumDepth: Limits.jsonDepth)
      }
      value = scanner.piece(from: start)
      try scanner.expectEnd()
    } catch {
      throw fault(error.reason)
    }
    guard let number else {
      self = .text(value)
      return
    }
    if number.isInteger {
      guard let integer = NumberText.int64(number.raw) else {
        throw fault(
          "the integer \(StoreError.quoted(value.text)) is beyond int64; wrap it in a list, where digits stay"
        )
      }
      self = .integer(integer)
    } else {
      guard let real = NumberText.double(number.raw) else {
        throw fault("the number \(StoreError.quoted(value.text)) is beyond the range of a double")
      }
      self = Self.whole(real).map(StateValue.integer) ?? .real(real)
    }
  }

  /// Whether a text begins and ends as an object or an array does, with no space around it.
  private static func isContainer(_ text: Bytes) -> Bool {
    switch text.first {
    case UInt8(ascii: "{"): text.last == UInt8(ascii: "}")
    case UInt8(ascii: "["): text.last == UInt8(ascii: "]")
    default: false
    }
  }

  /// Whether a text is JSON, found out at a glance; others may be, too.
  static func isPlain(_ text: Bytes) -> Bool {
    text.baseAddress.map { cnumbers_is_plain_json($0, text.count) == 1 } ?? false
  }

  /// A whole number within int64 comes back as an integer, whichever engine keeps it. SQLite's NUMERIC columns make one of
  /// it by themselves, the least int64 aside (sqlite3VdbeIntegerAffinity in vdbemem.c).
  private static func whole(_ real: Double) -> Int64? {
    guard let whole = Int64(exactly: real), whole > .min else { return nil }
    return whole
  }
}
