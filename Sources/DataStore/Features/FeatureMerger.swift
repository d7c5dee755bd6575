// SPDX-License-Identifier: MIT

/// Merges a bar's new features into its stored ones, key by key: a key that is mentioned is replaced
/// whole, in its place; the others stay as they are, digit for digit; new keys follow.
struct FeatureMerger: ~Copyable {
  private var stored = FeatureParser()
  private var new = FeatureParser()
  private var out = ByteBuffer()

  /// Which of the two texts was at fault.
  enum Fault: Error {
    case stored(FeatureFault)
    case new(FeatureFault)
  }

  /// The merged text; valid until the next call.
  mutating func merge(stored storedText: Bytes, new newText: Bytes) throws(Fault) -> Bytes {
    do throws(FeatureFault) { try stored.parse(storedText) } catch { throw .stored(error) }
    do throws(FeatureFault) { try new.parse(newText) } catch { throw .new(error) }
    out.removeAll()
    FeatureWriter.begin(&out)
    var isFirst = true
    var guess = 0
    for entry in stored.entries {
      let key = stored.keys.texts[entry.key]
      let replacement = new.position(of: new.number(of: key, guess: guess))
      if let replacement { guess = new.entries[replacement].key + 1 }
      FeatureWriter.append(
        replacement.map { new.entries[$0] } ?? entry, key: key, isFirst: isFirst, to: &out)
      isFirst = false
    }
    for entry in new.entries {
      let key = new.keys.texts[entry.key]
      if stored.position(of: stored.number(of: key)) != nil { continue }
      FeatureWriter.append(entry, key: key, isFirst: isFirst, to: &out)
      isFirst = false
    }
    FeatureWriter.end(&out)
    return out.bytes
  }
}
