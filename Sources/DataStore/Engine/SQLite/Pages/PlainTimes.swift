// SPDX-License-Identifier: MIT

/// Looks for times in other forms than the stored one, over the pages of the index.
extension KeptTrees {
  /// What was looked at was in the stored form. Whether the series ends there.
  struct Plain {
    let isToTheEnd: Bool
  }

  /// Whether all texts of a series that are written of times from `span.low` to `span.high` are in the stored form; nil where
  /// they are not, and where that is SQLite's to find out.
  func plainTimes(
    _ symbol: Bytes, _ timeframe: Bytes, _ span: TimeForms.Written, _ root: UInt32, _ snapshot: Snapshot,
    unless shouldStop: () -> Bool
  ) -> Plain? {
    let windows = span.windows
    var isBefore = false
    guard
      let found = plainTimes(
        symbol, timeframe, windows.main, before: windows.space?.low, isBefore: &isBefore, root, snapshot,
        unless: shouldStop)
    else { return nil }
    if let space = windows.space, !isBefore {
      guard plainTimes(symbol, timeframe, space, root, snapshot, unless: shouldStop) != nil else {
        return nil
      }
    }
    if let basic = windows.basic, !found.isToTheEnd {
      guard plainTimes(symbol, timeframe, basic, root, snapshot, unless: shouldStop) != nil else {
        return nil
      }
    }
    return found
  }

  /// Likewise within one window of texts.
  func plainTimes(
    _ symbol: Bytes, _ timeframe: Bytes, _ window: TimeForms.Window, _ root: UInt32, _ snapshot: Snapshot,
    unless shouldStop: () -> Bool
  ) -> Plain? {
    var isBefore = false
    return plainTimes(
      symbol, timeframe, window, before: nil, isBefore: &isBefore, root, snapshot, unless: shouldStop)
  }

  /// `isBefore` becomes true if it is seen in passing that the entry before the window comes before the text `before`.
  private func plainTimes(
    _ symbol: Bytes, _ timeframe: Bytes, _ window: TimeForms.Window, before: TimeText?, isBefore: inout Bool,
    _ root: UInt32, _ snapshot: Snapshot, unless shouldStop: () -> Bool
  ) -> Plain? {
    func place(_ text: TimeText?, in key: inout ByteBuffer) -> IndexPlace? {
      key.removeAll()
      key.append(symbol)
      key.append(timeframe)
      text?.withBytes { key.append($0) }
      guard !key.isIncomplete else { return nil }
      return IndexPlace(
        text == nil ? .behindSeries : .before, key.bytes, symbolBytes: symbol.count,
        timeframeBytes: timeframe.count)
    }
    guard let begin = place(window.low, in: &low), let end = place(window.high, in: &high),
      var (leaf, cell) = firstLeaf(begin, root, snapshot)
    else { return nil }
    if cell > 0, let before, let place = place(before, in: &low) {
      isBefore = place.isAfter(cell - 1, of: leaf) ?? false
    }
    while true {
      guard let stop = end.firstCell(from: cell, of: leaf, endsBehind: true), isPlain(leaf, cell, stop) else {
        return nil
      }
      if stop < leaf.cellCount { return ended(at: stop, of: leaf, window) }
      // Up to the entry behind those of this page.
      while true {
        guard let (number, place) = path.last else { return Plain(isToTheEnd: true) }
        guard let page = page(number, snapshot) else { return nil }
        if place == page.cellCount {
          path.removeLast()
          continue
        }
        guard let isWithin = end.isAfter(place, of: page) else { return nil }
        guard isWithin else { return ended(at: place, of: page, window) }
        guard isPlain(page, place, place + 1), let child = page.child(place + 1) else { return nil }
        path[path.count - 1].cell += 1
        guard !shouldStop(), let next = firstLeaf(below: child, snapshot) else { return nil }
        (leaf, cell) = (next, 0)
        break
      }
    }

    /// The window ends before this entry.
    func ended(at cell: Int, of page: BTreePage, _ window: TimeForms.Window) -> Plain? {
      guard window.high != nil else { return Plain(isToTheEnd: true) }
      guard let series = place(nil, in: &low), let isOfSeries = series.isAfter(cell, of: page) else {
        return nil
      }
      return Plain(isToTheEnd: !isOfSeries)
    }
  }

