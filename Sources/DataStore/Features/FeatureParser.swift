// SPDX-License-Identifier: MIT
import Glibc

/// Parses the features JSON of one bar and checks it against the rules.
///
/// Bars of a series tend to have the same keys in the same order, in the form that this library stores. A bar like the
/// one before is recognised piece by piece (`FeatureForm`); any other is parsed in full (`FeatureGrammar`).
struct FeatureParser: ~Copyable {
  struct Entry: BitwiseCopyable {
    /// The key's number in the table of keys.
    let key: Int
    /// The number as it is written; empty for null.
    let value: Bytes
    /// The number itself, NaN for null, if the bar was parsed in full; else 0.
    let number: Double
    let quality: FeatureQuality
    /// The whole entry as it stands in the text, where that is the stored form; else empty.
    let stored: Bytes
  }

  let keys: FeatureKeys
  /// The entries of the current bar, in its order. They point into the text that was parsed.
  private(set) var entries = ColumnBuffer<Entry>()
  /// With the keys of the last bar that was parsed in full, in its order.
  private(set) var form = FeatureForm()
  /// For each key, its place among the expected ones, and in which bar that was found out.
  private var positions = ColumnBuffer<(bar: Int, index: Int)>()
  private var bar = 0
  private var scratch = ByteBuffer()

  init(_ keys: FeatureKeys = FeatureKeys()) { self.keys = keys }

  /// The place in `entries` of a key; nil if this bar has none.
  @inline(__always)
  func position(of key: Int) -> Int? {
    guard key < positions.count, positions[key].bar == bar else { return nil }
    return positions[key].index
  }

  mutating func parse(_ text: Bytes) throws(FeatureFault) {
    if !Self.takeLikeLast(text, form, &entries) { try parseAny(text) }
  }

  /// Whether `text` is in the stored form, with the keys of the last bar; its entries are not taken.
  func isLikeLast(_ text: Bytes) -> Bool {
    form.recognise(text, number: { _, next, edges in edges.skipNumber(&next) }, take: { _ in })
  }

  /// Static, because the form is looked at while the entries change.
  private static func takeLikeLast(
    _ text: Bytes, _ form: borrowing FeatureForm, _ entries: inout ColumnBuffer<Entry>
  ) -> Bool {
    entries.truncate(to: 0)
    return form.recognise(
      text,
      number: { _, next, edges in edges.skipNumber(&next) },
      take: { piece in
        let isNull = piece.value.pointee == UInt8(ascii: "n")
        entries.append(
          Entry(
            key: form.keys[piece.index].number,
            value: Bytes(start: piece.value, count: isNull ? 0 : piece.valueEnd - piece.value), number: 0,
            quality: piece.quality, stored: Bytes(start: piece.start, count: piece.end - piece.start)))
      })
  }

  /// Parses a bar in full, whatever its form and its keys.
  mutating func parseAny(_ text: Bytes) throws(FeatureFault) {
    entries.truncate(to: 0)
    form.forget()
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
      guard !MemoryShortage.isNoted else { throw grammar.fault("out of memory for it", key: entry.key) }
    }
    for entry in entries.elements {
      form.expect(FeatureForm.Key(number: entry.key, opening: keys.openings[entry.key]))
    }
  }
}
