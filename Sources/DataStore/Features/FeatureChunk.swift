// SPDX-License-Identifier: MIT

/// The features texts of some rows on their way to columns.
final class FeatureChunk {
  /// In one property, so that a row costs one check for exclusive access.
  struct Content: ~Copyable {
    var firstRow = 0
    var texts = ByteBuffer(capacity: 1 << 12)
    /// By text: its row, counted from the first, and where it ends.
    var rows = ColumnBuffer<Int>()
    var ends = ColumnBuffer<Int>()

    /// Whether there was memory for all that was appended: the texts then end where the last of them does.
    var isComplete: Bool {
      !texts.isIncomplete && rows.count == ends.count
        && (ends.count == 0 || ends[ends.count - 1] == texts.count)
    }

    @inline(__always)
    mutating func append(_ text: Bytes, row: Int) {
      texts.append(text)
      rows.append(row - firstRow)
      ends.append(texts.count)
    }
  }

  private(set) var content = Content()

  var firstRow: Int { content.firstRow }

  /// Empties the chunk for the rows from `firstRow` on. Its memory stays: fresh pages cost more than filling them.
  func restart(at firstRow: Int) {
    content.firstRow = firstRow
    content.texts.removeAll()
    content.rows.truncate(to: 0)
    content.ends.truncate(to: 0)
  }

  /// Takes a row's text; returns the bytes at hand.
  @inline(__always)
  func append(_ text: Bytes, row: Int) -> Int {
    content.append(text, row: row)
    return content.texts.count
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
  /// True where there was no memory for all of it.
  let isIncomplete: Bool

  /// Unpacks `chunk` into columns that count rows from the chunk's first.
  init(_ chunk: FeatureChunk, _ unpacker: FeatureUnpacker) {
    self.chunk = chunk
    firstRow = chunk.firstRow
    var table = unpacker.emptyTable()
    fault = unpacker.unpack(chunk, into: &table, shift: 0)
    isIncomplete = MemoryShortage.isNoted
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
    parser.unpack(chunk.content, into: &table, shift: shift)
  }
}

extension FeatureParser {
  fileprivate mutating func unpack(
    _ chunk: borrowing FeatureChunk.Content, into table: inout FeatureTable, shift: Int
  ) -> (row: Int, fault: FeatureFault)? {
    // Noted by the thread that filled the chunk.
    guard chunk.isComplete else { return nil }
    let texts = chunk.texts.bytes
    var start = 0
    for index in 0..<chunk.rows.count {
      let end = chunk.ends[index]
      let row = chunk.rows[index]
      do throws(FeatureFault) {
        try parse(Bytes(rebasing: texts[start..<end]))
      } catch {
        return (chunk.firstRow + row, error)
      }
      table.append(entries.elements, row: row + shift)
      start = end
    }
    return nil
  }
}
