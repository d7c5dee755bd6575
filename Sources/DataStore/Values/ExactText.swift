// SPDX-License-Identifier: MIT

/// A symbol, a timeframe, a key or any other text of a caller's, compared by its bytes as SQLite compares it.
///
/// Swift compares strings by canonical equivalence: to `==`, `<`, sets and dictionaries the letter U+00E9 is the same as
/// `e` and U+0301 (https://developer.apple.com/documentation/swift/string). In the store they are two names.
struct ExactText: Hashable, Comparable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: ExactText, right: ExactText) -> Bool {
    left.text.withBytes { left in right.text.withBytes { right in left.equals(right) } }
  }

  static func < (left: ExactText, right: ExactText) -> Bool {
    left.text.withBytes { left in right.text.withBytes { right in left.order(right) < 0 } }
  }

  func hash(into hasher: inout Hasher) {
    text.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // Two texts, one after the other, do not run together: no UTF-8 has this byte.
    hasher.combine(0xFF as UInt8)
  }
}

extension String {
  /// With the letters A to Z, and no others, in small: SQLite ignores their case in the names of tables, columns,
  /// functions and PRAGMAs. `lowercased()` makes a `k` of the Kelvin sign.
  var lowercasedASCII: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// The same in capitals, for types and collations.
  var uppercasedASCII: String {
    String(decoding: utf8.map { (0x61...0x7A).contains($0) ? $0 & ~0x20 : $0 }, as: UTF8.self)
  }
}

extension String {
  func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    var text = self
    return text.withUTF8(body)
  }
}
