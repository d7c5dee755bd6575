// SPDX-License-Identifier: MIT
import CNumbers
import Glibc

/// An entry of the index over (symbol, timeframe, timestamp).
struct IndexEntry {
  let symbol: Bytes
  let timeframe: Bytes
  let timestamp: Bytes
  let rowid: Int64

  /// nil if it is not three texts and a whole number.
  @inline(__always)
  init?(_ record: Bytes) {
    guard let start = record.baseAddress else { return nil }
    var header = 0
    guard let headerSize = Varint.read(record, &header),
      let symbolType = Varint.read(record, &header), let timeframeType = Varint.read(record, &header),
      let timestampType = Varint.read(record, &header), let rowidType = Varint.read(record, &header),
      header == headerSize,
      let symbolSize = RecordValue.textSize(symbolType),
      let timeframeSize = RecordValue.textSize(timeframeType),
      let timestampSize = RecordValue.textSize(timestampType),
      let rowidSize = RecordValue.integerSize(rowidType),
      // Each is below 2^31, as the record is.
      header + symbolSize + timeframeSize + timestampSize + rowidSize == record.count
    else { return nil }
    symbol = Bytes(start: start + header, count: symbolSize)
    timeframe = Bytes(start: start + header + symbolSize, count: timeframeSize)
    timestamp = Bytes(start: start + header + symbolSize + timeframeSize, count: timestampSize)
    rowid = RecordValue.integer(rowidType, timestamp.baseAddress.unsafelyUnwrapped + timestampSize)
  }
}

/// A place in the index: before or behind an entry, whether there is one or not.
struct IndexPlace {
  /// Where the place is: before the entry of these bytes, behind it, or behind all of the series.
  enum Side {
    case before
    case behind
    case behindSeries
  }

  /// Symbol, timeframe and timestamp, one behind the other, as in the index; behind a series no timestamp.
  private let key: Bytes
  private let symbolBytes: Int
  private let seriesBytes: Int
  private let side: Side
  /// The types of symbol and timeframe, where they are of one byte; 0 is not a text's.
  private let types: (symbol: UInt8, timeframe: UInt8)
  /// The same for a search at a glance.
  private var atAGlance: cnumbers_index_place?

