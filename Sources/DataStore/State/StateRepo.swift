// SPDX-License-Identifier: MIT

/// The strategies' memory: JSON values by key.
public struct StateRepo: Sendable {
  let store: Store

  /// One key and its value as JSON text (nil if only keys were asked for).
  public struct Entry: Sendable, Equatable {
    /// The key.
    public let key: String
    /// Its value as JSON text; nil if only keys were asked for.
    public let json: String?

    /// Texts are equal where their bytes are.
    public static func == (left: Entry, right: Entry) -> Bool {
      ExactText(left.key) == ExactText(right.key)
        && left.json.map(ExactText.init) == right.json.map(ExactText.init)
    }
  }
}

extension Store {
  /// The strategies' memory: JSON values by key.
  public var state: StateRepo { StateRepo(store: self) }
}

extension StateRepo {
  /// Stores a value, whatever was there.
  ///
  /// - Parameters:
  ///   - key: Not empty.
  ///   - json: A JSON text (RFC 8259). A number that stands alone comes back as an equal number, perhaps in another
  ///     notation; everything else comes back digit for digit.
  /// - Throws: `.invalid` if `json` is not JSON, or is an integer beyond int64 that stands alone. Otherwise as a write,
  ///   see ``StoreError``.
  public func set(_ key: String, json: String) throws(StoreError) {
    try setMany([(key, json)])
  }

  /// Stores all values or none.
  ///
  /// - Throws: As ``set(_:json:)``.
  public func setMany(_ entries: [(key: String, json: String)]) throws(StoreError) {
    let texts = entries.map { Array($0.json.utf8) }
    // Borrowed in turn: pointers into several arrays at once are not to be had.
    try setMany(entries.map(\.key)) { index, body throws(StoreError) in
      try Self.withBytes(texts[index]) { text throws(StoreError) in try body(text) }
    }
  }

  /// Stores texts that live in the caller's memory, all or none.
  package func setMany(_ keys: [String], _ texts: [UnsafeBufferPointer<UInt8>]) throws(StoreError) {
    try setMany(keys) { index, body throws(StoreError) in try body(texts[index]) }
  }

  /// `lend` hands the text at an index to a closure.
  private func setMany(
    _ keys: [String], _ lend: (Int, (Bytes) throws(StoreError) -> Void) throws(StoreError) -> Void
  ) throws(StoreError) {
    try FloatSettings.withDefault { () throws(StoreError) in
      for (index, key) in keys.enumerated() {
        _ = try checkedName(key, "state key")
        try lend(index) { json throws(StoreError) in _ = try StateValue(json, key: key) }
      }
    }
    guard !keys.isEmpty else { return try store.withWriter { _ throws(StoreError) in } }
    try store.write { writer throws(StoreError) in
      for (index, key) in keys.enumerated() {
        try lend(index) { json throws(StoreError) in
          try Self.put(key, try StateValue(json, key: key), writer)
        }
      }
    }
  }

  /// The value as JSON text; nil if the key is absent.
  ///
  /// - Throws: As a read, see ``StoreError``.
  public func get(_ key: String) throws(StoreError) -> String? {
    try withJSON(key) { $0?.text }
  }

  /// Lends the value's JSON text to `body`; nil if the key is absent.
  package func withJSON<Result>(
    _ key: String, _ body: (UnsafeBufferPointer<UInt8>?) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    _ = try checkedName(key, "state key")
    return try store.read(snapshot: false) { reader throws(StoreError) in
      try Self.withStored(key, reader, body)
    }
  }

  /// Deletes a key; true if it was there.
  ///
  /// - Throws: As a write, see ``StoreError``.
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

