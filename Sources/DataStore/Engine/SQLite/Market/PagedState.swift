// SPDX-License-Identifier: MIT

extension StoreConnection {
  /// `withState` by way of pages; false, and `body` was not called, if SQLite has to find the value.
  func withPagedState(
    _ key: Bytes, notices: Int?, _ body: (Bytes?) throws(StoreError) -> Void
  ) throws(StoreError) -> Bool {
    guard let found = try stateRow(key, notices: notices) else { return false }
    guard case .row(let row) = found else {
      try body(nil)
      return true
    }
    // Of what is damaged SQLite's row tells more.
    guard let value = row.value(1), StateValue.damage(of: value) == nil else { return false }
    try StateValue.withJSON(value, body)
    return true
  }
}
