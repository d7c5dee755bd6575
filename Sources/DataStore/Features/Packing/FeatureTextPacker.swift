// SPDX-License-Identifier: MIT

/// Brings features that a caller gives as JSON text into the stored form, holding them against the rules.
struct FeatureTextPacker: ~Copyable {
  private var parser: FeatureParser
  private var out = ByteBuffer()
  /// Memory beyond this is given back before the next text.
  private static let keptBytes = 1 << 20

  init(_ keys: FeatureKeys = FeatureKeys()) { parser = FeatureParser(keys) }

  /// The stored form of a text, valid until the next call.
  mutating func pack(_ text: Bytes, row: Int) throws(FeaturePackFault) -> Bytes {
    if out.count > Self.keptBytes { out = ByteBuffer() }
    out.removeAll()
    do throws(FeatureFault) { try parser.parse(text) } catch { throw .feature(row: row, error) }
    FeatureWriter.append(parser, to: &out)
    guard !out.isIncomplete else { throw .noMemory(nil) }
    return out.bytes
  }

  /// Checks a stored text against the rules.
  mutating func check(_ text: Bytes) throws(FeatureFault) { try parser.parse(text) }
}
