// SPDX-License-Identifier: MIT

/// Reads of bars.
extension Session {
  /// Gathers the rows of each series in turn, at most `limit` in all. To be called within a snapshot
  /// where there are several that are not alike.
  func readBars(
    _ reads: [SeriesRead], _ shape: ReadShape, limit: Int?, from table: String
  ) throws(StoreError) -> BarAccumulator {
    var gathering = BarGathering(shape)
    if reads.areAlike {
      try gathering.gatherAll(reads, limit: limit, from: table, self)
      return gathering.end()
    }
    var left = limit
    for read in reads {
      var read = read
      if let left { read.limit = min(left, read.limit ?? Int.max) }
      let rows = try gathering.gather(read, from: table, self)
      left = left.map { $0 - rows }
    }
    return gathering.end()
  }

  /// How many rows that read would have.
  func expectedRows(_ reads: [SeriesRead], limit: Int?, in table: String) throws(StoreError) -> Int {
    var rows = 0
    for read in reads {
      let found = max(try countBars(read.key, read.range, in: table) - read.skip, 0)
      rows += min(found, read.limit ?? Int.max)
    }
    return min(rows, limit ?? Int.max)
  }

  /// Lends the latest bar of a series to `body`, if there is one: its texts lie in the server's answer.
  func latestBar(
    _ symbol: Bytes, _ timeframe: Bytes, from table: String, _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError) {
    parameters.add(symbol)
    parameters.add(timeframe)
    let answer = try execute(StatementName(.latestBar)) { BarReadSQL.latest(table) }
    guard answer.rows > 0 else { return }
    try BarRow.check(answer, .everything)
    let series = "\(symbol.text) \(timeframe.text)"
    guard let instant = answer.instant(0) else { throw BarRow.corruptTime(answer, row: 0, series) }
    try BorrowedBar.with(instant, .everything) { bar throws(StoreError) in
      for column in BarColumn.table.indices {
        let place = column + BarRow.firstColumn
        switch BarColumn.table[column].kind {
        case .number: bar.fields[column].number = answer.double(place)
        case .flag: bar.fields[column].flag = answer.bool(place) ? 1 : 0
        case .text, .features: bar.fields[column].text = answer.optionalBytes(place)
        }
      }
      if let features = bar.features {
        var texts = FeatureTextPacker()
        do throws(FeatureFault) { try texts.check(features) } catch {
          throw BarRow.corruptFeatures(error, "\(series) \(Timestamp.text(instant))")
        }
      } else {
        bar.carried = .all
      }
      try body(bar)
    }
  }

  func hasBars(_ key: SeriesKey, in table: String) throws(StoreError) -> Bool {
    add(key, .all)
    return try execute(StatementName(.hasBars)) { BarReadSQL().exists(table) }.rows > 0
  }

  /// How many rows a read of this range would have.
  func countBars(_ key: SeriesKey, _ range: TimeRange, in table: String) throws(StoreError) -> Int {
    guard range.start ?? .min <= range.end ?? .max else { return 0 }
    let sql = BarReadSQL(hasStart: range.start != nil, hasEnd: range.end != nil)
    add(key, range)
    let answer = try execute(StatementName(.countBars, variant: sql.variant)) { sql.count(table) }
    let count = Int(answer.integer(0))
    guard count > 0, answer.columns == 3 else { return count }
    for column in [1, 2] {
      let end = ServerTime(microseconds: answer.integer(column), nanoseconds: 0)
      // Of the first microsecond a store keeps the end alone.
      let isKept = end.instant != nil || end.microseconds == ServerTime(.min + 1).microseconds
      guard isKept else { throw BarRow.corruptTime(end.microseconds, 0, key.text) }
    }
    return count
  }

  /// Hands over the times that a read of this range would have.
  func barTimes(
    _ key: SeriesKey, _ range: TimeRange, in table: String, _ taker: any TimesTaker
  ) throws(StoreError) {
    if range.start ?? .min <= range.end ?? .max {
      let sql = BarReadSQL(hasStart: range.start != nil, hasEnd: range.end != nil)
      add(key, range)
      var times = ColumnBuffer<Int64>()
      rowsSoFar = 0
      let name = StatementName(.barTimes, variant: sql.variant)
      try execute(name, sql.rows(table)) { answer throws(StoreError) in
        guard let instant = answer.instant(0) else { throw BarRow.corruptTime(answer, row: 0, key.text) }
        times.append(instant)
        rowsSoFar += 1
        try lookUp()
        if times.count == Self.timesAtOnce {
          taker.take(times.elements)
          times.truncate(to: 0)
        }
      }
      if times.count > 0 { taker.take(times.elements) }
    }
    taker.end()
    if MemoryShortage.isNoted { throw .noMemory() }
  }

  private static let timesAtOnce = 4096

  /// The keys of the features that the rows of each series have, at most `limit` rows in all, sorted by bytes. To be called
  /// within a snapshot.
  func featureKeys(_ reads: [SeriesRead], limit: Int?, in table: String) throws(StoreError) -> [String] {
    var shape = ReadShape(columns: [], features: .values)
    shape.takesKeysAlone = true
    var keys: Set<ExactText> = []
    var left = limit ?? Int.max
    for read in reads {
      var place = ChunkPlace()
      while left > 0 {
        let asked = min(Self.keyRowsAtOnce, left)
        let rows = try readBars([place.part(of: read, limit: asked)], shape, limit: nil, from: table)
        if rows.features.table.columnCount > 0 {
          for key in rows.features.table.columnKeys { keys.insert(ExactText(key.text)) }
        }
        place.advance(over: rows.timestamps.elements)
        left -= rows.count
        if rows.count < asked { break }
      }
    }
    return keys.sorted().map(\.text)
  }

  /// Rows that are looked at together: what is kept of them does not grow with the range.
  private static let keyRowsAtOnce = 1 << 16
}
