// SPDX-License-Identifier: MIT
import Glibc

/// Packs the features of a large batch on a second thread, some rows ahead of the writer: printing numbers is a third
/// of such a write, and the rest is SQLite's.
final class FeaturePackAhead: @unchecked Sendable {  // the monitor guards all that both threads touch
  /// Rows of a chunk. Small, so that three of them are less than a megabyte of usual features.
  private static let chunkRows = 256
  /// Below so many values in a batch a thread costs more than it saves.
  private static let worthwhileValues = 16_384

  private let monitor = Monitor()
  private let rows: Int
  private var thread = pthread_t()
  /// The worker's own.
  private var packer: FeaturePacker

  /// The chunk that the worker is to pack next.
  private var wanted = 0
  private var ready: PackedChunk?
  private var spare: [PackedChunk] = []
  private var isEnding = false
  /// True once the thread has left because its own memory ran out: the writer packs for itself. Unchecked, as a check
  /// would take some of that memory.
  @exclusivity(unchecked) private var isAlone = false

  /// The writer's own.
  private var current: PackedChunk?

  /// Whether a batch is large enough for a thread of its own.
  static func isWorthwhile(_ features: BorrowedFeatures, rows: Int) -> Bool {
    rows > 2 * chunkRows && rows * max(features.columns.count, 8) >= worthwhileValues
  }

  /// nil if no thread can be started. What `packer` points into outlives `end()`.
  init?(_ packer: consuming FeaturePacker, rows: Int) {
    self.packer = packer
    self.rows = rows
    let me = Unmanaged.passUnretained(self).toOpaque()
    let isRunning = startThread(&thread, me) { ahead in
      guard let ahead else { return nil }
      let me = Unmanaged<FeaturePackAhead>.fromOpaque(ahead).takeUnretainedValue()
      if MemoryShortage.threadHasArena { me.work() } else { me.leave() }
      return nil
    }
    guard isRunning else { return nil }
  }

  /// Ends the thread; to be called once, before the last reference goes.
  func end() {
    monitor.locked {
      isEnding = true
      monitor.wakeAll()
    }
    pthread_join(thread, nil)
  }

  /// The features of a row as they are stored, valid until the next call; nil if the row says nothing of them. Rows
  /// are best asked for in their order.
  func text(_ row: Int) throws(FeaturePackFault) -> Bytes? {
    let number = row / Self.chunkRows
    let chunk: PackedChunk
    if let current, current.number == number { chunk = current } else { chunk = take(number) }
    return try chunk.text(row - number * Self.chunkRows)
  }

  private func take(_ number: Int) -> PackedChunk {
    monitor.locked {
      if let current { spare.append(current) }
      while true {
        if let found = ready {
          ready = nil
          if found.number == number {
            wanted = number + 1
            monitor.wakeAll()
            current = found
            return found
          }
          spare.append(found)
        }
        if isAlone {
          let chunk = spare.popLast() ?? PackedChunk()
          chunk.pack(number, Self.chunkRows, of: rows, &packer)
          current = chunk
          return chunk
        }
        if wanted != number {
          wanted = number
          monitor.wakeAll()
        }
        monitor.wait()
      }
    }
  }

  // MARK: The worker

  private func leave() {
    monitor.locked {
      isAlone = true
      monitor.wakeAll()
    }
  }

  private func work() {
    while let (number, chunk) = next() {
      chunk.pack(number, Self.chunkRows, of: rows, &packer)
      monitor.locked {
        ready = chunk
        monitor.wakeAll()
      }
    }
  }

  private func next() -> (number: Int, chunk: PackedChunk)? {
    monitor.locked {
      while !isEnding {
        if ready == nil, wanted * Self.chunkRows < rows {
          return (wanted, spare.popLast() ?? PackedChunk())
        }
        monitor.wait()
      }
      return nil
    }
  }
}

/// The packed features of some rows that follow one another.
private final class PackedChunk {
  private struct Content: ~Copyable {
    var texts = ByteBuffer(capacity: 1 << 12)
    /// By row: where its text ends. A row without one adds nothing: the text of one with features is never empty.
    var ends = ColumnBuffer<Int>()
  }

  private(set) var number = -1
  private var content = Content()
  /// Why the row behind those that are packed cannot be.
  private var fault: FeaturePackFault?

  func pack(_ number: Int, _ rowsOfChunk: Int, of rows: Int, _ packer: inout FeaturePacker) {
    self.number = number
    content.texts.removeAll()
    content.ends.truncate(to: 0)
    fault = nil
    for row in number * rowsOfChunk..<min((number + 1) * rowsOfChunk, rows) {
      do throws(FeaturePackFault) {
        if let text = try packer.pack(row) { content.texts.append(text) }
        content.ends.append(content.texts.count)
      } catch {
        fault = error
        break
      }
    }
    // Noted for this thread only, which need not be the writer's.
    if MemoryShortage.isNoted {
      content.ends.truncate(to: 0)
      fault = .noMemory(nil)
    }
  }

  func text(_ index: Int) throws(FeaturePackFault) -> Bytes? {
    if let fault, index >= content.ends.count { throw fault }
    let start = index == 0 ? 0 : content.ends[index - 1]
    let end = content.ends[index]
    return start == end ? nil : Bytes(rebasing: content.texts.bytes[start..<end])
  }
}
