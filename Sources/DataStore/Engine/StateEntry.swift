// SPDX-License-Identifier: MIT

/// One key and its value as JSON text (nil if only keys were asked for).
public struct StateEntry: Sendable, Equatable {
  /// The key.
  public let key: String
  /// Its value as JSON text; nil if only keys were asked for.
  public let json: String?

  /// Texts are equal where their bytes are.
  public static func == (left: StateEntry, right: StateEntry) -> Bool {
    ExactText(left.key) == ExactText(right.key)
      && left.json.map(ExactText.init) == right.json.map(ExactText.init)
  }
}
