// SPDX-License-Identifier: MIT
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

/// Where a series' bars begin in the index: at the first entry that is not before these.
struct IndexPlace {
  let symbol: Bytes
  let timeframe: Bytes
  let timestamp: Bytes

  func isAfter(_ entry: IndexEntry) -> Bool {
    for (mine, other) in [
      (symbol, entry.symbol), (timeframe, entry.timeframe), (timestamp, entry.timestamp),
    ] {
      let order = mine.order(other)
      if order != 0 { return order > 0 }
    }
    return false
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

  init(root: UInt32) { stack = PageStack(root: root, interior: .indexInterior, leaf: .indexLeaf) }

  enum Step {
    case entry(IndexEntry)
    case end
    /// Something here is not as it should be, or is too rare to be looked after here: SQLite has to.
    case unclear
  }

  /// The first entry that is not before `place`.
  mutating func seek(_ place: IndexPlace, _ source: inout PageSource) -> Step {
    guard stack.enterRoot(&source) else { return .unclear }
    while true {
      // The first cell that is not before the place.
      var low = 0
      var high = stack.page.cellCount
      while low < high {
        let middle = (low + high) / 2
        guard let entry = stack.page.indexEntry(middle) else { return .unclear }
        if place.isAfter(entry) { low = middle + 1 } else { high = middle }
      }
      stack.cell = low
      if stack.isLeaf { return current() }
      guard stack.enterChild(&source) else { return .unclear }
    }
  }

  @inline(__always)
  mutating func next(_ source: inout PageSource) -> Step {
    stack.cell += 1
    if stack.isLeaf { return current() }
    // After an inner entry come those of the child to its right.
    while !stack.isLeaf {
      guard stack.enterChild(&source) else { return .unclear }
    }
    return current()
  }

  /// How many entries there are from `place` on up to the first that `isPast`; nil if that cannot be told, or is
  /// not to be. Of a page that lies within them whole, the last entry is looked at and no other.
  mutating func count(
    from place: IndexPlace, until isPast: (IndexEntry) -> Bool, unless shouldStop: () -> Bool,
    _ source: inout PageSource
  ) -> Int? {
    var step = seek(place, &source)
    var count = 0
    while case .entry(let found) = step {
      if isPast(found) { return count }
      if stack.isLeaf {
        let last = stack.page.cellCount - 1
        guard !shouldStop(), let end = stack.page.indexEntry(last) else { return nil }
        if isPast(end) { return count + self.count(from: stack.cell, upTo: last, until: isPast) }
        count += last - stack.cell
        stack.cell = last
      }
      count += 1
      step = next(&source)
    }
    if case .end = step { return count }
    return nil
  }

  /// Whether the times of all entries from `place` on are in the stored form, up to `end` or the end of the series; nil if
  /// that cannot be told.
  mutating func areStored(
    from place: IndexPlace, before end: Bytes?, _ date: inout TimestampParser.DateMemo,
    unless shouldStop: () -> Bool,
    _ source: inout PageSource
  ) -> Bool? {
    var step = seek(place, &source)
    var seen = 0
    while case .entry(let entry) = step {
      guard entry.symbol.equalsWord(place.symbol), entry.timeframe.equalsWord(place.timeframe) else {
        return true
      }
      if let end, entry.timestamp.order(end) >= 0 { return true }
      guard TimestampParser.stored(entry.timestamp, &date) != nil else { return false }
      seen += 1
      if seen & 1023 == 0, shouldStop() { return nil }
      step = next(&source)
    }
    if case .end = step { return true }
    return nil
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
  private mutating func current() -> Step {
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
