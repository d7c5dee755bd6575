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
}
