// SPDX-License-Identifier: MIT

/// Some rows of one series, with all columns and the features as text.
struct RowChunk {
  let bars: Bars
  /// How many of its rows count.
  let count: Int
  let times: UnsafeBufferPointer<Int64>
  /// Of the columns of texts, by their numbers.
  let codes: PerColumn<UnsafeBufferPointer<Int32>>
  let words: PerColumn<[Bytes]>

  init(_ bars: Bars, count: Int) {
    self.bars = bars
    self.count = count
    times = bars.timestampColumn
    codes = PerColumn { bars.texts($0).codes }
    words = PerColumn { bars.texts($0).dictionary }
  }

  /// Of several rows of one instant, which only other tools can have stored, the last one counts: that is what remains
  /// where they are written.
  func isLastOfInstant(_ row: Int) -> Bool { row + 1 >= count || times[row + 1] != times[row] }

  /// The text of a row; nil for NULL.
  func text(_ row: Int, _ column: Int) -> Bytes? {
    let code = Int(codes[column][row])
    return code < 0 ? nil : words[column][code]
  }

  /// The features of a row as they are stored; nil if it has none.
  func features(_ row: Int) -> Bytes? {
    bars.featuresText(row).map { Bytes(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
  }

  /// Lends some of its rows to `body` as a batch to be written.
  func lend(
    _ rows: ClosedRange<Int>, _ key: SeriesKey, _ body: (BorrowedBatch) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard let times = times.baseAddress else { return }
    let lender = Lender()
    var json = ColumnBuffer<UnsafePointer<CChar>?>()
    let first = rows.lowerBound
    var batch = BorrowedBatch(
      count: rows.count, timestamps: times + first, symbol: lender.lend(constant: key.symbol),
      timeframe: lender.lend(constant: key.timeframe))
    for column in BarColumn.table.indices {
      switch BarColumn.table[column].kind {
      case .number: batch.columns.numbers[column] = bars.numbers(column).baseAddress.map { $0 + first }
      case .flag: batch.columns.flags[column] = bars.flags(column).baseAddress.map { $0 + first }
      case .text:
        let words = self.words[column]
        batch.columns.texts[column] = TextColumn(
          codes: codes[column].baseAddress.map { $0 + first },
          values: UnsafeBufferPointer(start: lender.lend(words), count: words.count))
      case .features:
        var hasAny = false
        for row in rows {
          let text = bars.featuresText(row).map {
            UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)
          }
          hasAny = hasAny || text != nil
          json.append(text)
        }
        guard json.count == rows.count else { throw .shortOfMemory }
        // Where no row has any they are not carried, and none are left.
        if hasAny { batch.features.json = UnsafePointer(json.base) }
      }
    }
    try body(batch)
    withExtendedLifetime(json) {}
    withExtendedLifetime((lender, bars)) {}
  }
}

/// The rows of one series, ascending in time, some at a time; each chunk is a snapshot of its own. No chunk ends amid the
/// rows of one instant.
struct SeriesRows {
  let key: SeriesKey
  private let engine: any Engine
  private let chunk: Int
  private var range: TimeRange
  private var isAtEnd = false

  init(_ engine: any Engine, _ key: SeriesKey, _ range: TimeRange = .all, chunk: Int) {
    self.engine = engine
    self.key = key
    self.range = range
    self.chunk = min(chunk, Limits.rows)
  }

  /// The next rows, at least one; nil at the end.
  mutating func next() throws(StoreError) -> RowChunk? {
    var limit = chunk
    while !isAtEnd {
      let read = SeriesRead(key: key, range: range, limit: limit)
      let rows = try engine.readBars([read], ReadShape(features: .json), limit: nil)
      let bars = Bars(rows, symbols: [key.symbol], timeframe: key.timeframe)
      let times = bars.timestampColumn
      guard let last = times.last, times.count >= limit else {
        isAtEnd = true
        return times.isEmpty ? nil : RowChunk(bars, count: times.count)
      }
      // There may be more rows of the last instant: they come with the next chunk.
      var count = times.count
      while count > 0, times[count - 1] == last { count -= 1 }
      if count > 0 {
        range.start = last
        return RowChunk(bars, count: count)
      }
      guard limit < Limits.rows else {
        throw .corrupt("\(key.text) \(Timestamp.text(last)): too many rows of one instant; delete them")
      }
      limit = min(2 * limit, Limits.rows)
    }
    return nil
  }
}
