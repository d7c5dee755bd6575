// SPDX-License-Identifier: MIT
import Synchronization

/// Finds a state value in pages that stay from call to call, without a lock and without SQLite, as `LatestPages` finds a
/// bar. What is out of the ordinary gives nil and is left to SQLite: another schema, keys that are not text, what goes on
/// in other pages, a commit in between.
struct StatePages: ~Copyable {
  enum Found {
    /// Its texts stay until the next call.
    case row(RecordRow)
    case nothing
  }

  private let trees: KeptTrees
  private var fields = RecordFields(count: Schema.systemState.columns.count)

  init(_ trees: KeptTrees) { self.trees = trees }

  mutating func find(_ key: Bytes, _ connection: Connection, notices: Int?) throws(StoreError) -> Found? {
    // Without salts and notices one state of the file could not be told from another.
    guard connection.isOutsideTransaction, let snapshot = trees.begin(notices: notices),
      snapshot.header.salts != 0 || notices != nil
    else { return nil }
    atomicMemoryFence(ordering: .acquiring)
    guard let roots = try trees.roots(of: .state, snapshot, connection),
      let place = trees.place(of: key, roots.index, snapshot)
    else { return nil }
    var found = Found.nothing
    if case .row(let rowid) = place {
      var trail = PageTrail()
      guard let record = trees.record(rowid, roots.table, snapshot, &trail), fields.read(record) else {
        return nil
      }
      found = .row(fields.row)
    }
    atomicMemoryFence(ordering: .acquiring)
    return trees.isStill(snapshot) ? found : nil
  }
}

extension KeptTrees {
  /// Where an index of one text has a key.
  enum KeyPlace {
    case row(Int64)
    case nowhere
  }

  /// nil where that is SQLite's to find out.
  fileprivate func place(of key: Bytes, _ root: UInt32, _ snapshot: Snapshot) -> KeyPlace? {
    var number = root
    for _ in 0..<Self.deepest {
      guard let page = page(number, snapshot), page.kind == .indexInterior || page.kind == .indexLeaf else {
        return nil
      }
      var low = 0
      var high = page.cellCount
      if let near = page.firstCell(notBefore: key) {
        // Itself, or none on this page.
        low = near
        high = min(near + 1, high)
      }
      while low < high {
        let middle = (low + high) / 2
        guard let entry = page.keyEntry(middle) else { return nil }
        let order = key.order(entry.key)
        if order == 0 { return .row(entry.rowid) }
        if order > 0 { low = middle + 1 } else { high = middle }
      }
      if page.kind == .indexLeaf { return .nowhere }
      guard let child = page.child(low) else { return nil }
      number = child
    }
    return nil
  }
}

extension BTreePage {
  /// The text and the rowid in a cell of an index; nil if they are something else, or go on in other pages.
  @inline(__always)
  fileprivate func keyEntry(_ cell: Int) -> (key: Bytes, rowid: Int64)? {
    guard let payload = payload(cell), payload.overflow == 0, let start = payload.local.baseAddress else {
      return nil
    }
    let record = payload.local
    var header = 0
    guard let headerSize = Varint.read(record, &header), let keyType = Varint.read(record, &header),
      let rowidType = Varint.read(record, &header), header == headerSize,
      let keySize = RecordValue.textSize(keyType), let rowidSize = RecordValue.integerSize(rowidType),
      header + keySize + rowidSize == record.count
    else { return nil }
    return (
      Bytes(start: start + header, count: keySize),
      RecordValue.integer(rowidType, start + header + keySize)
    )
  }
}
