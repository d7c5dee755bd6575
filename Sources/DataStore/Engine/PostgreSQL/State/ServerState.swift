// SPDX-License-Identifier: MIT

/// The table of state values.
extension Session {
  /// Bytes of a key that the server's index can hold.
  private static let longestKey = 2_600

  /// With `commits`, which is for the last statement of a transaction, a COMMIT goes with it.
  func putState(
    _ key: Bytes, _ value: StateValue, in table: String, commits: Bool = false
  ) throws(StoreError) {
    try putState(key, value, Timestamp.now(), in: table, commits: commits)
  }

  private func putState(
    _ key: Bytes, _ value: StateValue, _ time: Int64, in table: String, commits: Bool = false
  ) throws(StoreError) {
    try Self.check(key)
    try value.withText { value throws(StoreError) in
      parameters.add(key)
      parameters.add(value)
      parameters.add(time: time)
      let name = StatementName(.putState)
      let sql = { StateSQL.put(table) }
      _ = try commits ? executeAndCommit(name, sql) : execute(name, sql)
    }
  }

  private static func check(_ key: Bytes) throws(StoreError) {
    guard key.count > longestKey else { return }
    throw .invalid(
      "state key \(StoreError.quoted(key.text)) has \(key.count) bytes; a store on a PostgreSQL server takes at most"
        + " \(longestKey). Shorten it", key: key.text)
  }

  /// Bytes of values that travel together, with a last one that may be as large as it likes.
  private static let bytesAtOnce = 16 << 20

  /// Puts values, sorted by key, many in a message, with the times at which they were written. Of equal keys the last counts.
  /// To be called within a transaction.
  func putStates(
    _ entries: [(key: String, value: StateValue, updatedAt: Int64)], in table: String
  ) throws(StoreError) {
    var keys = ArrayParameter.texts
    var values = ArrayParameter.texts
    var times = ArrayParameter(of: 1184)
    var remainders = ArrayParameter(of: 21)
    for (place, entry) in entries.enumerated() {
      let isLast = place + 1 == entries.count
      if isLast || ExactText(entries[place + 1].key) != ExactText(entry.key) {
        try entry.key.lent { key throws(StoreError) in
          try Self.check(key)
          keys.append(key)
        }
        try entry.value.withText { values.append($0) }
        let time = ServerTime(entry.updatedAt)
        times.append(time.microseconds)
        remainders.append(time.nanoseconds)
        if MemoryShortage.isNoted { throw .noMemory(values.byteCount) }
      }
      guard isLast || keys.byteCount + values.byteCount > Self.bytesAtOnce else { continue }
      for array in [keys.ended, values.ended, times.ended, remainders.ended] { parameters.add(array) }
      _ = try execute(StatementName(.putState, variant: 1)) { StateSQL.putAll(table) }
      keys.removeAll()
      values.removeAll()
      times.removeAll()
      remainders.removeAll()
    }
  }

  /// The value's JSON text; no rows if the key is absent.
  func state(_ key: Bytes, in table: String, locked: Bool = false) throws(StoreError) -> Answer {
    parameters.add(key)
    return try execute(StatementName(.state, variant: locked ? 1 : 0)) {
      "SELECT value FROM \(table) WHERE key = $1::text\(locked ? " FOR UPDATE" : "")"
    }
  }

  func deleteState(_ key: String, in table: String) throws(StoreError) -> Bool {
    parameters.add(copying: key)
    return try execute(StatementName(.deleteState)) { "DELETE FROM \(table) WHERE key = $1::text" }
      .affectedRows > 0
  }

  /// Stores a value where the stored one equals `expected`; an absent key equals null. To be called within a transaction:
  /// the row is locked until its end.
  func compareAndSetState(
    _ key: String, _ expected: JSONValue, _ value: StateValue, in table: String
  ) throws(StoreError) -> Bool {
    while true {
      let stored = try key.lent { key throws(StoreError) in try state(key, in: table, locked: true) }
      guard try Self.comparable(stored, key) == expected else { return false }
      if stored.rows > 0 {
        try key.lent { key throws(StoreError) in try putState(key, value, in: table) }
        return true
      }
      let isInserted = try key.lent { key throws(StoreError) in
        try value.withText { value throws(StoreError) in
          parameters.add(key)
          parameters.add(value)
          parameters.add(time: Timestamp.now())
          return try execute(StatementName(.insertState)) { StateSQL.add(table) }.affectedRows > 0
        }
      }
      // Where somebody else was faster, there is a value to compare with.
      if isInserted { return true }
    }
  }

