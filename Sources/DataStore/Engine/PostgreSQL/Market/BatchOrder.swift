// SPDX-License-Identifier: MIT

/// The rows of a batch in the order of their bars' keys; those of one bar stand together, as they stood in the batch.
///
/// Writers that take rows in one order rarely wait for each other in a circle, and a statement may name a bar once only.
struct BatchOrder: ~Copyable {
  let count: Int
  private let timestamps: UnsafePointer<Int64>
  private var symbols: Ranks
  private var timeframes: Ranks
  /// By place: which row stands there. Empty where the batch is in order as it is.
  private var rows = ColumnBuffer<Int32>()

  init(_ batch: BorrowedBatch) throws(StoreError) {
    count = batch.count
    timestamps = batch.timestamps
    let isOfOneSeries = batch.series != nil
    symbols = Ranks(isOfOneSeries ? .empty : batch.symbol)
    timeframes = Ranks(isOfOneSeries ? .empty : batch.timeframe)
    if !isInOrder, let place = rows.reserve(count) {
      var order = UnsafeMutableBufferPointer(start: place, count: count)
      for row in 0..<count { (place + row).initialize(to: Int32(truncatingIfNeeded: row)) }
      order.sort { comes(Int($0), before: Int($1)) }
      rows.advance(by: count)
    }
    if MemoryShortage.isNoted { throw .noMemory(count * MemoryLayout<Int32>.stride) }
  }

  /// Whether the rows stand as they do in the batch.
  var isAsGiven: Bool { rows.count == 0 }

  @inline(__always)
  func row(_ place: Int) -> Int { rows.count == 0 ? place : Int(rows[place]) }

  /// Behind the last row of the bar whose first row stands at `place`.
  @inline(__always)
  func end(ofBarAt place: Int) -> Int {
    let first = row(place)
    var end = place + 1
    while end < count, isSameBar(first, row(end)) { end += 1 }
    return end
  }

  /// Behind the last row of the series whose first row stands at `place`.
  func end(ofSeriesAt place: Int) -> Int {
    let first = row(place)
    var end = place + 1
    while end < count, symbols[first] == symbols[row(end)], timeframes[first] == timeframes[row(end)] {
      end += 1
    }
    return end
  }

  private var isInOrder: Bool {
    for row in 1..<max(count, 1) where comes(row, before: row - 1) { return false }
    return true
  }

  @inline(__always)
  private func isSameBar(_ left: Int, _ right: Int) -> Bool {
    timestamps[left] == timestamps[right] && symbols[left] == symbols[right]
      && timeframes[left] == timeframes[right]
  }

  @inline(__always)
  private func comes(_ left: Int, before right: Int) -> Bool {
    (symbols[left], timeframes[left], timestamps[left], left)
      < (symbols[right], timeframes[right], timestamps[right], right)
  }
}

/// The places of a column's texts in the order of their bytes, by row. A dictionary may hold a text twice.
private struct Ranks: ~Copyable {
  private let codes: UnsafePointer<Int32>?
  private var ranks = ColumnBuffer<Int32>()

  /// For a column that has a text in every row, or none at all.
  init(_ column: TextColumn) {
    codes = column.values.count > 1 ? column.codes : nil
    guard codes != nil else { return }
    let values = column.values
    guard let ranks = self.ranks.reserve(2 * values.count) else { return }
    var order = UnsafeMutableBufferPointer(start: ranks + values.count, count: values.count)
    for value in values.indices { order[value] = Int32(truncatingIfNeeded: value) }
    order.sort { values[Int($0)].order(values[Int($1)]) < 0 }
    var rank: Int32 = 0
    for (place, value) in order.enumerated() {
      if place > 0, !values[Int(value)].equals(values[Int(order[place - 1])]) { rank += 1 }
      ranks[Int(value)] = rank
    }
    self.ranks.advance(by: values.count)
  }

  @inline(__always)
  subscript(_ row: Int) -> Int32 {
    guard let codes, ranks.count > 0 else { return 0 }
    return ranks[Int(codes[row])]
  }
}
