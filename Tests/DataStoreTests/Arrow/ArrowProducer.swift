// SPDX-License-Identifier: MIT
import CArrow
import Glibc

@testable import DataStore

/// A column of a chunk that a `ArrowProducer` makes: buffers as the interface lays them out, with an offset.
struct ProducedColumn {
  var name: String
  var format: StaticString
  var buffers: [[UInt8]?]
  var offset = 0
  var nullCount = -1
  var dictionary: [[UInt8]?]?
  var dictionaryFormat: StaticString = "u"
  var dictionaryCount = 0
}

/// Makes streams and counts what of them is released.
final class ArrowProducer {
  struct Chunk {
    var count: Int
    var columns: [ProducedColumn]
  }

  let chunks: [Chunk]
  /// The chunk instead of which the stream fails; nil: none.
  var failsAt: Int?
  private(set) var released = 0
  private(set) var arraysMade = 0
  private(set) var arraysReleased = 0
  private var next = 0
  private var memory: [UnsafeMutableRawPointer] = []

  init(_ chunks: [Chunk]) { self.chunks = chunks }

  deinit { for block in memory { free(block) } }

  /// Lends a stream of all chunks to `body`.
  func lend<Result>(_ body: (UnsafeMutableRawPointer) throws -> Result) rethrows -> Result {
    next = 0
    var stream = ArrowArrayStream(
      get_schema: { stream, out in
        guard let out, let me = ArrowProducer.of(stream?.pointee.private_data) else { return EINVAL }
        out.initialize(to: me.schema())
        return 0
      },
      get_next: { stream, out in
        guard let out, let me = ArrowProducer.of(stream?.pointee.private_data) else { return EINVAL }
        if me.next == me.failsAt { return EIO }
        out.initialize(to: me.nextArray() ?? ArrowArray())
        return 0
      }, get_last_error: nil,
      release: { stream in
        ArrowProducer.of(stream?.pointee.private_data)?.released += 1
        stream?.pointee.release = nil
      }, private_data: Unmanaged.passUnretained(self).toOpaque())
    return try withUnsafeMutablePointer(to: &stream) { try body(UnsafeMutableRawPointer($0)) }
  }

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> ArrowProducer? {
    pointer.map { Unmanaged<ArrowProducer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Memory that lives as long as this object: that of a real producer goes with its arrays.
  private func keep<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    guard let block = malloc(max(elements.count * MemoryLayout<Element>.stride, 1)) else { outOfMemory() }
    memory.append(block)
    let copy = block.bindMemory(to: Element.self, capacity: elements.count)
    copy.initialize(from: elements, count: elements.count)
    return copy
  }

  private static func text(_ format: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(format.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  private func schema() -> ArrowSchema {
    var top = ArrowSchema()
    top.format = Self.text("+s")
    top.release = { $0?.pointee.release = nil }
    let columns = chunks.first?.columns ?? []
    top.n_children = Int64(columns.count)
    top.children = keep(
      columns.map { column in
        var child = ArrowSchema()
        child.format = Self.text(column.format)
        child.name = UnsafePointer(keep(Array(column.name.utf8CString)))
        child.release = { $0?.pointee.release = nil }
        if column.dictionary != nil {
          var values = ArrowSchema()
          values.format = Self.text(column.dictionaryFormat)
          values.release = { $0?.pointee.release = nil }
          child.dictionary = keep([values])
        }
        return keep([child])
      })
    return top
  }

  private func nextArray() -> ArrowArray? {
    guard next < chunks.count else { return nil }
    let chunk = chunks[next]
    next += 1
    arraysMade += 1
    var batch = array(chunk.count, 0, 0, [nil])
    batch.private_data = Unmanaged.passUnretained(self).toOpaque()
    batch.release = { array in
      ArrowProducer.of(array?.pointee.private_data)?.arraysReleased += 1
      array?.pointee.release = nil
    }
    batch.n_children = Int64(chunk.columns.count)
    batch.children = keep(
      chunk.columns.map { column in
        var child = array(chunk.count, column.offset, column.nullCount, column.buffers)
        if let values = column.dictionary {
          child.dictionary = keep([array(column.dictionaryCount, 0, -1, values)])
        }
        return keep([child])
      })
    return batch
  }

  private func array(_ count: Int, _ offset: Int, _ nullCount: Int, _ buffers: [[UInt8]?]) -> ArrowArray {
    var array = ArrowArray()
    array.length = Int64(count)
    array.offset = Int64(offset)
    array.null_count = Int64(nullCount)
    array.n_buffers = Int64(buffers.count)
    array.buffers = keep(buffers.map { bytes in bytes.map { UnsafeRawPointer(keep($0)) } })
    array.release = { $0?.pointee.release = nil }
    return array
  }
}

/// The bytes of values as they lie in memory.
func bytes<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] {
  values.withUnsafeBytes { Array($0) }
}

/// A bitmap, the lowest bit first.
func bitmap(_ bits: [Bool]) -> [UInt8] {
  var map = [UInt8](repeating: 0, count: (bits.count + 7) / 8 + 8)
  for (row, bit) in bits.enumerated() where bit { map[row / 8] |= 1 << UInt8(row % 8) }
  return map
}
