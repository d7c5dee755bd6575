// SPDX-License-Identifier: MIT
import CNumbers

/// The features texts of some rows on their way to columns.
final class FeatureChunk {
  /// In one property, so that a row costs one check for exclusive access.
  struct Content: ~Copyable {
    struct Text: BitwiseCopyable {
      /// nil if the text was copied.
      let start: UnsafePointer<UInt8>?
      /// Where its copy begins, or would.
      let offset: Int
      let count: Int
      /// Its row, counted from the first.
      let row: Int
    }

    var firstRow = 0
    var texts = ColumnBuffer<Text>()
    private var copies = ByteBuffer(capacity: 1 << 12)
    /// What the texts lie in that were not copied.
    private var blocks: [ByteBlock] = []
    private var lastBlock: UnsafeMutableRawPointer?
    private(set) var bytes = 0
    private var appended = 0

    /// Whether there was memory for all that was appended.
    var isComplete: Bool { !copies.isIncomplete && texts.count == appended }

    @inline(__always)
    func text(_ index: Int) -> Bytes {
      let text = texts[index]
      return Bytes(start: text.start ?? UnsafePointer(copies.base + text.offset), count: text.count)
    }

    @inline(__always)
    mutating func append(_ text: Bytes, row: Int, in block: ByteBlock.Reference?) {
      let start = block == nil ? nil : text.baseAddress
      texts.append(Text(start: start, offset: copies.count, count: text.count, row: row - firstRow))
      if let block {
        if lastBlock != block.toOpaque() { hold(block) }
      } else {
        copies.append(text)
      }
      bytes += text.count
      appended += 1
    }

    private mutating func hold(_ block: ByteBlock.Reference) {
      blocks.append(block.takeUnretainedValue())
      lastBlock = block.toOpaque()
    }

    mutating func removeAll() {
      texts.truncate(to: 0)
      copies.removeAll()
      blocks.removeAll(keepingCapacity: true)
      lastBlock = nil
      (bytes, appended) = (0, 0)
    }
  }

  private(set) var content = Content()
  /// nil before `unpack`. It stays when the chunk is used again: columns that were filled once need no new memory, and
  /// keys that were met in them come again.
  private(set) var unpacked: UnpackedChunk?

  var firstRow: Int { content.firstRow }

  /// Unpacks the texts, on the thread of `unpacker`.
  func unpack(with unpacker: FeatureUnpacker) {
    let unpacked =
      if let last = self.unpacked, last.unpacker === unpacker { last } else { UnpackedChunk(unpacker) }
    unpacked.fill(from: self)
    self.unpacked = unpacked
  }

  /// Lets go of its texts. Its own memory stays: fresh pages cost more than filling them.
  func empty() { content.removeAll() }

  /// Empties the chunk for the rows from `firstRow` on.
  func restart(at firstRow: Int) {
    empty()
    content.firstRow = firstRow
  }

  /// Takes a row's text, or holds the block that it lies in; returns the current bytes.
  @inline(__always)
  func append(_ text: Bytes, row: Int, in block: ByteBlock.Reference?) -> Int {
    content.append(text, row: row, in: block)
    return content.bytes
  }
}

/// What became of a chunk: columns that count rows from the chunk's first.
final class UnpackedChunk {
  private(set) var table: FeatureTable
  /// The columns' keys, for other threads: the table of keys is its own thread's.
  private(set) var keys: [Bytes] = []
  /// The first row whose features are damaged, and why; the rows behind it are missing.
  private(set) var fault: (row: Int, fault: FeatureFault)?
  /// True if there was no memory for all of it.
  private(set) var isIncomplete = false
  /// Whose keys the table has.
  fileprivate let unpacker: FeatureUnpacker

  fileprivate init(_ unpacker: FeatureUnpacker) {
    self.unpacker = unpacker
    table = unpacker.emptyTable()
  }

  fileprivate func fill(from chunk: FeatureChunk) {
    table.truncate(to: 0)
    fault = unpacker.unpack(chunk, into: &table, shift: 0)
    isIncomplete = MemoryShortage.isNoted
    if keys.count < table.columnCount { keys = table.columnKeys }
  }
}

/// Parses chunks; each thread has its own.
final class FeatureUnpacker {
  private let keys = FeatureKeys()
  private var parser: FeatureParser
  private let wanted: [String]?
  private let hasValues: Bool
  private let hasQualities: Bool
  private var lanes = ColumnBuffer<FeatureTable.Lane>()

  init(wanted: [String]?, hasValues: Bool = true, hasQualities: Bool) {
    parser = FeatureParser(keys)
    self.wanted = wanted
    self.hasValues = hasValues
    self.hasQualities = hasQualities
  }

  /// A table of this unpacker's keys. It may outlive the chunk, and only one thread may use either at a time.
  func emptyTable() -> FeatureTable {
    FeatureTable(keys, wanted: wanted, hasValues: hasValues, hasQualities: hasQualities)
  }

  /// Adds the chunk's rows, each moved by `shift`; stops at the first that is damaged.
  func unpack(
    _ chunk: FeatureChunk, into table: inout FeatureTable, shift: Int
  ) -> (row: Int, fault: FeatureFault)? {
    Self.unpack(chunk.content, &parser, &lanes, into: &table, shift: shift)
  }

  /// Static, so that the parts are looked up once and not for each row.
  private static func unpack(
    _ chunk: borrowing FeatureChunk.Content, _ parser: inout FeatureParser,
    _ lanes: inout ColumnBuffer<FeatureTable.Lane>, into table: inout FeatureTable, shift: Int
  ) -> (row: Int, fault: FeatureFault)? {
    // Noted by the thread that filled the chunk.
    guard chunk.isComplete else { return nil }
    var index = 0
    while index < chunk.texts.count {
      index += unpackLikeLast(chunk, from: index, parser.form, &lanes, into: &table, shift: shift)
      guard index < chunk.texts.count else { break }
      let row = chunk.texts[index].row
      do throws(FeatureFault) {
        try parser.parseAny(chunk.text(index))
      } catch {
        return (chunk.firstRow + row, error)
      }
      table.append(parser.entries.elements, row: row + shift)
      index += 1
    }
    return nil
  }

  /// Adds rows that follow each other and have the form of the bar before; returns how many.
  private static func unpackLikeLast(
    _ chunk: borrowing FeatureChunk.Content, from first: Int, _ form: borrowing FeatureForm,
    _ lanes: inout ColumnBuffer<FeatureTable.Lane>, into table: inout FeatureTable, shift: Int
  ) -> Int {
    let firstRow = chunk.texts[first].row
    let left = chunk.texts.count - first
    guard table.open(&lanes, for: form, at: firstRow + shift, room: left) else { return 0 }
    var taken = 0
    while taken < left, chunk.texts[first + taken].row == firstRow + taken {
      // The other thread's core has it, and rows do not follow each other in a page: the processor cannot guess where.
      if taken + 1 < left { chunk.text(first + taken + 1).prefetch() }
      let isTaken = form.recognise(
        chunk.text(first + taken),
        number: { index, next, edges in
          guard let values = lanes[index].values else { return edges.skipNumber(&next) }
          guard let number = edges.number(&next) else { return false }
          values[taken] = number
          return true
        },
        take: { piece in
          if let qualities = lanes[piece.index].qualities { qualities[taken] = Int32(piece.quality.rawValue) }
        })
      guard isTaken else { break }
      taken += 1
    }
    table.close(lanes, rows: taken)
    return taken
  }
}

extension Bytes {
  @inline(__always)
  fileprivate func prefetch() {
    if let baseAddress { cnumbers_prefetch(baseAddress, count) }
  }
}
