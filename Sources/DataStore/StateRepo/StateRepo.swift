// SPDX-License-Identifier: MIT

/// The strategies' memory: JSON values by key.
public struct StateRepo: Sendable {
  let store: Store

  /// One key and its value as JSON text (nil where only keys were asked for).
  public struct Entry: Sendable, Equatable {
    /// The key.
    public let key: String
    /// Its value as JSON text; nil where only keys were asked for.
    public let json: String?
  }
}

extension Store {
  /// The strategies' memory: JSON values by key.
  public var state: StateRepo { StateRepo(store: self) }
}

extension StateRepo {
  /// Stores a value.
  ///
  /// - Throws: `.invalid` where `json` is no JSON, or is an integer beyond int64 that stands alone.
  public func set(_ key: String, json: String) throws(StoreError) {
    try setMany([(key, json)])
  }

  /// Stores all values or none.
  public func setMany(_ entries: [(key: String, json: String)]) throws(StoreError) {
    for (key, json) in entries {
      _ = try checkedName(key, "state key")
      try json.withValue(key) { _ throws(StoreError) in }
    }
    guard !entries.isEmpty else { return try store.withWriter { _ throws(StoreError) in } }
    try store.write { writer throws(StoreError) in
      for (key, json) in entries {
        try json.withValue(key) { value throws(StoreError) in try Self.put(key, value, writer) }
      }
    }
  }

  /// The value as JSON text; nil where the key is absent.
  public func get(_ key: String) throws(StoreError) -> String? {
    try getBytes(key).map { String(decoding: $0, as: UTF8.self) }
  }

  package func getBytes(_ key: String) throws(StoreError) -> [UInt8]? {
    _ = try checkedName(key, "state key")
    return try store.read(snapshot: false) { reader throws(StoreError) in try Self.stored(key, reader) }
  }

  /// True where there was something to delete.
  @discardableResult
  public func delete(_ key: String) throws(StoreError) -> Bool {
    _ = try checkedName(key, "state key")
    return try store.write { writer throws(StoreError) in
      let statement = try writer.statement("DELETE FROM main.system_state WHERE key = ?1")
      statement.bind(1, copying: key)
      try statement.run()
      return writer.changes > 0
    }
  }

  /// Stores `json` only where the stored value equals `expected`, in one atomic step across processes. nil and `null`
  /// equal an absent key, too. Returns whether it was stored.
  public func compareAndSet(
    _ key: String, expected: String?, json: String
  ) throws(StoreError) -> Bool {
    _ = try checkedName(key, "state key")
    try json.withValue(key) { _ throws(StoreError) in }
    let wanted = try Self.comparable(expected, key)
    return try store.write { writer throws(StoreError) in
      guard try Self.comparableStored(key, writer) == wanted else { return false }
      try json.withValue(key) { value throws(StoreError) in try Self.put(key, value, writer) }
      return true
    }
  }

  /// When the key was last written, in nanoseconds since 1970-01-01T00:00:00Z; nil where it is absent.
  public func updatedAt(_ key: String) throws(StoreError) -> Int64? {
    _ = try checkedName(key, "state key")
    return try store.read(snapshot: false) { reader throws(StoreError) in
      let statement = try reader.statement("SELECT updated_at FROM main.system_state WHERE key = ?1")
      statement.bind(1, copying: key)
      defer { statement.reset() }
      guard try statement.step() else { return nil }
      guard case .instant(let instant, _) = TimestampParser.parse(statement.bytes(0)) else {
        throw .corrupt(
          "state key \(StoreError.quoted(key)): updated_at holds \(StoreError.quoted(statement.text(0))), which is no"
            + " ISO 8601 time. Set the key again")
      }
      return instant
    }
  }

  /// The entries whose key begins with `prefix`, sorted by key.
  public func entries(prefix: String = "", values: Bool = true) throws(StoreError) -> [Entry] {
    if prefix.utf8.contains(0) { throw .invalid("the prefix holds a NUL character", key: "prefix") }
    return try store.read(snapshot: false) { reader throws(StoreError) in
      // Compared as bytes: LIKE and GLOB would take some of a key's characters for patterns.
      let statement = try reader.statement(
        "SELECT key, value FROM main.system_state WHERE substr(key, 1, length(?1)) = ?1 AND key IS NOT NULL ORDER BY key"
      )
      statement.bind(1, copying: prefix)
      defer { statement.reset() }
      var entries: [Entry] = []
      while try statement.step() {
        let key = statement.text(0)
        let json = values ? String(decoding: try StateValue.json(statement, 1, key: key), as: UTF8.self) : nil
        entries.append(Entry(key: key, json: json))
      }
      return entries
    }
  }

  // MARK: Rows

  private static func put(_ key: String, _ value: StateValue, _ writer: Connection) throws(StoreError) {
    let statement = try writer.statement(
      """
      INSERT INTO main.system_state(key, value, updated_at) VALUES (?1, ?2, ?3)
      ON CONFLICT(key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
      """)
    statement.bind(1, copying: key)
    value.bind(to: statement, 2)
    statement.bind(3, copying: Timestamp.text(Timestamp.now()))
    try statement.run()
  }

  private static func stored(_ key: String, _ connection: Connection) throws(StoreError) -> [UInt8]? {
    let statement = try connection.statement("SELECT value FROM main.system_state WHERE key = ?1")
    statement.bind(1, copying: key)
    defer { statement.reset() }
    return try statement.step() ? try StateValue.json(statement, 0, key: key) : nil
  }

  private static func comparableStored(_ key: String, _ writer: Connection) throws(StoreError) -> JSONValue {
    guard let bytes = try stored(key, writer) else { return .null }
    do throws(JSONScanner.Failure) {
      return try withBytes(bytes) { text throws(JSONScanner.Failure) in try JSONValue(text) }
    } catch {
      throw .corrupt(
        "state key \(StoreError.quoted(key)): the stored value is damaged: \(error.reason). Set it again")
    }
  }

  private static func comparable(_ json: String?, _ key: String) throws(StoreError) -> JSONValue {
    guard let json else { return .null }
    do throws(JSONScanner.Failure) {
      return try withBytes(Array(json.utf8)) { text throws(JSONScanner.Failure) in try JSONValue(text) }
    } catch {
      throw .invalid("state key \(StoreError.quoted(key)): the expected value: \(error.reason)", key: key)
    }
  }

  private static func withBytes<Result, Failure: Error>(
    _ bytes: [UInt8], _ body: (Bytes) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.withUnsafeBufferPointer { text throws(Failure) in try body(text) }
  }
}

extension String {
  /// Hands the text over as a checked state value.
  fileprivate func withValue(
    _ key: String, _ body: (StateValue) throws(StoreError) -> Void
  ) throws(StoreError) {
    try Array(utf8).withUnsafeBufferPointer { text throws(StoreError) in
      try body(try StateValue(text, key: key))
    }
  }
}
