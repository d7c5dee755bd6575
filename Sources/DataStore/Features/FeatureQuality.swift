// SPDX-License-Identifier: MIT

/// How far a feature's value may be trusted, in its producer's words.
public enum FeatureQuality: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// The value may be used.
  case ready
  /// Too few bars came before it.
  case warmup
  /// Computed from incomplete or doubtful data.
  case degraded
  /// There is no value.
  case missing

  /// The word as it is stored: "ready", "warmup", "degraded" or "missing".
  public var word: String { "\(self)" }

  static let wordList = "ready, warmup, degraded, missing"

  /// How an entry of this quality ends in stored JSON.
  @inline(__always)
  static func entryEnd(_ quality: FeatureQuality) -> StaticString {
    switch quality {
    case .ready: ",\"quality\":\"ready\"}"
    case .warmup: ",\"quality\":\"warmup\"}"
    case .degraded: ",\"quality\":\"degraded\"}"
    case .missing: ",\"quality\":\"missing\"}"
    }
  }

  /// Bytes of the longest of them.
  static let longestEntryEnd = 22

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
