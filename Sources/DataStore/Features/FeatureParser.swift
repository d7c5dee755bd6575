// SPDX-License-Identifier: MIT
import Glibc

/// Takes the features JSON of one bar apart and holds it against the rules.
///
/// Bars of a series tend to have the same keys in the same order, in the form that this library stores. A bar like the
/// one before is recognised piece by piece (`parseLikeLast`); any other goes the long way (`FeatureGrammar`).
struct FeatureParser: ~Copyable {
  struct Entry: BitwiseCopyable {
    /// The key's number in the table of keys.
    let key: Int
    /// The number as it is written; empty for null.
    let value: Bytes
    /// The number itself; NaN for null. Where the parser reads no numbers, anything else stands for one.
    let number: Double
    let quality: FeatureQuality
    /// The whole entry as it stands in the text, where that is the stored form; else empty.
    let stored: Bytes
  }

  let keys: FeatureKeys
  private let readsNumbers: Bool
  /// The entries of the bar at hand, in its order. They point into the text that was parsed.
  private(set) var entries = ColumnBuffer<Entry>()
  /// The keys of the last bar that went the long way, in its order, each with how its entry opens.
  private var expected = ColumnBuffer<(key: Int, opening: Bytes)>()
  /// For each key, its place among the expected ones, and in which bar that was found out.
  private var positions = ColumnBuffer<(bar: Int, index: Int)>()
  /// Whether the bar at hand is in the stored form throughout, with nothing between its entries but commas.
  private(set) var isInStoredForm = false
  private var bar = 0
  private var scratch = ByteBuffer()

  /// Without `readsNumbers` the entries' numbers are checked, and stay text.
  init(_ keys: FeatureKeys = FeatureKeys(), readsNumbers: Bool = true) {
    self.keys = keys
    self.readsNumbers = readsNumbers
  }

  /// The place in `entries` of a key; nil where this bar has none.
  @inline(__always)
  func position(of key: Int) -> Int? {
    guard key < positions.count, positions[key].bar == bar else { return nil }
    return positions[key].index
  }

  mutating func parse(_ text: Bytes) throws(FeatureFault) {
    isInStoredForm = expected.count > 0 && parseLikeLast(text)
    if !isInStoredForm { try parseAny(text) }
  }

  // MARK: A bar like the last one

  /// False where the text is anything else than the stored form with the expected keys. What it takes needs no further
  /// check: the keys are known to be sound and distinct, and the rest is ASCII that is looked at byte by byte.
  private mutating func parseLikeLast(_ text: Bytes) -> Bool {
    guard let base = text.baseAddress, text.count <= Limits.jsonBytes else { return false }
    entries.truncate(to: 0)
    let end = base + text.count
    var next = base
    var separator = UInt8(ascii: "{")
    for (key, opening) in expected.elements {
      guard next < end, next.pointee == separator else { return false }
      separator = UInt8(ascii: ",")
      next += 1
      let start = next
      guard end - next > opening.count, opening.stand(at: next) else { return false }
      next += opening.count
      let value = next
      guard let number = Self.number(&next, end, isRead: readsNumbers) else { return false }
      let valueLength = number.isNaN ? 0 : next - value
      guard let quality = Self.quality(&next, end) else { return false }
      entries.append(
        Entry(
          key: key, value: Bytes(start: value, count: valueLength), number: number, quality: quality,
          stored: Bytes(start: start, count: next - start)))
    }
    return end - next == 1 && next.pointee == UInt8(ascii: "}")
  }

  /// A JSON number within a double's range, or NaN for null. Of the type: a parser that is being changed would be copied
  /// for each number.
  @inline(__always)
  private static func number(
    _ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, isRead: Bool
  ) -> Double? {
    let start = next
    if next.pointee == UInt8(ascii: "n") {
      guard end - next >= 4, memcmp(next, "null", 4) == 0 else { return nil }
      next += 4
      return .nan
    }
    if isRead {
      guard let decimal = DecimalParser(&next, end) else { return nil }
      return decimal.double ?? NumberText.double(Bytes(start: start, count: next - start))
    }
    guard let isFinite = DecimalParser.skip(&next, end) else { return nil }
    return isFinite ? 0 : NumberText.double(Bytes(start: start, count: next - start))
  }

  /// `,"quality":"…"}`
  @inline(__always)
  private static func quality(
    _ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> FeatureQuality? {
    let left = end - next
    let raw = UnsafeRawPointer(next)
    // The shortest of them, and a brace that closes the text: 20 bytes.
    guard left >= 20, raw.loadUnaligned(as: UInt64.self) == (",\"qualit" as StaticString).word,
      (raw + 4).loadUnaligned(as: UInt64.self) == ("ality\":\"" as StaticString).word
    else { return nil }
    let word = (raw + 12).loadUnaligned(as: UInt64.self)
    if word << 8 == ("\0ready\"}" as StaticString).word {
      next += 19
      return .ready
    }
    if word == ("warmup\"}" as StaticString).word {
      next += 20
      return .warmup
    }
    if word == ("missing\"" as StaticString).word, left > 20, next[20] == UInt8(ascii: "}") {
      next += 21
      return .missing
    }
    if word == ("degraded" as StaticString).word, left > 21, next[20] == UInt8(ascii: "\""),
      next[21] == UInt8(ascii: "}")
    {
      next += 22
      return .degraded
    }
    return nil
  }

  // MARK: Any other bar

  private mutating func parseAny(_ text: Bytes) throws(FeatureFault) {
    entries.truncate(to: 0)
    expected.truncate(to: 0)
    bar += 1
    guard text.count <= Limits.jsonBytes else {
      throw FeatureFault(key: nil, reason: "the JSON text is longer than \(Limits.jsonBytes) bytes")
    }
    guard text.isValidUTF8 else {
      throw FeatureFault(key: nil, reason: "the JSON text is not valid UTF-8")
    }
    var grammar = FeatureGrammar(text, keys)
    while let entry = try grammar.next() {
      while positions.count <= entry.key { positions.append((bar: 0, index: 0)) }
      guard positions[entry.key].bar != bar else {
        throw grammar.fault("the key is given twice", key: entry.key)
      }
      guard entries.count < Limits.features else {
        throw grammar.fault("a bar has more than \(Limits.features) features", key: entry.key)
      }
      positions[entry.key] = (bar: bar, index: entries.count)
      entries.append(entry)
      // A bar like this one finds its room made.
      guard !MemoryShortage.isNoted else { throw grammar.fault("there is no memory for it", key: entry.key) }
    }
    for entry in entries.elements { expected.append((entry.key, keys.openings[entry.key])) }
  }
}
