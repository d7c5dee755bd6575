// SPDX-License-Identifier: MIT

/// Batches, in two messages each: the rows by COPY into a table of the session's own, and one statement that upserts them.
extension Session {
  /// Upserts the rows of a batch with the result of writing each in order. To be called within a transaction where
  /// features are merged; else it is its own where none is open.
  func upsert(_ batch: BorrowedBatch, replace: Bool, into table: String) throws(StoreError) {
    guard batch.count > 0 else { return try tellEnd() }
    try batch.checkKeyLengths()
    let order = try BatchOrder(batch)
    if batch.carriesFeatures, !replace {
      return try merge(batch, order, .merge, batch.carried, mayInsert: true, into: table)
    }
    let carried = batch.carried
    let name = try prepareUpsert(table, carried, replace: replace, .replace, isMerged: nil)
    let rows = BatchRows(batch, carried)
    var texts = try FeatureTexts(batch, isAsGiven: order.isAsGiven)
    try copyRows(carried, then: [name]) { writer throws(StoreError) in
      var place = 0
      while place < batch.count {
        let end = order.end(ofBarAt: place)
        let features =
          batch.carriesFeatures ? try texts.text(order, from: place, to: end, .replace) : nil
        // Of several rows of a bar each replaces the one before in all that is carried.
        try rows.write(order.row(end - 1), features: features, isMerged: true, to: &writer)
        place = end
        rowsSoFar = place
      }
      try tellEnd()
    }
  }

  /// Writes the features of bars that are stored already. To be called within a transaction.
  func writeFeatures(
    _ batch: BorrowedBatch, _ change: FeatureChange, into table: String
  ) throws(StoreError) {
    guard batch.count > 0 else { return try tellEnd() }
    try batch.checkKeyLengths()
    let order = try BatchOrder(batch)
    try merge(batch, order, change, .features, mayInsert: false, into: table)
  }

  /// Rows whose features are in memory together.
  private static let rowsAtOnce = 1 << 14
  /// Bytes of features that are, with a last row that may be as large as it likes.
  private static let bytesAtOnce = 16 << 20

  /// Takes bars in the order of their keys, some at a time: holds those that are stored, merges what they have with what
  /// is new, and upserts the result.
  private func merge(
    _ batch: BorrowedBatch, _ order: borrowing BatchOrder, _ change: FeatureChange, _ carried: BarColumns,
    mayInsert: Bool, into table: String
  ) throws(StoreError) {
    let rows = BatchRows(batch, carried)
    var texts = try FeatureTexts(batch, isAsGiven: order.isAsGiven)
    var keys = BarKeys(batch, batch.series)
    var part = PackedBars()
    var place = 0
    while place < batch.count {
      part.removeAll()
      keys.removeAll()
      let first = place
      while place < batch.count, part.count < Self.rowsAtOnce, part.bytes < Self.bytesAtOnce {
        let end = order.end(ofBarAt: place)
        let text = try texts.text(order, from: place, to: end, change)
        // A bar of which nothing is said needs no look, but where it must be there.
        let isAskedFor = text != nil || !mayInsert
        part.append(text, end: end, key: isAskedFor ? keys.count : -1)
        if isAskedFor { keys.append(order.row(end - 1)) }
        place = end
      }
      if MemoryShortage.isNoted { throw .noMemory() }
      let held =
        keys.count == 0
        ? HeldBars() : try HeldBars(keys, features: change == .merge, in: table, self)
      if !mayInsert, held.count < keys.count {
        throw try missingBar(batch, order, from: first, part, held, in: table)
      }
      try send(
        part, rows, held, &texts, batch, order, change, carried, areAllHeld: held.count == keys.count,
        into: table)
      rowsSoFar = place
    }
    try tellEnd()
  }

  private func send(
    _ part: borrowing PackedBars, _ rows: BatchRows, _ held: borrowing HeldBars,
    _ texts: inout FeatureTexts, _ batch: BorrowedBatch, _ order: borrowing BatchOrder,
    _ change: FeatureChange, _ carried: BarColumns, areAllHeld: Bool, into table: String
  ) throws(StoreError) {
    var names: [StatementName] = []
    if held.count > 0 || areAllHeld {
      names.append(
        try prepareUpsert(
          table, carried, replace: false, change == .replace ? .replace : .replaceWhereGiven, isMerged: true))
    }
    if !areAllHeld {
      names.append(try prepareUpsert(table, carried, replace: false, .onlyWhereNone, isMerged: false))
    }
    try copyRows(carried, then: names) { writer throws(StoreError) in
      for bar in 0..<part.count {
        let row = order.row(part.end(bar) - 1)
        let key = part.key(bar)
        var text = part.text(bar)
        if change == .merge, key >= 0, let new = text, let stored = held.features(key) {
          text = try texts.merged(stored, new) { batch.place(row) }
        }
        try rows.write(
          row, features: text, isMerged: key < 0 ? areAllHeld : held.holds(key), to: &writer)
      }
    }
  }

