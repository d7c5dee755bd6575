// SPDX-License-Identifier: MIT

/// Merges a bar's new features into its stored ones, key by key: a key that is mentioned is replaced
/// whole, in its place; the others stay as they are, digit for digit; new keys follow.
struct FeatureMerger: ~Copyable {
  /// One table for both, so that they number a key alike.
  private let keys: FeatureKeys
  private var stored: FeatureParser
  private var new: FeatureParser
  private var out = ByteBuffer()

  init() {
    keys = FeatureKeys()
    stored = FeatureParser(keys)
    new = FeatureParser(keys)
  }

  /// Which of the two texts was at fault.
  enum Fault: Error {
    case stored(FeatureFault)
    case new(FeatureFault)
    case noMemory
  }

  /// A copy of a text that stays as it is; valid until the next call.
  mutating func kept(_ text: Bytes) throws(Fault) -> Bytes {
    out.removeAll()
    out.append(text)
    guard !out.isIncomplete else { throw .noMemory }
    return out.bytes
  }

  private var replacesStored: Bool {
    new.entries.elements.contains { stored.position(of: $0.key) != nil }
  }

  /// Whether the new text, which was parsed, is in the stored form: its entries were recognised by their form, or are now.
  private func isInStoredForm(_ newText: Bytes) -> Bool {
    if let first = new.entries.elements.first, !first.stored.isEmpty { return true }
    return new.isLikeLast(newText)
  }

  /// The merged text; valid until the next call, and as long as `newText`.
  mutating func merge(stored storedText: Bytes, new newText: Bytes) throws(Fault) -> Bytes {
    do throws(FeatureFault) {
      try new.parse(newText)
    } catch {
      // Damage to what is stored is told first.
      do throws(FeatureFault) { try stored.parse(storedText) } catch { throw .stored(error) }
      throw .new(error)
    }
    // With the same keys in the same order nothing of what is stored stays.
    if new.isLikeLast(storedText), isInStoredForm(newText) { return newText }
    out.removeAll()
    // By the keys of the bar before, which are this one's where it is like it.
    if !replacesStored, stored.isLikeLast(storedText) {
      // All stays as it is: its last brace makes room for what is new.
      out.append(Bytes(rebasing: storedText.dropLast()))
    } else {
      do throws(FeatureFault) { try stored.parse(storedText) } catch { throw .stored(error) }
      for entry in stored.entries.elements {
        out.append(out.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
        let replacement = new.position(of: entry.key)
        FeatureWriter.append(replacement.map { new.entries[$0] } ?? entry, keys, to: &out)
      }
    }
    for entry in new.entries.elements where stored.position(of: entry.key) == nil {
      out.append(out.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
      FeatureWriter.append(entry, keys, to: &out)
    }
    if out.count == 0 { out.append(UInt8(ascii: "{")) }
    out.append(UInt8(ascii: "}"))
    guard !out.isIncomplete else { throw .noMemory }
    return out.bytes
  }
}
