// SPDX-License-Identifier: MIT

extension Store {
  /// Runs one statement that only reads.
  ///
  /// - Throws: `.invalid` where it writes, attaches, sets a PRAGMA, or is no SQL; `.timeout` where it takes longer than
  ///   `timeout` seconds (nil: it may take for ever).
  public func query(
    _ sql: String, _ parameters: [QueryParameter] = [], timeout: Double? = nil
  ) throws(StoreError) -> QueryRows {
    if let timeout {
      guard timeout >= 0, timeout <= StoreOptions.maximumTimeout else {
        throw .invalid(
          "timeout is \(timeout) s; it is from 0 to \(Int(StoreOptions.maximumTimeout))", key: "timeout")
      }
    }
    return try engine.query(sql, parameters, timeout: timeout)
  }
}
