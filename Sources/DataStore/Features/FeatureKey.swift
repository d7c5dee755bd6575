// SPDX-License-Identifier: MIT

/// The rule for a feature's name: `name@version`, split at the first `@`, both parts non-empty.
enum FeatureKey {
  /// What is wrong with `key`; nil if it is sound. `key` is valid UTF-8.
  static func fault(_ key: Bytes) -> String? {
    if key.count > Limits.nameBytes { return "the key is longer than \(Limits.nameBytes) bytes" }
    if key.contains(0) { return "the key holds a NUL character" }
    guard let mark = key.firstIndex(of: UInt8(ascii: "@")) else {
      return "the key is not of the form name@version (there is no '@' in it)"
    }
    if mark == 0 { return "the key has no name before the '@'" }
    if mark == key.count - 1 { return "the key has no version after the '@'" }
    return nil
  }
}

/// An entry of a bar's features that breaks a rule.
struct FeatureFault: Error {
  let key: String?
  let reason: String
}
