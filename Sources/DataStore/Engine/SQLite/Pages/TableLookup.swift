// SPDX-License-Identifier: MIT
import Glibc

/// Finds rows of a table by their rowid. Neighbours in time tend to be neighbours in the table, and need no search.
struct TableLookup: ~Copyable {
  private var stack: PageStack
  /// The current leaf, and the rowids that it holds.
  private var leaf: BTreePage?
  private var first: Int64 = 0
  private var last: Int64 = -1
  private var cell = 0
  /// A row that goes on in other pages, put together.
  private var whole = ByteBuffer()
  private var overflowPage: UnsafeMutablePointer<UInt8>?
  /// What the current leaf lies in; the stack owns it.
  private var leafBlock: ByteBlock.Reference?
  /// Whether the last record was put together.
  private var isPutTogether = false

  init(root: UInt32, pageSize: Int) {
    stack = PageStack(root: root, interior: .tableInterior, leaf: .tableLeaf, pageSize: pageSize)
  }

  deinit { free(overflowPage) }

  /// Lets go of what only the current read transaction needs.
  mutating func end() {
    leaf = nil
    (first, last) = (0, -1)
    leafBlock = nil
    stack.end()
  }

  /// Where the last record lies, for callers that retain it; nil if it goes with the next one.
  var block: ByteBlock.Reference? { isPutTogether ? nil : leafBlock }

  /// The row's record, valid until the next call, or as long as `block` is held; nil if there is none that is whole.
  @inline(__always)
  mutating func record(_ rowid: Int64, _ source: inout PageSource) -> Bytes? {
    if rowid < first || rowid > last {
      guard descend(to: rowid, &source) else { return nil }
    }
    guard let leaf else { return nil }
    cell += 1
    if cell >= leaf.cellCount || leaf.rowid(cell) != rowid {
      guard let found = leaf.firstCell(notBefore: rowid), leaf.rowid(found) == rowid else {
        return nil
      }
      cell = found
    }
    guard let payload = leaf.payload(cell) else { return nil }
    isPutTogether = payload.overflow != 0
    return isPutTogether ? whole(payload, &source) : payload.local
  }

  private mutating func descend(to rowid: Int64, _ source: inout PageSource) -> Bool {
    leaf = nil
    (first, last) = (0, -1)
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
    (leaf, first, last) = (page, low, high)
    leafBlock = stack.leafBlock
    cell = -1
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
