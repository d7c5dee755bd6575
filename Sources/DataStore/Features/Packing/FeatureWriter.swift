// SPDX-License-Identifier: MIT

/// Prints entries as they are stored: compact JSON, `{"key":{"value":…,"quality":"…"},…}`.
enum FeatureWriter {
  @inline(__always)
  static func append(_ entry: FeatureParser.Entry, _ keys: FeatureKeys, to out: inout ByteBuffer) {
    if !entry.stored.isEmpty { return out.append(entry.stored) }
    out.append(keys.openings[entry.key])
    if entry.value.isEmpty { out.append("null") } else { out.append(entry.value) }
    out.append(FeatureQuality.entryEnd(entry.quality))
  }

  /// Prints the entries that `parser` holds.
  static func append(_ parser: borrowing FeatureParser, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "{"))
    for (index, entry) in parser.entries.elements.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      append(entry, parser.keys, to: &out)
    }
    out.append(UInt8(ascii: "}"))
  }
}
