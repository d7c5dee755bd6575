// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func setState(_ entries: [(key: String, value: StateValue)]) throws(StoreError) {
    guard !entries.isEmpty else { return try withWriter { _ throws(StoreError) in } }
    try write { writer throws(StoreError) in
      for entry in entries { try Self.put(entry.key, entry.value, writer) }
    }
  }

  func state(_ key: String, _ body: (Bytes?) throws(StoreError) -> Void) throws(StoreError) {
    try read(snapshot: false) { reader throws(StoreError) in try Self.withStored(key, reader, body) }
  }

  func deleteState(_ key: String) throws(StoreError) -> Bool {
    try write { writer throws(StoreError) in
      let statement = try writer.statement("DELETE FROM main.system_state WHERE key = ?1")
      statement.bind(1, copying: key)
      try statement.run()
      return writer.changes > 0
    }
  }

  func compareAndSetState(
    _ key: String, _ expected: JSONValue, _ value: StateValue
  ) throws(StoreError) -> Bool {
    try write { writer throws(StoreError) in
      guard try Self.comparableStored(key, writer) == expected else { return false }
      try Self.put(key, value, writer)
      return true
    }
  }

  func stateUpdatedAt(_ key: String) throws(StoreError) -> Int64? {
    try read(snapshot: false) { reader throws(StoreError) in
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

  func stateEntries(prefix: String, values: Bool) throws(StoreError) -> [StateEntry] {
    try read(snapshot: false) { reader throws(StoreError) in
      // Compared as bytes: LIKE and GLOB would take some of a key's characters for patterns.
      let statement = try reader.statement(
        "SELECT key, value FROM main.system_state WHERE substr(key, 1, length(?1)) = ?1 AND key IS NOT NULL ORDER BY key"
      )
      statement.bind(1, copying: prefix)
      defer { statement.reset() }
      var entries: [StateEntry] = []
      while try statement.step() {
        let key = statement.text(0)
        let json = values ? String(decoding: try StateValue.json(statement, 1, key: key), as: UTF8.self) : nil
        entries.append(StateEntry(key: key, json: json))
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
}
