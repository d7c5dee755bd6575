// SPDX-License-Identifier: MIT

/// Connections for readers. Each serves one call at a time; as many exist as calls ever ran at once, of
/// which a few are kept for the next ones. Callers guard it with the store's monitor.
struct ReaderPool {
  static let kept = 8

  private var idle: [StoreConnection] = []

  var isEmpty: Bool { idle.isEmpty }

  /// The one used last, whose caches are warm.
  mutating func take() -> StoreConnection? { idle.popLast() }

  mutating func giveBack(_ connection: StoreConnection) {
    if idle.count < Self.kept { idle.append(connection) }
  }

  mutating func removeAll() -> [StoreConnection] {
    defer { idle = [] }
    return idle
  }
}
