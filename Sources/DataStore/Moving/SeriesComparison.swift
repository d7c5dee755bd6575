// SPDX-License-Identifier: MIT

/// A place among the rows of one series.
struct RowCursor: ~Copyable {
  private var rows: SeriesRows
  private(set) var chunk: RowChunk?
  private(set) var row = 0
  private var bytes = RowBytes()

  init(_ rows: SeriesRows) { self.rows = rows }

  /// Goes to the first row, or the next one.
  mutating func advance() throws(StoreError) {
    if chunk != nil { row += 1 }
    while true {
      if let chunk {
        while row < chunk.count, !chunk.isLastOfInstant(row) { row += 1 }
        if row < chunk.count { return }
      }
      row = 0
      chunk = try rows.next()
      if chunk == nil { return }
    }
  }

  /// The time of the row; nil at the end.
  var time: Int64? { chunk.map { $0.times[row] } }

  /// Its bytes, valid until the next call.
  mutating func rowBytes() throws(StoreError) -> Bytes {
    guard let chunk else { return Bytes(start: nil, count: 0) }
    return try bytes.row(chunk, row, of: rows.key)
  }

  /// Those of one column.
  mutating func cellBytes(_ column: Int) throws(StoreError) -> Bytes {
    guard let chunk else { return Bytes(start: nil, count: 0) }
    return try bytes.cell(chunk, row, column, of: rows.key)
  }

  /// A value as a difference shows it.
  func shown(_ column: Int) -> String? {
    guard let chunk else { return nil }
    defer { withExtendedLifetime(chunk.bars) {} }
    switch BarColumn.table[column].kind {
    case .number:
      let value = chunk.bars.numbers(column)[row]
      return value.isNaN ? nil : NumberText.shown(value)
    case .text: return chunk.text(row, column)?.text
    case .flag: return chunk.bars.flags(column)[row] == 0 ? "0" : "1"
    case .features: return chunk.features(row)?.text
    }
  }
}

extension NumberText {
  /// A number as messages have it: the shortest digits that read back to the same bits.
  static func shown(_ value: Double) -> String {
    guard value.isFinite else { return value < 0 ? "-inf" : "inf" }
    var text = ByteBuffer()
    append(value, to: &text)
    return text.bytes.text
  }
}

/// Compares a series in two stores, row by row.
struct SeriesComparison: ~Copyable {
  private let key: SeriesKey
  private var here: RowCursor
  private var there: RowCursor
  private let call: LongCall
  /// Rows that only the other store has do not count.
  private let ignoresOthers: Bool

  init(
    _ key: SeriesKey, _ here: any Engine, _ there: any Engine, chunk: Int, _ call: LongCall,
    ignoresOthers: Bool = false
  ) {
    self.key = key
    self.here = RowCursor(SeriesRows(here, key, chunk: chunk))
    self.there = RowCursor(SeriesRows(there, key, chunk: chunk))
    self.call = call
    self.ignoresOthers = ignoresOthers
  }

  mutating func run(_ findings: inout Findings) throws(StoreError) {
    try here.advance()
    try there.advance()
    var rows = 0
    while !findings.isFull {
      // Now and then: it looks at the clock.
      if rows & 1023 == 0 { try call.check() }
      rows += 1
      switch (here.time, there.time) {
      case (nil, nil): return
      case (let first?, let second?) where first == second:
        try compare(&findings)
        try here.advance()
        try there.advance()
      case (let first?, let second) where second.map({ first < $0 }) ?? true:
        findings.add(difference(.onlyHere, first))
        try here.advance()
      case (_, let second):
        if ignoresOthers, here.time == nil { return }
        if !ignoresOthers { findings.add(difference(.onlyThere, second)) }
        try there.advance()
      }
    }
  }

  private mutating func compare(_ findings: inout Findings) throws(StoreError) {
    let mine = try here.rowBytes()
    if try there.rowBytes().equals(mine) { return }
    for column in BarColumn.table.indices {
      let mine = try here.cellBytes(column)
      if try there.cellBytes(column).equals(mine) { continue }
      findings.add(
        difference(.value, here.time).with(
          BarColumn.table[column].name, here.shown(column), there.shown(column)))
    }
  }

  private func difference(_ kind: StoreDifference.Kind, _ time: Int64?) -> StoreDifference {
    var difference = StoreDifference(.bar, kind)
    difference.symbol = key.symbol
    difference.timeframe = key.timeframe
    difference.time = time
    return difference
  }
}