  /// How far a look at all series has come.
  enum Reach {
    /// To this entry, which is on an inner page.
    case entry(IndexEntry)
    case end
  }

  /// Looks at the entries behind `last`, or at all, whatever series they are of, until so many leaves are done or it
  /// `shouldStop`. What was looked at was in the stored form; nil where it was not, and where that is SQLite's to find out.
  func plainReach(
    behind last: IndexPlace?, leaves: Int, _ root: UInt32, _ snapshot: Snapshot, shouldStop: () -> Bool
  ) -> Reach? {
    var start: (page: BTreePage, cell: Int)?
    if let last {
      start = firstLeaf(last, root, snapshot)
    } else {
      path.removeAll(keepingCapacity: true)
      start = firstLeaf(below: root, snapshot).map { ($0, 0) }
    }
    guard var (leaf, cell) = start else { return nil }
    var left = leaves
    while true {
      guard isPlain(leaf, cell, leaf.cellCount) else { return nil }
      left -= 1
      while let (number, place) = path.last {
        guard let page = page(number, snapshot) else { return nil }
        if place == page.cellCount {
          path.removeLast()
          continue
        }
        guard isPlain(page, place, place + 1) else { return nil }
        if left <= 0 || shouldStop() { return page.indexEntry(place).map(Reach.entry) }
        guard let child = page.child(place + 1) else { return nil }
        path[path.count - 1].cell += 1
        guard let next = firstLeaf(below: child, snapshot) else { return nil }
        (leaf, cell) = (next, 0)
        break
      }
      if path.isEmpty { return .end }
    }
  }

  /// The leaf where the first entry behind a place stands, or would, and the cell.
  private func firstLeaf(_ place: IndexPlace, _ root: UInt32, _ snapshot: Snapshot) -> (BTreePage, Int)? {
    path.removeAll(keepingCapacity: true)
    var number = root
    while path.count < Self.deepest {
      guard let page = way(number, snapshot), let cell = place.firstCell(of: page) else {
        return nil
      }
      if page.kind == .indexLeaf { return (page, cell) }
      guard let child = page.child(cell) else { return nil }
      path.append((number, cell))
      number = child
    }
    return nil
  }

  private func firstLeaf(below first: UInt32, _ snapshot: Snapshot) -> BTreePage? {
    var number = first
    while path.count < Self.deepest {
      guard let page = way(number, snapshot) else { return nil }
      if page.kind == .indexLeaf { return page }
      guard let child = page.child(0) else { return nil }
      path.append((number, 0))
      number = child
    }
    return nil
  }

  /// The next page on a way down: inner pages are kept.
  private func way(_ number: UInt32, _ snapshot: Snapshot) -> BTreePage? {
    let isAmongLeaves = path.count == leafDepth
    guard let page = isAmongLeaves ? passingPage(number, snapshot) : page(number, snapshot) else {
      return nil
    }
    if page.kind == .indexLeaf { leafDepth = path.count }
    return page.kind == .indexLeaf || page.kind == .indexInterior ? page : nil
  }

  private func isPlain(_ page: BTreePage, _ first: Int, _ end: Int) -> Bool {
    page.hasPlainTimes(first, end, &date)
  }
}

extension BTreePage {
  /// Whether the entries of an index from cell `first` on, before `end`, all have times in the stored form.
  func hasPlainTimes(_ first: Int, _ end: Int, _ date: inout TimestampParser.DateMemo) -> Bool {
    var cell = first
    while true {
      cell += plainTimes(from: cell, to: end)
      guard cell < end else { return true }
      guard let entry = indexEntry(cell), TimestampParser.stored(entry.timestamp, &date) != nil else {
        return false
      }
      cell += 1
    }
  }
}
