// SPDX-License-Identifier: MIT

/// Bars of which none is stored yet, the everyday backfill: COPY takes them straight into the table, which costs half of an
/// upsert by way of another table.
extension Session {
  /// Fewer rows are not worth a look at what is stored.
  private static let fewestToInsert = 64
  /// On average so many rows of each series, or the look takes longer than it saves.
  private static let fewestPerSeries = 16

  /// Stores the bars of a batch, if none is stored where they are; else false, and nothing is written.
  func insertNew(_ batch: BorrowedBatch, replace: Bool, into table: String) throws(StoreError) -> Bool {
    guard batch.count >= Self.fewestToInsert else { return false }
    try batch.checkKeyLengths()
    let order = try BatchOrder(batch)
    guard try !mayMeetStored(batch, order, in: table) else { return false }
    do throws(StoreError) {
      try insert(batch, order, replace: replace, into: table)
      return true
    } catch {
      // Another writer was faster; or the table has row security, which COPY does not go with.
      guard !isInTransaction, lastState == .uniqueViolation || lastState == .featureNotSupported else {
        throw error
      }
      return false
    }
  }

  private func insert(
    _ batch: BorrowedBatch, _ order: borrowing BatchOrder, replace: Bool, into table: String
  ) throws(StoreError) {
    let rows = BatchRows(batch, batch.carried, hasMarks: false)
    var texts = try FeatureTexts(batch, isAsGiven: order.isAsGiven)
    try copy(BarSQL.copy(into: table, batch.carried)) { writer throws(StoreError) in
      var place = 0
      while place < batch.count {
        let end = order.end(ofBarAt: place)
        let features =
          batch.carriesFeatures
          ? try texts.text(order, from: place, to: end, replace ? .replace : .merge) : nil
        try rows.write(order.row(end - 1), features: features, isMerged: true, to: &writer)
        place = end
        rowsSoFar = place
      }
      try tellEnd()
    }
  }

  /// Whether any bar is stored between the first and the last one of a series in the batch.
  private func mayMeetStored(
    _ batch: BorrowedBatch, _ order: borrowing BatchOrder, in table: String
  ) throws(StoreError) -> Bool {
    var first = BarKeys(batch, nil)
    var last = BarKeys(batch, nil)
    var place = 0
    while place < batch.count {
      let end = order.end(ofSeriesAt: place)
      first.append(order.row(place))
      last.append(order.row(end - 1))
      guard first.count <= 1 + batch.count / Self.fewestPerSeries else { return true }
      place = end
    }
    if MemoryShortage.isNoted { throw .noMemory() }
    return try first.findAny(to: last, in: table, self)
  }
}
