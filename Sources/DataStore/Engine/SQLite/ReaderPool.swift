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

extension StoreConnection {
  /// Opens a connection that reads, and knows what the store's others do.
  static func reader(
    _ path: String, _ access: Access, _ settings: Settings, _ known: StoreKnowledge?
  ) throws(StoreError) -> StoreConnection {
    let reader = try StoreConnection(path, access, settings)
    reader.openWAL()
    if let known { reader.join(known, writes: false) }
    return reader
  }
}

extension Connection.Settings {
  /// For side work, which waits for nobody: a fork may be waiting for it.
  var withoutWaiting: Self {
    var settings = self
    settings.timeout = 0
    return settings
  }
}