  /// Stores `json` only if the stored value equals `expected`, in one atomic step across processes.
  ///
  /// Equal as JSON: members in any order, 1 equals 1.0, true does not equal 1. nil and `null` equal an absent key, too.
  ///
  /// - Returns: Whether it was stored.
  /// - Throws: `.invalid` if `expected` or `json` is not JSON. Otherwise as a write, see ``StoreError``, even if the values
  ///   differ.
  public func compareAndSet(
    _ key: String, expected: String?, json: String
  ) throws(StoreError) -> Bool {
    try Self.withBytes(Array(json.utf8)) { json throws(StoreError) in
      guard let expected else { return try compareAndSet(key, expected: nil, json: json) }
      return try Self.withBytes(Array(expected.utf8)) { expected throws(StoreError) in
        try compareAndSet(key, expected: expected, json: json)
      }
    }
  }

  /// The same with texts that live in the caller's memory.
  package func compareAndSet(
    _ key: String, expected: UnsafeBufferPointer<UInt8>?, json: UnsafeBufferPointer<UInt8>
  ) throws(StoreError) -> Bool {
    _ = try checkedName(key, "state key")
    let (value, wanted) = try FloatSettings.withDefault { () throws(StoreError) in
      (try StateValue(json, key: key), try Self.comparable(expected, key))
    }
    return try store.write { writer throws(StoreError) in
      guard try Self.comparableStored(key, writer) == wanted else { return false }
      try Self.put(key, value, writer)
      return true
    }
  }

  /// When the key was last written, in nanoseconds since 1970-01-01T00:00:00Z; nil if it is absent.
  ///
  /// - Throws: As a read, see ``StoreError``.
  public func updatedAt(_ key: String) throws(StoreError) -> Int64? {
    _ = try checkedName(key, "state key")
    return try store.read(snapshot: false) { reader throws(StoreError) in
      let statement = try reader.statement("SELECT updated_at FROM main.system_state WHERE key = ?1")
      statement.bind(1, copying: key)
      defer { statement.reset() }
      guard try statement.step() else { return nil }
      guard case .instant(let instant, _) = TimestampParser.parse(statement.bytes(0)) else {
        throw .corrupt(
          "state key \(StoreError.quoted(key)): updated_at holds \(StoreError.quoted(statement.text(0))), which is not"
            + " ISO 8601 time. Set the key again")
      }
      return instant
    }
  }

  /// The entries whose key begins with `prefix`, sorted by the bytes of the key, from one snapshot.
  ///
  /// - Parameters:
  ///   - prefix: "": all keys.
  ///   - values: false: keys only, ``Entry/json`` is nil.
  /// - Throws: As a read, see ``StoreError``.
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
      // A file in UTF-16 has them in the order of that.
      return entries.sorted { ExactText($0.key) < ExactText($1.key) }
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

  private static func withStored<Result>(
    _ key: String, _ connection: Connection, _ body: (Bytes?) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let statement = try connection.statement("SELECT value FROM main.system_state WHERE key = ?1")
    statement.bind(1, copying: key)
    defer { statement.reset() }
    guard try statement.step() else { return try body(nil) }
    return try StateValue.withJSON(statement, 0, key: key, body)
  }

  private static func comparableStored(_ key: String, _ writer: Connection) throws(StoreError) -> JSONValue {
    try withStored(key, writer) { text throws(StoreError) in
      guard let text else { return .null }
      do throws(JSONScanner.Failure) { return try JSONValue(text) } catch {
        throw .corrupt(
          "state key \(StoreError.quoted(key)): the stored value is damaged: \(error.reason). Set it again")
      }
    }
  }

  private static func comparable(_ json: Bytes?, _ key: String) throws(StoreError) -> JSONValue {
    guard let json else { return .null }
    guard json.isValidUTF8 else {
      throw .invalid("state key \(StoreError.quoted(key)): the expected value is not valid UTF-8", key: key)
    }
    do throws(JSONScanner.Failure) { return try JSONValue(json) } catch {
      throw .invalid("state key \(StoreError.quoted(key)): the expected value: \(error.reason)", key: key)
    }
  }

  private static func withBytes<Result, Failure: Error>(
    _ bytes: [UInt8], _ body: (Bytes) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.withUnsafeBufferPointer { text throws(Failure) in try body(text) }
  }
}
