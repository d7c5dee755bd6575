// SPDX-License-Identifier: MIT

/// Takes the features JSON of one bar apart and holds it against the rules. Reused from bar to bar: keys
/// are interned, so a key is checked once, and the next bar is expected to have the keys of the last one.
struct FeatureParser: ~Copyable {
  struct Entry {
    /// The key's number in `keys`.
    let key: Int
    /// The number as it is written; empty for null.
    let value: Bytes
    let quality: FeatureQuality
  }

  /// All keys met so far.
  private(set) var keys = TextInterner()
  /// The entries of the bar at hand, in its order. Their values point into the text that was parsed.
  private(set) var entries: [Entry] = []
  /// For each key, where in `entries` it was last seen, and in which bar.
  private var positions: [(bar: Int, index: Int)] = []
  private var bar = 0
  /// The keys of the bar before, as guesses.
  private var guesses: [Int] = []
  private var scratch = ByteBuffer()
  /// Keys that were met and refused: to be refused again.
  private var unsound: Set<Int> = []

  /// The place in `entries` of a key; nil where this bar has none.
  @inline(__always)
  func position(of key: Int) -> Int? {
    guard key < positions.count, positions[key].bar == bar else { return nil }
    return positions[key].index
  }

  /// Makes room for a key of another parser or batch, which need not occur in any bar. The key is sound.
  mutating func number(of key: Bytes, guess: Int = -1) -> Int { keys.intern(key, guess: guess) }

  mutating func parse(_ text: Bytes) throws(FeatureFault) {
    bar += 1
    entries.removeAll(keepingCapacity: true)
    guard text.count <= Limits.jsonBytes else {
      throw FeatureFault(key: nil, reason: "the JSON text is longer than \(Limits.jsonBytes) bytes")
    }
    guard text.isValidUTF8 else { throw FeatureFault(key: nil, reason: "the JSON text is not valid UTF-8") }
    var scanner = JSONScanner(text)
    do throws(JSONScanner.Failure) {
      scanner.skipSpace()
      guard scanner.skip(UInt8(ascii: "{")) else {
        throw scanner.failure("'{' (features are a JSON object from key to entry)")
      }
      scanner.skipSpace()
      if !scanner.skip(UInt8(ascii: "}")) {
        repeat {
          scanner.skipSpace()
          try parseEntry(&scanner)
          scanner.skipSpace()
        } while scanner.skip(UInt8(ascii: ","))
        guard scanner.skip(UInt8(ascii: "}")) else { throw scanner.failure("',' or '}'") }
      }
      try scanner.expectEnd()
    } catch {
      if let fault {
        self.fault = nil
        throw fault
      }
      throw FeatureFault(key: nil, reason: error.reason)
    }
    guesses.removeAll(keepingCapacity: true)
    for entry in entries { guesses.append(entry.key) }
  }

  // MARK: Parts

  /// A broken rule on its way out through the scanner's failures.
  private var fault: FeatureFault?

  private mutating func broken(_ reason: String, key: Int?) -> JSONScanner.Failure {
    fault = FeatureFault(key: key.map { keys.texts[$0].text }, reason: reason)
    return JSONScanner.Failure(reason: reason)
  }

  @inline(__always)
  private mutating func parseEntry(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
    let key = try internKey(try scanner.string())
    scanner.skipSpace()
    guard scanner.skip(UInt8(ascii: ":")) else { throw scanner.failure("':'") }
    scanner.skipSpace()
    guard scanner.skip(UInt8(ascii: "{")) else {
      throw broken("the entry must be an object with exactly 'value' and 'quality'", key: key)
    }
    var value: Bytes?
    var quality: FeatureQuality?
    scanner.skipSpace()
    if !scanner.skip(UInt8(ascii: "}")) {
      repeat {
        scanner.skipSpace()
        let name = try scanner.string()
        scanner.skipSpace()
        guard scanner.skip(UInt8(ascii: ":")) else { throw scanner.failure("':'") }
        scanner.skipSpace()
        switch try member(name) {
        case .value:
          guard value == nil else { throw broken("'value' is given twice", key: key) }
          value = try parseValue(&scanner, key)
        case .quality:
          guard quality == nil else { throw broken("'quality' is given twice", key: key) }
          quality = try parseQuality(&scanner, key)
        case .other(let name):
          throw broken(
            "the member \(StoreError.quoted(name)) is unknown (an entry has exactly 'value' and 'quality')",
            key: key)
        }
        scanner.skipSpace()
      } while scanner.skip(UInt8(ascii: ","))
      guard scanner.skip(UInt8(ascii: "}")) else { throw scanner.failure("',' or '}'") }
    }
    guard let value else { throw broken("the entry has no 'value'", key: key) }
    guard let quality else { throw broken("the entry has no 'quality'", key: key) }
    guard entries.count < Limits.features else {
      throw broken("a bar has more than \(Limits.features) features", key: key)
    }
    entries.append(Entry(key: key, value: value, quality: quality))
  }

