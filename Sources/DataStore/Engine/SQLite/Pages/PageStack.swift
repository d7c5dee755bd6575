// SPDX-License-Identifier: MIT
import Glibc

/// The pages on the path from the root of a B-tree down to a leaf, each with a place in it. Pages stay from one read
/// transaction to the next, for as long as the WAL's index tells that they have not changed: neighbours cost no second fetch,
/// and a read of a few rows is mostly fetching.
struct PageStack: ~Copyable {
  /// A page that stays: at its level, until another one takes its place.
  private struct Kept {
    var number: UInt32 = 0
    var frame: UInt32 = 0
    /// Of the source, when it was fetched and when it was last known not to have changed.
    var state: UInt64 = 0
    var epoch: UInt64 = 0
    var bytes: UnsafeMutablePointer<UInt8>?
    var page: BTreePage?
  }

  private struct Level {
    let kept: UnsafeMutablePointer<Kept>
    /// One less than a power of two.
    let mask: UInt32
    /// 0: none.
    var number: UInt32 = 0
    var epoch: UInt64 = 0
    var page: BTreePage
    var cell = 0
    /// The place in the page before it was entered again.
    var lastCell = 0
  }

  /// No tree of the largest file is as deep, unless its pages form a cycle.
  private static let deepest = 20
  /// Of one level, which has a power of two of them.
  private static let mostBytes = 512 << 10
  private static let mostPages = 128
  private let root: UInt32
  private let kinds: (interior: BTreePage.Kind, leaf: BTreePage.Kind)
  private let pageSize: Int
  private var levels: [Level] = []
  /// The level of the current page; what is below it is kept for its number only.
  private var depth = 0
  /// Leaves that follow each other; at the level where there was one before.
  private var leaves = Readahead()
  private var leafLevel = -1
  private let runs: PageRuns
  /// What the current leaf lies in, where it came with such a run: held, so that nothing else comes there.
  private var blockOfLeaf: ByteBlock?

  init(root: UInt32, interior: BTreePage.Kind, leaf: BTreePage.Kind, pageSize: Int, _ runs: PageRuns) {
    self.runs = runs
    self.root = root
    kinds = (interior, leaf)
    self.pageSize = pageSize
    levels.reserveCapacity(4)
  }

  deinit {
    for level in levels {
      for place in 0...Int(level.mask) { free(level.kept[place].bytes) }
      level.kept.deallocate()
    }
  }

  /// Lets go of what only the current read transaction needs. No page is current afterwards.
  mutating func end() {
    leaves = Readahead()
    leafLevel = -1
    blockOfLeaf = nil
    runs.end()
  }

  var page: BTreePage { levels[depth].page }
  var cell: Int {
    get { levels[depth].cell }
    set { levels[depth].cell = newValue }
  }
  /// Where the current page was left the last time; 0 if it is new.
  var lastCell: Int { levels[depth].lastCell }
  var isLeaf: Bool { levels[depth].page.kind == kinds.leaf }
  var isAtRoot: Bool { depth == 0 }
  /// What the current leaf lies in, for callers that retain it; nil if it is in memory of the stack's own.
  var leafBlock: ByteBlock.Reference? {
    depth == leafLevel ? blockOfLeaf.map { .passUnretained($0) } : nil
  }
  /// How far the current page is from the root.
  var level: Int { depth }
  /// The page above the current one, and the place in it; nil at the root.
  var parent: (page: BTreePage, cell: Int)? {
    depth > 0 ? (levels[depth - 1].page, levels[depth - 1].cell) : nil
  }

  /// Goes to the root; false if it cannot be had, or is not a page of this tree.
  mutating func enterRoot(_ source: inout PageSource) -> Bool { load(root, at: 0, &source) }

  /// Goes down to the child at the place of the current page.
  mutating func enterChild(_ source: inout PageSource) -> Bool {
    guard let child = page.child(cell) else { return false }
    return load(child, at: depth + 1, &source)
  }

  mutating func leave() { depth -= 1 }

  private mutating func load(_ number: UInt32, at level: Int, _ source: inout PageSource) -> Bool {
    guard level < Self.deepest else { return false }
    if level < levels.count, levels[level].number == number {
      levels[level].lastCell = levels[level].cell
      if levels[level].epoch != source.epoch {
        guard enter(number, at: level, &source) else { return false }
      }
    } else {
      guard enter(number, at: level, &source) else { return false }
      levels[level].lastCell = 0
    }
    levels[level].cell = 0
    depth = level
    if leafLevel < 0, isLeaf { leafLevel = level }
    return true
  }

  /// Makes a page the current one of its level.
  private mutating func enter(_ number: UInt32, at level: Int, _ source: inout PageSource) -> Bool {
    if level < levels.count {
      levels[level].number = 0
      let place = levels[level].kept + Int(number & levels[level].mask)
      if level == leafLevel { blockOfLeaf = nil }
      if let page = place.pointee.page, place.pointee.number == number, place.pointee.state == source.state,
        place.pointee.epoch == source.epoch || source.frame(of: number) == place.pointee.frame
      {
        place.pointee.epoch = source.epoch
        if level == leafLevel { leaves.pass(number) }
        levels[level].page = page
      } else if level == leafLevel, let ahead = leaves.page(number, runs, &source) {
        // Only one level has pages of a run.
        guard let page = page(ahead.bytes, source) else { return false }
        levels[level].page = page
        blockOfLeaf = ahead.block
      } else {
        guard let page = fetch(number, to: place, &source) else { return false }
        levels[level].page = page
      }
    } else {
      let pages = level == 0 ? 1 : min(Self.mostPages, max(Self.mostBytes / pageSize, 1))
      let kept = UnsafeMutablePointer<Kept>.allocate(capacity: pages)
      kept.initialize(repeating: Kept(), count: pages)
      let mask = UInt32(pages - 1)
      guard let page = fetch(number, to: kept + Int(number & mask), &source) else {
        for place in 0..<pages { free(kept[place].bytes) }
        kept.deallocate()
        return false
      }
      levels.append(Level(kept: kept, mask: mask, page: page))
    }
    levels[level].number = number
    levels[level].epoch = source.epoch
    return true
  }

  private func fetch(
    _ number: UInt32, to place: UnsafeMutablePointer<Kept>, _ source: inout PageSource
  ) -> BTreePage? {
    place.pointee.page = nil
    if place.pointee.bytes == nil {
      place.pointee.bytes = malloc(pageSize)?.bindMemory(to: UInt8.self, capacity: pageSize)
    }
    guard let bytes = place.pointee.bytes, let frame = source.frame(of: number),
      source.read(number, frame, into: bytes), let page = page(bytes, source)
    else { return nil }
    place.pointee.number = number
    place.pointee.frame = frame
    place.pointee.state = source.state
    place.pointee.epoch = source.epoch
    place.pointee.page = page
    return page
  }

  private func page(_ bytes: UnsafePointer<UInt8>, _ source: PageSource) -> BTreePage? {
    guard let page = BTreePage(bytes, size: source.usableSize),
      page.kind == kinds.interior || page.kind == kinds.leaf
    else { return nil }
    return page
  }
}
