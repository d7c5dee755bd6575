// SPDX-License-Identifier: MIT
import Glibc

/// Finds rows of a table by their rowid. Neighbours in time tend to be neighbours in the table, and need no search.
struct TableLookup: ~Copyable {
  private var stack: PageStack
  var leaf: TableLeaf?
  /// A row that goes on in other pages, put together.
  private var whole = ByteBuffer()
  private var overflowPage: UnsafeMutablePointer<UInt8>?
  /// What the current leaf lies in; the stack owns it.
  private(set) var leafBlock: ByteBlock.Reference?
  /// Whether the last record was put together.
  private var isPutTogether = false

  /// `runs` may be shared with the index.
  init(root: UInt32, pageSize: Int, _ runs: PageRuns) {
    stack = PageStack(root: root, interior: .tableInterior, leaf: .tableLeaf, pageSize: pageSize, runs)
  }

  deinit { free(overflowPage) }

  /// Lets go of what only the current read transaction needs.
  mutating func end() {
    leaf = nil
    leafBlock = nil
    stack.end()
  }

  /// Where the last record lies, for callers that retain it; nil if it goes with the next one.
  var block: ByteBlock.Reference? { isPutTogether ? nil : leafBlock }

  /// The row's record, valid until the next call, or as long as `block` is held; nil if there is none that is whole.
  @inline(__always)
  mutating func record(_ rowid: Int64, _ source: inout PageSource) -> Bytes? {
    guard enterLeaf(of: rowid, &source) else { return nil }
    isPutTogether = false
    if let record = leaf?.record(rowid) { return record }
    guard let payload = leaf?.page.payload(leaf?.cell ?? 0), leaf?.rowid == rowid else { return nil }
    isPutTogether = true
    return whole(payload, &source)
  }

  /// Goes to the leaf where the row is, if there is one; false if that is not to be had.
  @inline(__always)
  mutating func enterLeaf(of rowid: Int64, _ source: inout PageSource) -> Bool {
    if let leaf, rowid >= leaf.first, rowid <= leaf.last { return true }
    return descend(to: rowid, &source)
  }

  private mutating func descend(to rowid: Int64, _ source: inout PageSource) -> Bool {
    leaf = nil
    guard stack.enterRoot(&source) else { return false }
    while !stack.isLeaf {
      guard let place = stack.page.firstCell(notBefore: rowid, near: stack.lastCell) else { return false }
      stack.cell = place
      guard stack.enterChild(&source) else { return false }
    }
    let page = stack.page
    guard page.cellCount > 0, let low = page.rowid(0), let high = page.rowid(page.cellCount - 1) else {
      return false
    }
    leaf = TableLeaf(page: page, first: low, last: high)
    leafBlock = stack.leafBlock
    return true
  }

  /// Source: https://sqlite.org/fileformat2.html, "Cell Payload Overflow Pages".
  private mutating func whole(_ payload: BTreePage.Payload, _ source: inout PageSource) -> Bytes? {
    if overflowPage == nil {
      overflowPage = malloc(source.pageSize)?.bindMemory(to: UInt8.self, capacity: source.pageSize)
    }
    guard let page = overflowPage else { return nil }
    whole.removeAll()
    whole.append(payload.local)
    var next = payload.overflow
    while whole.count < payload.length {
      guard source.read(next, into: page), !whole.isIncomplete else { return nil }
      let count = min(payload.length - whole.count, source.usableSize - 4)
      whole.append(Bytes(start: page + 4, count: count))
      next = UInt32(bigEndian: UnsafeRawPointer(page).loadUnaligned(as: UInt32.self))
    }
    return whole.isIncomplete ? nil : whole.bytes
  }
}

/// A leaf of a table, the rowids that it holds, and a place in it.
struct TableLeaf {
  let page: BTreePage
  let first: Int64
  let last: Int64
  /// The row that was found last, and its cell.
  private(set) var rowid: Int64
  private(set) var cell = 0

  init(page: BTreePage, first: Int64, last: Int64) {
    self.page = page
    (self.first, self.last) = (first, last)
    rowid = first
  }

  /// Goes to a row, and gives its record; nil if there is no such row, or if it goes on in other pages.
  @inline(__always)
  mutating func record(_ rowid: Int64) -> Bytes? {
    // Rowids follow each other, unless rows were deleted between.
    let cell = self.cell &+ Int(truncatingIfNeeded: rowid &- self.rowid)
    if let (found, record) = page.shortRecord(cell), found == rowid {
      (self.cell, self.rowid) = (cell, rowid)
      return record
    }
    return search(for: rowid)
  }

  @inline(never)
  private mutating func search(for rowid: Int64) -> Bytes? {
    guard rowid >= first, rowid <= last, let cell = page.firstCell(notBefore: rowid),
      page.rowid(cell) == rowid
    else { return nil }
    (self.cell, self.rowid) = (cell, rowid)
    guard let payload = page.payload(cell), payload.overflow == 0 else { return nil }
    return payload.local
  }
}
