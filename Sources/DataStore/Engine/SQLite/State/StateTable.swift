// SPDX-License-Identifier: MIT

/// The table of state values. What writes is to be called within a transaction, or to be its own.
extension Connection {
  func putState(_ key: String, _ value: StateValue) throws(StoreError) {
    try putState(value) { $0.bind(1, copying: key) }
  }

  func putState(_ key: Bytes, _ value: StateValue) throws(StoreError) {
    try putState(value) { $0.bind(1, key) }
  }

  private func putState(_ value: StateValue, bindingKey: (Statement) -> Void) throws(StoreError) {
    let statement = try statement(Self.putStateVariant) {
      """
      INSERT INTO main.system_state(key, value, updated_at) VALUES (?1, ?2, ds_now())
      ON CONFLICT(key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
      """
    }
    func put() throws(StoreError) {
      bindingKey(statement)
      value.bind(to: statement, 2)
      try statement.run()
    }
    if isInTransaction { try put() } else { try writingAtOnce { () throws(StoreError) in try put() } }
  }

  /// Stores a value as another store has it, with the time at which it was written there.
  func restoreState(_ key: String, _ value: StateValue, _ updatedAt: Int64) throws(StoreError) {
    let statement = try statement(
      """
      INSERT INTO main.system_state(key, value, updated_at) VALUES (?1, ?2, ?3)
      ON CONFLICT(key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
      """)
    statement.bind(1, copying: key)
    value.bind(to: statement, 2)
    statement.bind(3, time: updatedAt)
    try statement.run()
  }

  private static var putStateVariant: UInt64 { StatementFamily.state.first }
  private static var stateVariant: UInt64 { StatementFamily.state.first | 1 }

  /// Lends the JSON text of a value to `body`; nil if the key is absent.
  func withState(_ key: Bytes, _ body: (Bytes?) throws(StoreError) -> Void) throws(StoreError) {
    let statement = try statement(Self.stateVariant) { Self.stateSQL }
    statement.bind(1, key)
    defer { statement.reset() }
    guard try statement.step() else { return try body(nil) }
    try StateValue.withJSON(statement, 0, key: key.text, body)
  }

  private static var stateSQL: String { "SELECT value FROM main.system_state WHERE key = ?1" }

  /// The same with a key that has no place of its own.
  func withState<Result>(
    _ key: String, _ body: (Bytes?) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let statement = try statement(Self.stateVariant) { Self.stateSQL }
    statement.bind(1, copying: key)
    defer { statement.reset() }
    guard try statement.step() else { return try body(nil) }
    return try StateValue.withJSON(statement, 0, key: key, body)
  }

  /// Returns whether there was something to delete.
  func deleteState(_ key: String) throws(StoreError) -> Bool {
    let statement = try statement("DELETE FROM main.system_state WHERE key = ?1")
    statement.bind(1, copying: key)
    try statement.run()
    return changes > 0
  }

  /// Stores a value where the stored one equals `expected`; an absent key equals null. Returns whether it was stored.
  func compareAndSetState(
    _ key: String, _ expected: JSONValue, _ value: StateValue
  ) throws(StoreError) -> Bool {
    let stored = try withState(key) { text throws(StoreError) -> JSONValue in
      guard let text else { return .null }
      do throws(JSONScanner.Failure) { return try JSONValue(text) } catch {
        throw .corrupt(
          "state key \(StoreError.quoted(key)): the stored value is damaged: \(error.reason). Set it again")
      }
    }
    guard stored == expected else { return false }
    try putState(key, value)
    return true
  }

  /// When the key was last written; nil if it is absent.
  func stateUpdatedAt(_ key: String) throws(StoreError) -> Int64? {
    let statement = try statement("SELECT updated_at FROM main.system_state WHERE key = ?1")
    statement.bind(1, copying: key)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    guard case .instant(let instant, _) = TimestampParser.parse(statement.bytes(0)) else {
      throw .corrupt(
        "state key \(StoreError.quoted(key)): updated_at holds \(StoreError.quoted(statement.text(0))), which is not an"
          + " ISO 8601 time. Set the key again")
    }
    return instant
  }

  /// The entries whose key begins with `prefix`, compared as bytes: LIKE and GLOB would take some of a key's characters for
  /// patterns.
  func stateEntries(prefix: String, values: Bool) throws(StoreError) -> [StateEntry] {
    let statement = try statement(
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
