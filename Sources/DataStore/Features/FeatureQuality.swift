// SPDX-License-Identifier: MIT

/// How far a feature's value may be trusted, in its producer's words.
public enum FeatureQuality: UInt8, CaseIterable, Sendable {
  case ready
  case warmup
  case degraded
  case missing

  /// The word as it is stored.
  public var word: String { "\(self)" }

  static let wordList = "ready, warmup, degraded, missing"

  /// The words in the order of the raw values, for callers that deal in codes.
  static let words: [StaticString] = ["ready", "warmup", "degraded", "missing"]

  /// How each ends an entry of stored JSON.
  static let entryEnds: [StaticString] = [
    ",\"quality\":\"ready\"}", ",\"quality\":\"warmup\"}", ",\"quality\":\"degraded\"}",
    ",\"quality\":\"missing\"}",
  ]

  @inline(__always)
  init?(_ text: Bytes) {
    switch text.first {
    case UInt8(ascii: "r") where text.equals("ready"): self = .ready
    case UInt8(ascii: "w") where text.equals("warmup"): self = .warmup
    case UInt8(ascii: "d") where text.equals("degraded"): self = .degraded
    case UInt8(ascii: "m") where text.equals("missing"): self = .missing
    default: return nil
    }
  }
}
