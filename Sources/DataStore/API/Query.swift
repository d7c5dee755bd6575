// SPDX-License-Identifier: MIT

extension Store {
  /// Runs one statement that only reads.
  ///
  /// - Parameters:
  ///   - sql: One statement. The tables are `market_data`, `market_requests` and `system_state`.
  ///   - parameters: By position for `?`, by name for `:name`, `@name` and `$name`.
  ///   - timeout: Seconds after which the query is stopped, 0 to 1,000,000; nil: no limit.
  /// - Returns: The rows as of one snapshot.
  /// - Throws: `.invalid` if the statement writes, attaches, sets a PRAGMA, or is not SQL, or a parameter is wrong or
  ///   missing; `.timeout` if it took longer than `timeout`. Otherwise as a read, see ``StoreError``.
  public func query(
    _ sql: String, _ parameters: [QueryParameter] = [], timeout: Double? = nil
  ) throws(StoreError) -> QueryRows {
    if let timeout {
      guard timeout >= 0, timeout <= StoreOptions.maximumTimeout else {
        throw .invalid(
          "timeout is \(timeout) s; it must be from 0 to \(Int(StoreOptions.maximumTimeout))", key: "timeout")
      }
    }
    return try engine.query(sql, parameters, timeout: timeout)
  }

  /// Runs one statement that only reads, with these values for its `?`, as ``query(_:_:timeout:)`` does:
  /// `store.query("SELECT close FROM market_data WHERE symbol = ? AND close > ?", "EURUSD", 1.1)`.
  ///
  /// - Parameters:
  ///   - sql: One statement.
  ///   - first: The value of the first `?`; nil is NULL.
  ///   - others: Those of the others, in their order.
  ///   - timeout: Seconds after which the query is stopped; nil: no limit.
  /// - Throws: As ``query(_:_:timeout:)``.
  public func query(
    _ sql: String, _ first: (any CellConvertible)?, _ others: (any CellConvertible)?...,
    timeout: Double? = nil
  ) throws(StoreError) -> QueryRows {
    try query(sql, ([first] + others).map { QueryParameter($0?.cell ?? .null) }, timeout: timeout)
  }

  /// Runs one statement that only reads, with these values by name, as ``query(_:_:timeout:)`` does:
  /// `store.query("SELECT close FROM market_data WHERE symbol = :symbol", named: ["symbol": "EURUSD"])`.
  ///
  /// - Parameters:
  ///   - sql: One statement.
  ///   - values: By the name after `:`, `@` or `$`; nil is NULL. A name that the statement does not use does no harm.
  ///   - timeout: Seconds after which the query is stopped; nil: no limit.
  /// - Throws: As ``query(_:_:timeout:)``.
  public func query(
    _ sql: String, named values: KeyValuePairs<String, (any CellConvertible)?>, timeout: Double? = nil
  ) throws(StoreError) -> QueryRows {
    try query(sql, values.map { QueryParameter($0.value?.cell ?? .null, name: $0.key) }, timeout: timeout)
  }
}
