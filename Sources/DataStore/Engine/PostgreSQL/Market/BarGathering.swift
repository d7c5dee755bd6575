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
    let sql = BarReadSQL(read, shape.selected)
    session.add(read.key, read.range)
    if let limit = sql.limit { session.parameters.add(Int64(limit.rows)) }
    let before = rows.count
    var leftToSkip = read.skip
    let name = StatementName(read.isFromEnd ? .readBarsBackward : .readBars, variant: sql.variant)
    let isShort = sql.limit.map { $0.rows <= Self.mostAtOnce } ?? false
    try session.execute(name, sql.rows(table), isShort: isShort) { answer, row throws(StoreError) in
      if rows.count == before { try BarRow.check(answer, shape.selected) }
      let isSkipped = leftToSkip > 0
      if isSkipped { leftToSkip -= 1 }
      try append(answer, row, read, isSkipped: isSkipped)
      session.rowsSoFar = rows.count
      try session.lookUp()
    }
    try settle(read)
    if MemoryShortage.isNoted { throw .noMemory() }
    return min(max(rows.count - before - read.skip, 0), read.limit ?? Int.max)
  }

  /// Gathers the rows of several series, at most `limit` in all, that are read alike: one statement, so one snapshot.
  mutating func gatherAll(
    _ reads: [SeriesRead], limit: Int?, from table: String, _ session: Session
  ) throws(StoreError) {
    guard let first = reads.first else { return }
    var symbols = ArrayParameter.texts
    for read in reads { read.key.symbol.withBytes { symbols.append($0) } }
    if MemoryShortage.isNoted { throw .noMemory() }
    var sql = BarReadSQL(first, shape.selected)
    sql.isOfMany = true
    sql.hasTotal = limit != nil
    session.parameters.add(symbols.ended)
    session.parameters.add(copying: first.key.timeframe)
    session.add(first.range)
    if let limit = sql.limit { session.parameters.add(Int64(limit.rows)) }
    if let limit { session.parameters.add(Int64(limit)) }
    var place = 0
    rows.beginSymbol()
    let isEmpty = first.range.start ?? .min > first.range.end ?? .max || first.limit == 0 || limit == 0
    if isEmpty {
      session.parameters.removeAll()
    } else {
      let name = StatementName(first.isFromEnd ? .readBarsBackward : .readBars, variant: sql.variant)
      let (ofAll, isTooMany) = (first.limit ?? Int.max).multipliedReportingOverflow(by: reads.count)
      let most = min(isTooMany ? Int.max : ofAll, limit ?? Int.max)
      let placeColumn = BarRow.firstColumn + columnCount
      try session.execute(name, sql.rows(table), isShort: most <= Self.mostAtOnce) {
        answer, row throws(StoreError) in
        if rows.count == 0 { try BarRow.check(answer, shape.selected) }
        let next = Int(answer.integer(placeColumn, row: row)) - 1
        while place < next, place < reads.count - 1 {
          try end(reads[place])
          place += 1
          rows.beginSymbol()
        }
        guard next == place else { throw .isOutOfOrder }
        try append(answer, row, reads[place], isSkipped: false)
        session.rowsSoFar = rows.count
        try session.lookUp()
      }
    }
    withExtendedLifetime(symbols) {}
    while true {
      try end(reads[place])
      place += 1
      guard place < reads.count else { break }
      rows.beginSymbol()
    }
  }

  private mutating func end(_ read: SeriesRead) throws(StoreError) {
    try settle(read)
    if MemoryShortage.isNoted { throw .noMemory() }
    rows.endSymbol(skip: 0, limit: read.limit, fromEnd: read.isFromEnd)
  }

  /// So many rows are taken together, which saves libpq a result for each; more would take memory as long as the read is.
  private static let mostAtOnce = 4096

  /// Takes a row. Of one that will be left out the features are not unpacked: the result has no columns for its keys.
  @inline(__always)
  private mutating func append(
    _ answer: borrowing Answer, _ row: Int, _ read: SeriesRead, isSkipped: Bool
  ) throws(StoreError) {
    guard let instant = answer.instant(0, row: row) else {
      throw BarRow.corruptTime(answer, row: row, read.key.text)
    }
    for place in 0..<columnCount {
      let (column, kind) = columns[unchecked: place]
      let field = place + BarRow.firstColumn
      if kind == .number {
        rows.numbers[unchecked: column].append(answer.double(field, row: row))
      } else if kind == .flag {
        rows.flags[unchecked: column].append(answer.bool(field, row: row) ? 1 : 0)
      } else if kind == .text {
        guard rows.texts[unchecked: column].append(answer.optionalBytes(field, row: row)) else {
          let place = "\(read.key.text) \(Timestamp.text(instant))"
          throw .corrupt("\(place): column '\(BarColumn.table[column].name)' is not UTF-8")
        }
      } else {
        let text = isSkipped ? nil : answer.optionalBytes(field, row: row)
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

extension BarReadSQL {
  /// Of `read`, with what it leaves out at the front.
  fileprivate init(_ read: SeriesRead, _ columns: BarColumns) {
    self.columns = columns
    hasStart = read.range.start != nil
    hasEnd = read.range.end != nil
    isFromEnd = read.isFromEnd
    if let limit = read.limit {
      let (wanted, isTooMany) = limit.addingReportingOverflow(read.skip)
      self.limit = LimitBound(isTooMany ? Int.max : wanted)
    }
  }
}

extension [SeriesRead] {
  /// Whether they are several and differ by their symbols alone, so that one statement reads them.
  var areAlike: Bool {
    guard count > 1, let first else { return false }
    return allSatisfy {
      $0.range == first.range && $0.limit == first.limit && $0.skip == 0 && $0.isFromEnd == first.isFromEnd
        && ExactText($0.key.timeframe) == ExactText(first.key.timeframe)
    }
  }
}

extension StoreError {
  fileprivate static var isOutOfOrder: StoreError {
    StoreError(
      .internalError, "the server gave series in another order than asked for. Please report this message")
  }
}