  @inline(__always)
  private mutating func internKey(_ token: JSONScanner.StringToken) throws(JSONScanner.Failure) -> Int {
    let guess = entries.count < guesses.count ? guesses[entries.count] : -1
    let known = keys.count
    let key: Int
    if token.hasEscapes {
      scratch.removeAll()
      guard JSONText.appendDecoded(token.raw, to: &scratch) else {
        throw broken("a key holds a lone surrogate, which is no text", key: nil)
      }
      key = keys.intern(scratch.bytes, guess: guess)
    } else {
      key = keys.intern(token.raw, guess: guess)
    }
    if key >= known || unsound.contains(key), let reason = FeatureKey.fault(keys.texts[key]) {
      unsound.insert(key)
      throw broken(reason, key: key)
    }
    while positions.count <= key { positions.append((bar: 0, index: 0)) }
    guard positions[key].bar != bar else { throw broken("the key is given twice", key: key) }
    positions[key] = (bar: bar, index: entries.count)
    return key
  }

  private enum Member {
    case value
    case quality
    case other(String)
  }

  @inline(__always)
  private mutating func member(_ name: JSONScanner.StringToken) throws(JSONScanner.Failure) -> Member {
    if name.raw.equals("value") { return .value }
    if name.raw.equals("quality") { return .quality }
    guard name.hasEscapes else { return .other(name.raw.text) }
    scratch.removeAll()
    _ = JSONText.appendDecoded(name.raw, to: &scratch)
    if scratch.bytes.equals("value") { return .value }
    if scratch.bytes.equals("quality") { return .quality }
    return .other(scratch.bytes.text)
  }

  @inline(__always)
  private mutating func parseValue(
    _ scanner: inout JSONScanner, _ key: Int
  ) throws(JSONScanner.Failure) -> Bytes {
    if scanner.isAtNumber {
      if scanner.skip("-Infinity") { throw broken("the value is infinite", key: key) }
      let number = try scanner.number()
      // 300 digits and signs cannot reach a double's limit without an exponent.
      if number.raw.count > 300 || !number.isInteger, NumberText.double(number.raw) == nil {
        throw broken(
          "the value \(StoreError.quoted(number.raw.text)) is beyond the range of a double", key: key)
      }
      return number.raw
    }
    if scanner.skip("null") { return Bytes(start: nil, count: 0) }
    let reason =
      switch scanner.current {
      case UInt8(ascii: "t"), UInt8(ascii: "f"): "the value is a boolean, not a number or null"
      case UInt8(ascii: "\""): "the value is a text, not a number or null"
      case UInt8(ascii: "{"): "the value is an object, not a number or null"
      case UInt8(ascii: "["): "the value is an array, not a number or null"
      case UInt8(ascii: "N"): "the value is NaN; JSON text has null for it"
      case UInt8(ascii: "I"): "the value is infinite"
      default: scanner.failure("a number or null").reason
      }
    throw broken(reason, key: key)
  }

  @inline(__always)
  private mutating func parseQuality(
    _ scanner: inout JSONScanner, _ key: Int
  ) throws(JSONScanner.Failure) -> FeatureQuality {
    guard scanner.current == UInt8(ascii: "\"") else {
      throw broken("the quality is no text; it is one of \(FeatureQuality.wordList)", key: key)
    }
    let token = try scanner.string()
    if let quality = FeatureQuality(token.raw) { return quality }
    scratch.removeAll()
    _ = JSONText.appendDecoded(token.raw, to: &scratch)
    if let quality = FeatureQuality(scratch.bytes) { return quality }
    throw broken(
      "the quality \(StoreError.quoted(scratch.bytes.text)) is not one of \(FeatureQuality.wordList)",
      key: key)
  }
}
