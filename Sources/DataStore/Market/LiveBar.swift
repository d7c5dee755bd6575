// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Writes one bar, as `write(_:replace:)` would a batch of one row.
  package func write(_ row: BorrowedRow, replace: Bool) throws(StoreError) {
    if !row.keepsRules { try row.check() }
    try engine.writeBar(row, replace: replace)
  }
}
