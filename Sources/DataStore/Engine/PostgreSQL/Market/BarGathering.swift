// SPDX-License-Identifier: MIT

/// Gathers rows that a server sends into columns.
struct BarGathering: ~Copyable {
  private var rows: BarAccumulator
  private let shape: ReadShape
  /// What each row has, in this order: looked at once per row.
  private var columns = PerColumn<(column: Int, kind: BarColumn.Kind)>(repeating: (0, .number))
  private var columnCount = 0

  init(_ shape: ReadShape) {
    self.shape = shape
    rows = BarAccumulator(shape)
    for column in shape.selected.indices {
      columns[columnCount] = (column, BarColumn.table[column].kind)
      columnCount += 1
    }
  }

  /// The rows so far; it is empty afterwards.
  consuming func end() -> BarAccumulator {
    rows.finish()
    return rows
  }

  /// Gathers the rows of one series; returns how many.
  mutating func gather(_ read: SeriesRead, from table: String, _ session: Session) throws(StoreError) -> Int {
    rows.beginSymbol()
    defer { rows.endSymbol(skip: read.skip, limit: read.limit, fromEnd: read.isFromEnd) }
    guard read.limit != 0, read.range.start ?? .min <= read.range.end ?? .max else { return 0 }
    var sql = BarReadSQL(columns: shape.selected)
    sql.hasStart = read.range.start != nil
    sql.hasEnd = read.range.end != nil
    sql.isLimited = read.limit != nil
    sql.isFromEnd = read.isFromEnd
    session.add(read.key, read.range)
    if let limit = read.limit {
      let (wanted, isTooMany) = limit.addingReportingOverflow(read.skip)
      session.parameters.add(Int64(isTooMany ? Int.max : wanted))
    }
    let before = rows.count
    var leftToSkip = read.skip
    let name = StatementName(read.isFromEnd ? .readBarsBackward : .readBars, variant: sql.variant)
    try session.execute(name, sql.rows(table)) { answer throws(StoreError) in
      if rows.count == before { try BarRow.check(answer, shape.selected) }
      let isSkipped = leftToSkip > 0
      if isSkipped { leftToSkip -= 1 }
      try append(answer, read, isSkipped: isSkipped)
      session.rowsSoFar = rows.count
      try session.lookUp()
    }
    try settle(read)
    if MemoryShortage.isNoted { throw .noMemory() }
    return min(max(rows.count - before - read.skip, 0), read.limit ?? Int.max)
  }

  /// Takes a row. Of one that will be left out the features are not unpacked: the result has no columns for its keys.
  @inline(__always)
  private mutating func append(
    _ answer: borrowing Answer, _ read: SeriesRead, isSkipped: Bool
  ) throws(StoreError) {
    guard let instant = answer.instant(0) else { throw BarRow.corruptTime(answer, row: 0, read.key.text) }
    for place in 0..<columnCount {
      let (column, kind) = columns[unchecked: place]
      let field = place + BarRow.firstColumn
      if kind == .number {
        rows.numbers[unchecked: column].append(answer.double(field))
      } else if kind == .flag {
        rows.flags[unchecked: column].append(answer.bool(field) ? 1 : 0)
      } else if kind == .text {
        guard rows.texts[unchecked: column].append(answer.optionalBytes(field)) else {
          let place = "\(read.key.text) \(Timestamp.text(instant))"
          throw .corrupt("\(place): column '\(BarColumn.table[column].name)' is not UTF-8")
        }
      } else {
        let text = isSkipped ? nil : answer.optionalBytes(field)
        do throws(FeatureAccumulator.RowFault) {
          try rows.features.append(text, row: rows.count, in: nil)
        } catch {
          throw damaged(error, read, now: instant)
        }
      }
    }
    rows.append(timestamp: instant, isForeign: false)
  }

  /// Unpacks the features that were taken in so far.
  private mutating func settle(_ read: SeriesRead) throws(StoreError) {
    do throws(FeatureAccumulator.RowFault) { try rows.features.settle() } catch {
      throw damaged(error, read, now: nil)
    }
  }

  private func damaged(
    _ fault: FeatureAccumulator.RowFault, _ read: SeriesRead, now: Int64?
  ) -> StoreError {
    let instant = fault.row < rows.count ? rows.timestamps[fault.row] : now ?? Timestamp.none
    return BarRow.corruptFeatures(fault.fault, "\(read.key.text) \(Timestamp.text(instant))")
  }
}
