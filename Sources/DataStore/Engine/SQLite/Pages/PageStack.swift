// SPDX-License-Identifier: MIT
import Glibc

/// The pages on the path from the root of a B-tree down to a leaf, each with a place in it. A page stays until another
/// one is needed at its level, so that neighbours cost no second fetch.
struct PageStack: ~Copyable {
  private struct Level {
    let bytes: UnsafeMutablePointer<UInt8>
    var number: UInt32
    var page: BTreePage
    var cell: Int
    /// The place in the page before it was entered again.
    var lastCell = 0
  }

  /// No tree of the largest file is as deep, unless its pages form a cycle.
  private static let deepest = 20
  private let root: UInt32
  private let kinds: (interior: BTreePage.Kind, leaf: BTreePage.Kind)
  private var levels: [Level] = []
  /// The level of the current page; what is below it is kept for its number only.
  private var depth = 0
  /// Leaves that follow each other; at the level where there was one before.
  private var leaves = Readahead()
  private var leafLevel = -1
  /// Whether the current leaf is one of those.
  private var isLeafOfRun = false

  init(root: UInt32, interior: BTreePage.Kind, leaf: BTreePage.Kind) {
    self.root = root
    kinds = (interior, leaf)
    levels.reserveCapacity(4)
  }

  deinit {
    for level in levels { free(level.bytes) }
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
  var leafBlock: ByteBlock.Reference? { isLeafOfRun && depth == leafLevel ? leaves.block : nil }

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
    if level < levels.count {
      levels[level].lastCell = levels[level].cell
      if levels[level].number != number {
        levels[level].number = 0
        levels[level].lastCell = 0
        // Only one level has pages of the run, so that none is lost that is still in use.
        let ahead = level == leafLevel ? leaves.page(number, &source) : nil
        guard let page = page(number, at: ahead, or: levels[level].bytes, &source) else { return false }
        levels[level].page = page
        levels[level].number = number
        if level == leafLevel { isLeafOfRun = ahead != nil }
      }
    } else {
      guard let block = malloc(source.pageSize) else { return false }
      let bytes = block.bindMemory(to: UInt8.self, capacity: source.pageSize)
      guard let page = page(number, at: nil, or: bytes, &source) else {
        free(block)
        return false
      }
      levels.append(Level(bytes: bytes, number: number, page: page, cell: 0))
    }
    levels[level].cell = 0
    depth = level
    if leafLevel < 0, isLeaf { leafLevel = level }
    return true
  }

  /// The page that is at `ahead` already, or else is read to `bytes`.
  private func page(
    _ number: UInt32, at ahead: UnsafePointer<UInt8>?, or bytes: UnsafeMutablePointer<UInt8>,
    _ source: inout PageSource
  ) -> BTreePage? {
    if ahead == nil, !source.read(number, into: bytes) { return nil }
    guard let page = BTreePage(ahead ?? UnsafePointer(bytes), size: source.usableSize),
      page.kind == kinds.interior || page.kind == kinds.leaf
    else { return nil }
    return page
  }
}