  /// The error of the batch's first row whose bar is not stored; those of the part that was looked at are known.
  private func missingBar(
    _ batch: BorrowedBatch, _ order: borrowing BatchOrder, from first: Int, _ part: borrowing PackedBars,
    _ held: borrowing HeldBars, in table: String
  ) throws(StoreError) -> StoreError {
    var row = Int.max
    var place = first
    for bar in 0..<part.count {
      if !held.holds(part.key(bar)) { row = min(row, order.row(place)) }
      place = part.end(bar)
    }
    var keys = BarKeys(batch, batch.series)
    while !order.isAsGiven, place < batch.count {
      keys.removeAll()
      let first = place
      while place < batch.count, keys.count < Self.rowsAtOnce {
        keys.append(order.row(place))
        place = order.end(ofBarAt: place)
      }
      let held = try HeldBars(keys, features: false, in: table, self)
      place = first
      for key in 0..<keys.count {
        if !held.holds(key) { row = min(row, order.row(place)) }
        place = order.end(ofBarAt: place)
      }
    }
    return .missingBar(batch.place(row), row: row)
  }

  // MARK: COPY

  private static let batchTableNumber = 1

  /// The table in which batches arrive; made where this session has none.
  private func prepareBatchTable() throws(StoreError) {
    guard !temporaryTables.contains(Self.batchTableNumber) else { return }
    try run(BarSQL.makeBatchTable)
    temporaryTables.insert(Self.batchTableNumber)
  }

  private func prepareUpsert(
    _ table: String, _ carried: BarColumns, replace: Bool, _ features: BarSQL.Features, isMerged: Bool?
  ) throws(StoreError) -> StatementName {
    try prepareBatchTable()
    let merged: UInt64 = isMerged.map { $0 ? 1 : 2 } ?? 0
    let variant = UInt64(carried.rawValue) | (replace ? 1 << 32 : 0) | features.rawValue << 33 | merged << 36
    let name = StatementName(.upsertBatch, variant: variant)
    try prepare(name) { BarSQL.upsertBatch(table, carried, replace: replace, features, isMerged: isMerged) }
    return name
  }

  /// Sends the rows that `fill` writes, and runs prepared statements over them, in one message.
  private func copyRows(
    _ carried: BarColumns, then names: [StatementName],
    _ fill: (inout CopyWriter) throws(StoreError) -> Void
  ) throws(StoreError) {
    let statements = names.map { "; EXECUTE \($0.text)" }.joined()
    // A transaction that goes on may bring the next batch. One that ends empties the table by itself.
    let emptying = isInTransaction ? "; \(BarSQL.emptyBatchTable)" : ""
    try copy(BarSQL.copy(into: BarSQL.batchTable, carried) + statements + emptying, fill)
  }
}

/// Bars with their features as they are stored, packed one behind the other.
private struct PackedBars: ~Copyable {
  private struct Bar: BitwiseCopyable {
    /// Behind the bar's last row in the batch's order.
    var end: Int
    /// Its number among the keys that are asked for; -1: it is not.
    var key: Int
    /// Where its text begins, and its length; -1 where it has none.
    var start: Int
    var length: Int
  }

  private var bars = ColumnBuffer<Bar>()
  private var texts = ByteBuffer(capacity: 1 << 12)

  var count: Int { bars.count }
  var bytes: Int { texts.count }

  mutating func removeAll() {
    bars.truncate(to: 0)
    texts.removeAll()
  }

  mutating func append(_ text: Bytes?, end: Int, key: Int) {
    bars.append(Bar(end: end, key: key, start: texts.count, length: text?.count ?? -1))
    if let text { texts.append(text) }
    if texts.isIncomplete { MemoryShortage.note() }
  }

  func end(_ bar: Int) -> Int { bars[bar].end }
  func key(_ bar: Int) -> Int { bars[bar].key }

  func text(_ bar: Int) -> Bytes? {
    let bar = bars[bar]
    return bar.length < 0 ? nil : Bytes(start: UnsafePointer(texts.base + bar.start), count: bar.length)
  }
}

extension BorrowedBatch {
  /// Refuses names that the server's index cannot hold: a row of it has 2,704 bytes, of which the times take some.
  func checkKeyLengths() throws(StoreError) {
    let longest = { (column: TextColumn) in column.values.reduce(0) { max($0, $1.count) } }
    guard longest(symbol) + longest(timeframe) > KeyLimit.bytes else { return }
    for row in 0..<count {
      try KeyLimit.check(symbol.text(row), timeframe.text(row), row: row) { place(row) }
    }
  }
}

/// The names of a series that the server's index can hold.
enum KeyLimit {
  static let bytes = 2_600

  static func check(
    _ symbol: Bytes?, _ timeframe: Bytes?, row: Int?, _ place: () -> String
  ) throws(StoreError) {
    let length = (symbol?.count ?? 0) + (timeframe?.count ?? 0)
    guard length > bytes else { return }
    throw .invalid(
      "\(place()): symbol and timeframe have \(length) bytes together; a store on a PostgreSQL server takes at most"
        + " \(bytes). Shorten the names", row: row, key: "symbol")
  }
}
