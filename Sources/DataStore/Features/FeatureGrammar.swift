// SPDX-License-Identifier: MIT

/// The full grammar of features JSON, with any white space, escapes and order of members: an object from
/// `name@version` to an object with exactly `value` (a number or null) and `quality` (one of four words).
struct FeatureGrammar: ~Copyable {
  private var scanner: JSONScanner
  private let keys: FeatureKeys
  private var scratch = ByteBuffer()
  private var isBeforeFirst = true

  /// `text` is valid UTF-8 and outlives the entries.
  init(_ text: Bytes, _ keys: FeatureKeys) {
    scanner = JSONScanner(text)
    self.keys = keys
  }

  func fault(_ reason: String, key: Int?) -> FeatureFault {
    FeatureFault(key: key.map { keys.text($0).text }, reason: reason)
  }

  /// The next entry; nil at the end of the text.
  mutating func next() throws(FeatureFault) -> FeatureParser.Entry? {
    if isBeforeFirst {
      isBeforeFirst = false
      scanner.skipSpace()
      guard scanner.skip(UInt8(ascii: "{")) else {
        throw expected("'{' (features are a JSON object from key to entry)", nil)
      }
      scanner.skipSpace()
      if scanner.skip(UInt8(ascii: "}")) { return try end() }
    } else {
      scanner.skipSpace()
      if scanner.skip(UInt8(ascii: "}")) { return try end() }
      guard scanner.skip(UInt8(ascii: ",")) else { throw expected("',' or '}'", nil) }
      scanner.skipSpace()
    }
    return try entry()
  }

  private mutating func end() throws(FeatureFault) -> FeatureParser.Entry? {
    scanner.skipSpace()
    guard scanner.isAtEnd else { throw expected("the end of the text", nil) }
    return nil
  }

  private mutating func entry() throws(FeatureFault) -> FeatureParser.Entry {
    let key = try key()
    try colon(key)
    guard scanner.skip(UInt8(ascii: "{")) else {
      throw fault("the entry must be an object with exactly 'value' and 'quality'", key: key)
    }
    var value: (text: Bytes, number: Double)?
    var quality: FeatureQuality?
    scanner.skipSpace()
    if !scanner.skip(UInt8(ascii: "}")) {
      repeat {
        scanner.skipSpace()
        switch try member(key) {
        case .value:
          guard value == nil else { throw fault("'value' is given twice", key: key) }
          value = try self.value(key)
        case .quality:
          guard quality == nil else { throw fault("'quality' is given twice", key: key) }
          quality = try self.quality(key)
        }
        scanner.skipSpace()
      } while scanner.skip(UInt8(ascii: ","))
      guard scanner.skip(UInt8(ascii: "}")) else { throw expected("',' or '}'", key) }
    }
    guard let value else { throw fault("the entry has no 'value'", key: key) }
    guard let quality else { throw fault("the entry has no 'quality'", key: key) }
    return FeatureParser.Entry(
      key: key, value: value.text, number: value.number, quality: quality, stored: Bytes(start: nil, count: 0)
    )
  }

  // MARK: Parts

  /// What should stand here and does not.
  private func expected(_ what: String, _ key: Int?) -> FeatureFault {
    fault(scanner.failure(what).reason, key: key)
  }

  private mutating func colon(_ key: Int) throws(FeatureFault) {
    scanner.skipSpace()
    guard scanner.skip(UInt8(ascii: ":")) else { throw expected("':'", key) }
    scanner.skipSpace()
  }

  private mutating func string(_ key: Int?) throws(FeatureFault) -> JSONScanner.StringToken {
    do throws(JSONScanner.Failure) { return try scanner.string() } catch {
      throw fault(error.reason, key: key)
    }
  }

  /// A decoded string literal, valid until the next; a lone surrogate stays escaped, and so equals no word.
  private mutating func text(_ key: Int) throws(FeatureFault) -> Bytes {
    let token = try string(key)
    guard token.hasEscapes else { return token.raw }
    scratch.removeAll()
    return JSONText.appendDecoded(token.raw, to: &scratch) ? scratch.bytes : token.raw
  }

  private enum Member {
    case value
    case quality
  }

  /// The name of an entry's member and the colon after it.
  private mutating func member(_ key: Int) throws(FeatureFault) -> Member {
    let name = try text(key)
    try colon(key)
    if name.equals("value") { return .value }
    if name.equals("quality") { return .quality }
    throw fault(
      "the member \(StoreError.quoted(name.text)) is unknown (an entry has exactly 'value' and 'quality')",
      key: key)
  }

  private mutating func key() throws(FeatureFault) -> Int {
    let token = try string(nil)
    // Before a copy of it is kept.
    guard token.raw.count <= 6 * Limits.nameBytes else {
      throw fault("a key is longer than \(Limits.nameBytes) bytes", key: nil)
    }
    let key: Int
    if token.hasEscapes {
      scratch.removeAll()
      guard JSONText.appendDecoded(token.raw, to: &scratch) else {
        throw fault("a key holds a lone surrogate, which is not text", key: nil)
      }
      guard !scratch.isIncomplete else { throw fault("out of memory for it", key: nil) }
      key = keys.number(of: scratch.bytes)
    } else {
      key = keys.number(of: token.raw)
    }
    if let reason = keys.fault(key) { throw fault(reason, key: key) }
    return key
  }

  private mutating func value(_ key: Int) throws(FeatureFault) -> (text: Bytes, number: Double) {
    if scanner.isAtNumber {
      if scanner.skip("-Infinity") { throw fault("the value is infinite", key: key) }
      let number: JSONScanner.NumberToken
      do throws(JSONScanner.Failure) { number = try scanner.number() } catch {
        throw fault(error.reason, key: key)
      }
      guard let double = NumberText.double(number.raw) else {
        throw fault(
          "the value \(StoreError.quoted(number.raw.text)) is beyond the range of a double", key: key)
      }
      return (number.raw, double)
    }
    if scanner.skip("null") { return (Bytes(start: nil, count: 0), .nan) }
    switch scanner.current {
    case UInt8(ascii: "t"), UInt8(ascii: "f"):
      throw fault("the value is a boolean, not a number or null", key: key)
    case UInt8(ascii: "\""): throw fault("the value is a text, not a number or null", key: key)
    case UInt8(ascii: "{"): throw fault("the value is an object, not a number or null", key: key)
    case UInt8(ascii: "["): throw fault("the value is an array, not a number or null", key: key)
    case UInt8(ascii: "N"): throw fault("the value is NaN; JSON text has null for it", key: key)
    case UInt8(ascii: "I"): throw fault("the value is infinite", key: key)
    default: throw expected("a number or null", key)
    }
  }

  private mutating func quality(_ key: Int) throws(FeatureFault) -> FeatureQuality {
    guard scanner.current == UInt8(ascii: "\"") else {
      throw fault("the quality is not text; it must be one of \(FeatureQuality.wordList)", key: key)
    }
    let word = try text(key)
    guard let quality = FeatureQuality(word) else {
      throw fault(
        "the quality \(StoreError.quoted(word.text)) is not one of \(FeatureQuality.wordList)", key: key)
    }
    return quality
  }
}
