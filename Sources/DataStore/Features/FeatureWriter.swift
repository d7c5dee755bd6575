// SPDX-License-Identifier: MIT

/// Prints features as they are stored: compact JSON, `{"key":{"value":…,"quality":"…"},…}`.
enum FeatureWriter {
  static func begin(_ out: inout ByteBuffer) { out.append(UInt8(ascii: "{")) }
  static func end(_ out: inout ByteBuffer) { out.append(UInt8(ascii: "}")) }

  /// `"key":{"value":`, the part of an entry that is the same in every bar.
  static func appendOpening(_ key: Bytes, to out: inout ByteBuffer) {
    JSONText.appendLiteral(key, to: &out)
    out.append(":{\"value\":")
  }

  @inline(__always)
  static func appendValue(_ number: Bytes, to out: inout ByteBuffer) {
    if number.isEmpty { out.append("null") } else { out.append(number) }
  }

  @inline(__always)
  static func appendEnd(_ quality: FeatureQuality, to out: inout ByteBuffer) {
    out.append(FeatureQuality.entryEnds[Int(quality.rawValue)])
  }

  static func append(_ entry: FeatureParser.Entry, key: Bytes, isFirst: Bool, to out: inout ByteBuffer) {
    if !isFirst { out.append(UInt8(ascii: ",")) }
    appendOpening(key, to: &out)
    appendValue(entry.value, to: &out)
    appendEnd(entry.quality, to: &out)
  }

  /// Prints the entries that `parser` holds.
  static func append(_ parser: borrowing FeatureParser, to out: inout ByteBuffer) {
    begin(&out)
    for index in parser.entries.indices {
      let entry = parser.entries[index]
      append(entry, key: parser.keys.texts[entry.key], isFirst: index == 0, to: &out)
    }
    end(&out)
  }
}