  private static func comparable(_ answer: borrowing Answer, _ key: String) throws(StoreError) -> JSONValue {
    guard answer.rows > 0 else { return .null }
    do throws(JSONScanner.Failure) { return try JSONValue(answer.bytes(0)) } catch {
      throw .corrupt(
        "state key \(StoreError.quoted(key)): the stored value is damaged: \(error.reason). Set it again")
    }
  }

  func stateUpdatedAt(_ key: String, in table: String) throws(StoreError) -> Int64? {
    parameters.add(copying: key)
    let answer = try execute(StatementName(.updatedAt)) {
      "SELECT updated_at, updated_at_ns FROM \(table) WHERE key = $1::text"
    }
    guard answer.rows > 0 else { return nil }
    guard let instant = answer.instant(0) else {
      throw .corrupt(
        "state key \(StoreError.quoted(key)): updated_at is beyond what a store keeps. Set the key again")
    }
    return instant
  }

  func stateEntries(prefix: String, values: Bool, in table: String) throws(StoreError) -> [StateEntry] {
    let hasPrefix = !prefix.utf8.isEmpty
    if hasPrefix { parameters.add(copying: prefix) }
    // Not prepared: only with the prefix before it does the server see that the key serves.
    let answer = try run(StateSQL.entries(table, hasPrefix: hasPrefix, values: values), inBinary: true)
    var entries: [StateEntry] = []
    entries.reserveCapacity(answer.rows)
    for row in 0..<answer.rows {
      if values { try MemoryShortage.expect(answer.bytes(1, row: row).count) }
      entries.append(
        StateEntry(key: answer.string(0, row: row), json: values ? answer.string(1, row: row) : nil))
    }
    return entries
  }
}

/// The statements that write state.
enum StateSQL {
  static func put(_ table: String) -> String {
    put(table, "VALUES ($1::text, $2::json, $3::timestamptz, $4::smallint)")
  }

  /// The rows of arrays.
  static func putAll(_ table: String) -> String {
    put(
      table,
      """
      SELECT k.key, k.value::json, k.time, k.rest
      FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::smallint[]) AS k (key, value, time, rest)
      """)
  }

  private static func put(_ table: String, _ rows: String) -> String {
    """
    INSERT INTO \(table) AS s (key, value, updated_at, updated_at_ns)
    \(rows)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,
    updated_at_ns = excluded.updated_at_ns
    """
  }

  static func entries(_ table: String, hasPrefix: Bool, values: Bool) -> String {
    let condition = hasPrefix ? " WHERE pg_catalog.starts_with(key, $1::text)" : ""
    return "SELECT key\(values ? ", value" : "") FROM \(table)\(condition) ORDER BY key"
  }

  /// A key that is there is left alone.
  static func add(_ table: String) -> String {
    """
    INSERT INTO \(table) (key, value, updated_at, updated_at_ns)
    VALUES ($1::text, $2::json, $3::timestamptz, $4::smallint)
    ON CONFLICT (key) DO NOTHING
    """
  }
}

extension StateValue {
  /// Lends its JSON text to `body`.
  func withText<Result>(_ body: (Bytes) throws(StoreError) -> Result) throws(StoreError) -> Result {
    var number = ByteBuffer()
    switch self {
    case .text(let text): return try body(text)
    case .integer(let value): NumberText.append(value, to: &number)
    case .real(let value): NumberText.append(value, to: &number)
    }
    return try body(number.bytes)
  }
}

extension String {
  /// Lends its bytes to what throws and gives anything.
  func lent<Result: ~Copyable>(_ body: (Bytes) throws(StoreError) -> Result) throws(StoreError) -> Result {
    var copy = ByteBuffer()
    withBytes { copy.append($0) }
    if copy.isIncomplete { throw StoreError(.noMemory, "out of memory") }
    return try body(copy.bytes)
  }
}
