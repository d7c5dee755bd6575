// SPDX-License-Identifier: MIT

/// The features texts of some rows on their way to columns.
final class FeatureChunk {
  /// Where the rows begin in the read.
  private(set) var firstRow = 0
  private(set) var texts = ByteBuffer(capacity: 1 << 12)
  /// By text: its row, counted from the first, and where it ends.
  private(set) var rows = ColumnBuffer<Int>()
  private var ends = ColumnBuffer<Int>()

  /// Empties the chunk for the rows from `firstRow` on. Its memory stays: fresh pages cost more than filling them.
  func restart(at firstRow: Int) {
    self.firstRow = firstRow
    texts.removeAll()
    rows.truncate(to: 0)
    ends.truncate(to: 0)
  }

  @inline(__always)
  func append(_ text: Bytes, row: Int) {
    texts.append(text)
    rows.append(row - firstRow)
    ends.append(texts.count)
  }

  func text(_ index: Int) -> Bytes {
    Bytes(rebasing: texts.bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
  }
}

/// What became of a chunk.
final class UnpackedChunk {
  /// Not needed any more; to be used again.
  let chunk: FeatureChunk
  let firstRow: Int
  let table: FeatureTable
  /// The columns' keys, for other threads: the table of keys is its own thread's.
  let keys: [Bytes]
  /// The first row whose features are damaged, and why; the rows behind it are missing.
  let fault: (row: Int, fault: FeatureFault)?

  /// Unpacks `chunk` into columns that count rows from the chunk's first.
  init(_ chunk: FeatureChunk, _ unpacker: FeatureUnpacker) {
    self.chunk = chunk
    firstRow = chunk.firstRow
    var table = unpacker.emptyTable()
    fault = unpacker.unpack(chunk, into: &table, shift: 0)
    keys = table.columnKeys
    self.table = table
  }
}

/// Parses chunks; each thread has its own.
final class FeatureUnpacker {
  private let keys = FeatureKeys()
  private var parser: FeatureParser
  private let wanted: [String]?
  private let hasQualities: Bool

  init(wanted: [String]?, hasQualities: Bool) {
    parser = FeatureParser(keys)
    self.wanted = wanted
    self.hasQualities = hasQualities
  }

  /// A table of this unpacker's keys. It may outlive the chunk, and only one thread may use either at a time.
  func emptyTable() -> FeatureTable {
    FeatureTable(keys, wanted: wanted, hasQualities: hasQualities)
  }

  /// Adds the chunk's rows, each moved by `shift`; stops at the first that is damaged.
  func unpack(
    _ chunk: FeatureChunk, into table: inout FeatureTable, shift: Int
  ) -> (row: Int, fault: FeatureFault)? {
    for index in 0..<chunk.rows.count {
      let row = chunk.rows[index]
      do throws(FeatureFault) {
        try parser.parse(chunk.text(index))
      } catch {
        return (chunk.firstRow + row, error)
      }
      table.append(parser.entries, row: row + shift)
    }
    return nil
  }
}