  /// The place of `key`, which begins with names of so many bytes and outlives it.
  init(_ side: Side, _ key: Bytes, symbolBytes: Int, timeframeBytes: Int) {
    self.key = key
    self.symbolBytes = symbolBytes
    seriesBytes = symbolBytes + timeframeBytes
    self.side = side
    func type(_ bytes: Int) -> UInt8 { bytes < 58 ? UInt8(truncatingIfNeeded: 13 + 2 * bytes) : 0 }
    types = (type(symbolBytes), type(timeframeBytes))
    guard let start = key.baseAddress, types.symbol != 0, types.timeframe != 0 else { return }
    var first: UInt64 = 0
    if key.count >= 8 {
      first = UInt64(bigEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
    } else if !key.isEmpty {
      first = key.reduce(0) { $0 << 8 | UInt64($1) } << UInt64(8 * (8 - key.count))
    }
    atAGlance = cnumbers_index_place(
      key: start, bytes: key.count, names: seriesBytes, first: first,
      beginning: UInt32(types.timeframe) << 24 | UInt32(types.symbol) << 16 | 5 << 8,
      if_same: side == .before ? -1 : 1, if_longer: side == .behindSeries ? 1 : -1)
  }

  /// The first cell from `first` on that is behind this place; the count of cells if none is. `endsBehind`: most likely
  /// none is.
  func firstCell(from first: Int = 0, of page: BTreePage, endsBehind: Bool = false) -> Int? {
    var low = first
    var high = page.cellCount
    guard low < high else { return high }
    if var atAGlance {
      if endsBehind, page.firstCell(&atAGlance, from: high - 1, to: high) == high { return high }
      if let found = page.firstCell(&atAGlance, from: low, to: high) { return found }
    }
    while low < high {
      let middle = (low + high) / 2
      guard let isAfter = isAfter(middle, of: page) else { return nil }
      if isAfter { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether it is behind the entry in a cell of a page; nil if that is not one of ours, or goes on in other pages.
  @inline(__always)
  func isAfter(_ cell: Int, of page: BTreePage) -> Bool? {
    guard let payload = page.payload(cell), payload.overflow == 0 else { return nil }
    guard let order = orderOfOneLength(payload.local) else { return IndexEntry(payload.local).map(isAfter) }
    return order == 0 ? side != .before : order > 0
  }

  /// How it compares with a record whose symbol and timeframe are as long as its own, as most are: all is compared at once.
  /// nil if the record is not such a one.
  @inline(__always)
  private func orderOfOneLength(_ record: Bytes) -> Int? {
    guard record.count >= 5, let start = record.baseAddress, let key = key.baseAddress, start[0] == 5,
      start[1] == types.symbol, start[2] == types.timeframe, start[3] & 0x81 == 1, start[3] >= 13,
      let rowidSize = RecordValue.integerSize(UInt64(start[4]))
    else { return nil }
    let timestampBytes = Int(start[3] &- 13) / 2
    guard 5 + seriesBytes + timestampBytes + rowidSize == record.count else { return nil }
    let bytes = self.key.count
    let order = memcmp(key, start + 5, min(bytes, seriesBytes + timestampBytes))
    if order != 0 || side == .behindSeries { return Int(order) }
    return bytes - seriesBytes - timestampBytes
  }

  private func isAfter(_ entry: IndexEntry) -> Bool {
    var order = Bytes(rebasing: key[..<symbolBytes]).order(entry.symbol)
    if order == 0 { order = Bytes(rebasing: key[symbolBytes..<seriesBytes]).order(entry.timeframe) }
    if order == 0, side != .behindSeries {
      order = Bytes(rebasing: key[seriesBytes...]).order(entry.timestamp)
    }
    return order == 0 ? side != .before : order > 0
  }
}

extension Bytes {
  /// As SQLite's BINARY has it: below 0 where this comes first, 0 where both are the same.
  func order(_ other: Bytes) -> Int {
    if let mine = baseAddress, let theirs = other.baseAddress {
      let order = memcmp(mine, theirs, Swift.min(count, other.count))
      if order != 0 { return Int(order) }
    }
    return count - other.count
  }
}

/// Goes through an index in order. Its inner pages hold entries, too, each between those of two children.
struct IndexCursor: ~Copyable {
  private var stack: PageStack

  /// `runs` may be shared with the table.
  init(root: UInt32, pageSize: Int, _ runs: PageRuns = PageRuns()) {
    stack = PageStack(root: root, interior: .indexInterior, leaf: .indexLeaf, pageSize: pageSize, runs)
  }

  /// Lets go of what only the current read transaction needs.
  mutating func end() { stack.end() }

  enum Step {
    case entry(IndexEntry)
    case end
    /// Something here is not as it should be, or is too rare to be looked after here: SQLite has to.
    case unclear
  }

  /// The first entry behind `place`.
  mutating func seek(_ place: IndexPlace, _ source: inout PageSource) -> Step {
    guard stack.enterRoot(&source) else { return .unclear }
    while true {
      guard let cell = place.firstCell(of: stack.page) else { return .unclear }
      stack.cell = cell
      if stack.isLeaf { return current() }
      guard stack.enterChild(&source) else { return .unclear }
    }
  }

  /// Goes back over `count` entries from where `seek` has led, to the first of them, as long as all are `isWithin`. nil if
  /// there are fewer, or that cannot be told, or is not to be: then it stands anywhere.
  mutating func back(
    _ count: Int, while isWithin: (IndexEntry) -> Bool, unless shouldStop: () -> Bool,
    _ source: inout PageSource
  ) -> IndexEntry? {
    var left = count
    var first: IndexEntry?
    // Behind the last entry of a page `seek` has gone up already.
    while left > 0 {
      // The entry before an inner one is the last below the child to its left.
      while !stack.isLeaf {
        guard stack.enterChild(&source) else { return nil }
        stack.cell = stack.page.cellCount
      }
      if shouldStop() { return nil }
      // Entries ascend: of a page that lies within whole, no other than the first is looked at.
      let steps = min(stack.cell, left)
      if steps > 0 {
        stack.cell -= steps
        left -= steps
        guard let entry = stack.page.indexEntry(stack.cell), isWithin(entry) else { return nil }
        first = entry
      }
      if left == 0 { break }
      while stack.cell == 0 {
        if stack.isAtRoot { return nil }
        stack.leave()
      }
      stack.cell -= 1
      left -= 1
      guard let entry = stack.page.indexEntry(stack.cell), isWithin(entry) else { return nil }
      first = entry
    }
    return first
  }

  /// Whether the first entry that `isPast`, seen from where `seek` has led, is a few leaves on at most.
  func endsSoon(_ isPast: (IndexEntry) -> Bool) -> Bool {
    guard stack.isLeaf else { return false }
    if let last = stack.page.indexEntry(stack.page.cellCount - 1), isPast(last) { return true }
    guard let (page, cell) = stack.parent, let entry = page.indexEntry(min(cell + 3, page.cellCount - 1))
    else {
      return false
    }
    return isPast(entry)
  }

  @inline(__always)
  mutating func next(_ source: inout PageSource) -> Step { advance(&source) ? current() : .unclear }

  /// Goes on behind the current entry; false if that is not to be had.
  @inline(__always)
  mutating func advance(_ source: inout PageSource) -> Bool {
    stack.cell += 1
    // After an inner entry come those of the child to its right.
    while !stack.isLeaf {
      guard stack.enterChild(&source) else { return false }
    }
    return true
  }

  /// Hands the entries from where `seek` has led up to a place to `take`, those of a leaf together: the page, the first of
  /// them and the one behind the last. False if that is not to be had, or is not to be, or `take` says so.
  mutating func forEachRun(
    upTo end: IndexPlace, unless shouldStop: () -> Bool, _ source: inout PageSource,
    take: (BTreePage, Int, Int) -> Bool
  ) -> Bool {
    while true {
      while stack.cell >= stack.page.cellCount {
        if stack.isAtRoot { return true }
        stack.leave()
      }
      let (page, first) = (stack.page, stack.cell)
      if stack.isLeaf {
        guard let stop = end.firstCell(from: first, of: page, endsBehind: true), take(page, first, stop)
        else {
          return false
        }
        if stop < page.cellCount { return true }
        stack.cell = stop
      } else {
        guard let isWithin = end.isAfter(first, of: page) else { return false }
        guard isWithin else { return true }
        guard take(page, first, first + 1), !shouldStop(), advance(&source) else { return false }
      }
    }
  }

  /// The current page, where it is a leaf, and the place in it, which may be behind its last entry.
  var leaf: (page: BTreePage, cell: Int)? { stack.isLeaf ? (stack.page, stack.cell) : nil }

  /// Goes on in the current page.
  mutating func move(to cell: Int) { stack.cell = cell }

  /// About how many entries there are from where `seek` has led, up to the first that `isPast`: rather more than fewer. nil
  /// if that cannot be told, or is not to be. Afterwards it stands anywhere.
  ///
  /// It counts the leaves below inner pages, and looks at one below each. To go through all of them would be to read the
  /// index twice.
  mutating func estimate(
    until isPast: (IndexEntry) -> Bool, unless shouldStop: () -> Bool, _ source: inout PageSource
  ) -> Int? {
    if !stack.isLeaf, !advance(&source) { return nil }
    var leaves = 1
    var seen = (leaves: 1, entries: stack.page.cellCount)
    if stack.isAtRoot { return seen.entries }
    stack.leave()
    let level = stack.level
    while !shouldStop() {
      // Of each entry that is within, the leaf behind it.
      let first = stack.cell
      let within = count(from: first, upTo: stack.page.cellCount, until: isPast)
      leaves += within
      if first + within < stack.page.cellCount { return Self.estimate(leaves, seen) }
      repeat {
        if stack.isAtRoot { return Self.estimate(leaves, seen) }
        stack.leave()
      } while stack.cell >= stack.page.cellCount
      guard let entry = stack.page.indexEntry(stack.cell) else { return nil }
      if isPast(entry) { return Self.estimate(leaves, seen) }
      stack.cell += 1
      while stack.level <= level {
        guard !stack.isLeaf, stack.enterChild(&source) else { return nil }
      }
      guard stack.isLeaf else { return nil }
      leaves += 1
      seen.leaves += 1
      seen.entries += stack.page.cellCount
      stack.leave()
    }
    return nil
  }

  /// With an entry behind each leaf, and a sixteenth more.
  private static func estimate(_ leaves: Int, _ seen: (leaves: Int, entries: Int)) -> Int {
    leaves * (seen.entries + seen.leaves) / seen.leaves * 17 / 16
  }

  /// How many cells of the current leaf, from `first` on, come before the first that `isPast`; the one at `end` is.
  private func count(from first: Int, upTo end: Int, until isPast: (IndexEntry) -> Bool) -> Int {
    var low = first
    var high = end
    while low < high {
      let middle = (low + high) / 2
      guard let entry = stack.page.indexEntry(middle) else { break }
      if isPast(entry) { high = middle } else { low = middle + 1 }
    }
    return low - first
  }

  /// The current entry; where the page has no more, that of the page above.
  @inline(__always)
  mutating func current() -> Step {
    while stack.cell >= stack.page.cellCount {
      if stack.isAtRoot { return .end }
      stack.leave()
    }
    guard let entry = stack.page.indexEntry(stack.cell) else { return .unclear }
    return .entry(entry)
  }
}

extension BTreePage {
  /// The entry in a cell of an index; nil if it is not one of ours, or goes on in other pages.
  @inline(__always)
  func indexEntry(_ cell: Int) -> IndexEntry? {
    guard let payload = payload(cell), payload.overflow == 0 else { return nil }
    return IndexEntry(payload.local)
  }
}
