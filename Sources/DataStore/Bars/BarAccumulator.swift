// SPDX-License-Identifier: MIT
import Glibc

/// Collects rows that are read, column by column.
struct BarAccumulator: ~Copyable {
  struct TextCodes: ~Copyable {
    var dictionary = TextInterner()
    var codes = ColumnBuffer<Int32>()
    private var guess = -1

    /// False if it is not text: not valid UTF-8, or with a NUL in it.
    @inline(__always)
    mutating func append(_ text: Bytes?) -> Bool {
      guard let text else {
        codes.append(-1)
        return true
      }
      guard let code = code(text) else { return false }
      codes.append(code)
      return true
    }

    /// The number of a text; nil if it is not one.
    @inline(__always)
    mutating func code(_ text: Bytes) -> Int32? {
      if !dictionary.holds(text, at: guess), !look(for: text) { return nil }
      return Int32(truncatingIfNeeded: guess)
    }

    @inline(never)
    private mutating func look(for text: Bytes) -> Bool {
      if let known = dictionary.find(text) {
        guess = known
        return true
      }
      // Before it is known: if it comes again it must be refused again.
      guard text.isValidUTF8, !text.contains(0) else { return false }
      guess = dictionary.intern(text)
      return true
    }
  }

  let shape: ReadShape
  private var block: ColumnBlock?
  private(set) var timestamps = ColumnBuffer<Int64>()
  /// By the columns' numbers, each column in the array of its kind.
  var numbers = PerColumn<ColumnBuffer<Double>> { _ in ColumnBuffer() }
  var texts = PerColumn<TextCodes> { _ in TextCodes() }
  var flags = PerColumn<ColumnBuffer<UInt8>> { _ in ColumnBuffer() }
  var features: FeatureAccumulator

  /// Where each symbol's rows begin, in the order asked for.
  private(set) var starts: [Int] = []
  /// The last of them.
  private var start = 0
  /// True once the current rows are known not to ascend in time.
  private var isUnordered = false
  /// True once a timestamp in another tool's form was met among the rows of the current symbol.
  private(set) var metForeignForm = false

  init(_ shape: ReadShape) {
    self.shape = shape
    features = FeatureAccumulator(
      shape.features, keys: shape.featureKeys, hasValues: !shape.takesKeysAlone)
  }

  var count: Int { timestamps.count }

  /// Makes room for `rows` rows at once, where there is none yet and there are many. They may become more, or less.
  mutating func expect(rows: Int) {
    guard count == 0, block == nil else { return }
    features.expect(rows: rows)
    guard var block = ColumnBlock(bytes: bytes(rows)) else { return }
    timestamps.take(rows, from: &block)
    for column in shape.columns.indices {
      switch BarColumn.table[column].kind {
      case .number: numbers[column].take(rows, from: &block)
      case .text: texts[column].codes.take(rows, from: &block)
      case .flag: flags[column].take(rows, from: &block)
      case .features: break
      }
    }
    self.block = consume block
  }

  private func bytes(_ rows: Int) -> Int {
    shape.columns.indices.reduce(ColumnBlock.bytes(rows, Int64.self)) { sum, column in
      switch BarColumn.table[column].kind {
      case .number: sum + ColumnBlock.bytes(rows, Double.self)
      case .text: sum + ColumnBlock.bytes(rows, Int32.self)
      case .flag: sum + ColumnBlock.bytes(rows, UInt8.self)
      case .features: sum
      }
    }
  }

  mutating func beginSymbol() {
    start = count
    starts.append(start)
    metForeignForm = false
    features.beginSymbol()
  }

  /// The row's time; its other columns must follow.
  @inline(__always)
  mutating func append(timestamp: Int64, isForeign: Bool) {
    if isForeign { metForeignForm = true }
    let count = timestamps.count
    if count > start, timestamps[count - 1] > timestamp { isUnordered = true }
    timestamps.append(timestamp)
  }

  /// Whether a row of this time would not come before the last one of the current symbol.
  @inline(__always)
  func isInOrder(_ timestamp: Int64) -> Bool { count == start || timestamps[count - 1] <= timestamp }

  /// Room for the times of more rows, in order and in the stored form, which `advance` takes in; see `ColumnBuffer`.
  @inline(__always)
  mutating func reserveTimes(_ more: Int) -> UnsafeMutablePointer<Int64>? { timestamps.reserve(more) }

  /// Takes in rows, whose other columns must be there.
  @inline(__always)
  mutating func advanceTimes(by more: Int) { timestamps.advance(by: more) }

  mutating func restartSymbol() {
    features.restartSymbol()
    truncate(to: start)
    isUnordered = false
  }

  /// Puts the rows of the current symbol in the order of time, leaves `skip` of them out at the front, and cuts the
  /// rest to the first (or last) `limit`.
  mutating func endSymbol(skip: Int, limit: Int?, fromEnd: Bool) {
    // Columns that were refused memory are not of one length.
    guard !MemoryShortage.isNoted else { return }
    let rows = count - start
    let kept = min(max(rows - skip, 0), limit ?? Int.max)
    guard isUnordered || kept < rows else { return }
    guard let block = malloc(rows * MemoryLayout<Int>.stride) else { return MemoryShortage.note() }
    defer { free(block) }
    var order = UnsafeMutableBufferPointer(start: block.bindMemory(to: Int.self, capacity: rows), count: rows)
    _ = order.initialize(from: 0..<rows)
    if isUnordered {
      let times = timestamps.elements
      order.sort { (times[start + $0], $0) < (times[start + $1], $1) }
      isUnordered = false
    }
    let left = order.dropFirst(skip)
    reorder(from: start, by: fromEnd ? left.suffix(kept) : left.prefix(kept))
    truncate(to: start + kept)
  }

  mutating func finish() { features.finish(rows: count) }

  private mutating func reorder(from start: Int, by order: Slice<UnsafeMutableBufferPointer<Int>>) {
    let rows = count
    timestamps.reorder(from: start, by: order)
    for column in numbers.indices {
      // Those that are not read have no rows.
      numbers[column].reorder(from: start, by: order)
      texts[column].codes.reorder(from: start, by: order)
      flags[column].reorder(from: start, by: order)
    }
    if shape.features != .none { features.reorder(from: start, by: order, rows: rows) }
  }

  private mutating func truncate(to rows: Int) {
    timestamps.truncate(to: rows)
    for column in numbers.indices {
      numbers[column].truncate(to: rows)
      texts[column].codes.truncate(to: rows)
      flags[column].truncate(to: rows)
    }
    features.truncate(to: rows)
  }
}
