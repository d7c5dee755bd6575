// SPDX-License-Identifier: MIT

/// Collects the features of rows that are read: as texts, or unpacked to one column per key.
///
/// Unpacking lags behind: texts gather in chunks, and where there is more than one, a second thread works on them
/// while SQLite fetches on. `settle()` catches up.
struct FeatureAccumulator: ~Copyable {
  /// A row whose stored features are damaged.
  struct RowFault: Error {
    let row: Int
    let fault: FeatureFault
  }

  private static let chunkBytes = 1 << 18

  let mode: FeatureMode

  /// For `.json`: texts one after the other, each with its NUL, and where each row's begins (-1 where it has none).
  private(set) var texts = ByteBuffer()
  private(set) var offsets = ColumnBuffer<Int64>()

  /// For the other modes: the columns of all rows that are settled.
  private(set) var table: FeatureTable
  /// How many columns there were when the current symbol began.
  private var columnsBefore = 0
  private var chunk: FeatureChunk?
  private var spareChunks: [FeatureChunk] = []
  private let unpacker: FeatureUnpacker
  private var worker: FeatureWorker?
  private let makeWorkersUnpacker: () -> FeatureUnpacker

  /// `wanted` are the keys that get a column; nil: every key that is found. Without values the columns are empty.
  init(_ mode: FeatureMode, keys wanted: [String]?, hasValues: Bool = true) {
    self.mode = mode
    let hasQualities = mode == .columns
    makeWorkersUnpacker = {
      FeatureUnpacker(wanted: wanted, hasValues: hasValues, hasQualities: hasQualities)
    }
    unpacker = makeWorkersUnpacker()
    table = unpacker.emptyTable()
  }

  deinit { worker?.end() }

  /// See `BarAccumulator.expect`.
  mutating func expect(rows: Int) {
    if mode != .json { table.expect(rows: rows) }
  }

  /// Takes the features of row `row`; nil if it has none. What lies in a block is not copied.
  @inline(__always)
  mutating func append(_ text: Bytes?, row: Int, in block: ByteBlock.Reference?) throws(RowFault) {
    if mode == .json {
      guard let text else { return offsets.append(-1) }
      offsets.append(Int64(texts.count))
      texts.append(text)
      texts.append(0)
      return
    }
    guard let text else { return }
    let chunk = self.chunk ?? emptyChunk(row)
    if chunk.append(text, row: row, in: block) >= Self.chunkBytes { try submit(chunk) }
  }

  private mutating func emptyChunk(_ row: Int) -> FeatureChunk {
    let empty = spareChunks.popLast() ?? FeatureChunk()
    empty.restart(at: row)
    chunk = empty
    return empty
  }

  private mutating func submit(_ full: FeatureChunk) throws(RowFault) {
    chunk = nil
    if worker == nil { worker = FeatureWorker(makeWorkersUnpacker()) }
    guard let worker else { return try unpackHere(full) }
    worker.submit(full, helper: unpacker)
    while let done = worker.takeBack(isLast: false, helper: unpacker) { try take(done) }
  }

  /// Brings the columns up to the rows that were appended.
  mutating func settle() throws(RowFault) {
    while let done = worker?.takeBack(isLast: true, helper: unpacker) { try take(done) }
    worker?.end()
    worker = nil
    spareChunks = []
    if let rest = chunk {
      chunk = nil
      try unpackHere(rest)
      // The next of many symbols takes it.
      rest.empty()
      spareChunks = [rest]
    }
  }

  mutating func beginSymbol() { columnsBefore = table.columnCount }

  /// Drops the symbol's texts that are not settled, and the columns that its rows brought: they are about to be read
  /// again, and maybe not all of them.
  mutating func restartSymbol() {
    while worker?.takeBack(isLast: true, helper: unpacker) != nil {}
    worker?.end()
    worker = nil
    spareChunks = []
    chunk = nil
    table.dropColumns(from: columnsBefore)
  }

  private mutating func take(_ chunk: FeatureChunk) throws(RowFault) {
    guard let done = chunk.unpacked else { return }
    table.append(done.table, keys: done.keys, at: chunk.firstRow)
    chunk.empty()
    spareChunks.append(chunk)
    if done.isIncomplete { MemoryShortage.note() }
    if let damaged = done.fault { throw RowFault(row: damaged.row, fault: damaged.fault) }
  }

  private mutating func unpackHere(_ chunk: FeatureChunk) throws(RowFault) {
    if let damaged = unpacker.unpack(chunk, into: &table, shift: chunk.firstRow) {
      throw RowFault(row: damaged.row, fault: damaged.fault)
    }
  }

  // MARK: Settled rows

  mutating func finish(rows: Int) {
    spareChunks = []
    table.finish(rows: rows)
  }

  mutating func reorder<Order: Collection>(from start: Int, by permutation: Order, rows: Int)
  where Order.Element == Int {
    if mode == .json { return offsets.reorder(from: start, by: permutation) }
    table.reorder(from: start, by: permutation, rows: rows)
  }

  mutating func truncate(to rows: Int) {
    if mode == .json { return offsets.truncate(to: rows) }
    table.truncate(to: rows)
  }
}
