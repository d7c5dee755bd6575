// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Writes one bar, as `write(_:replace:)` would a batch of one row.
  package func write(_ row: BorrowedRow, replace: Bool) throws(StoreError) {
    if !row.keepsRules { try row.check() }
    try store.writeOneBar { writer throws(StoreError) in
      var features: Bytes?
      if row.bar.carried.contains(.features), let text = row.bar.features {
        features = try row.packed { () throws(FeaturePackFault) in try writer.featureTexts.pack(text, row: 0)
        }
      }
      try writer.upsert(row, features, replace: replace)
    }
  }

  /// Writes the only row of a batch that keeps the rules.
  func writeOnlyRow(of batch: BorrowedBatch, replace: Bool) throws(StoreError) {
    try BorrowedRow.only(of: batch) { row throws(StoreError) in
      try store.writeOneBar { writer throws(StoreError) in
        guard batch.carriesFeatures else { return try writer.upsert(row, nil, replace: replace) }
        var packer = try batch.featurePacker()
        let features = try row.packed { () throws(FeaturePackFault) in try packer.pack(0) }
        try writer.upsert(row, features, replace: replace)
        // `features` are its memory.
        withExtendedLifetime(packer) {}
      }
    }
  }
}

extension Store {
  /// Runs `body`, one statement over one bar, as its own transaction; once more, in one of several statements, where it
  /// comes upon a row in another form.
  func writeOneBar<Result>(
    _ body: (Connection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    do throws(StoreError) {
      return try writeOne(body)
    } catch {
      guard error.isOtherForm else { throw error }
    }
    return try write(body)
  }
}
