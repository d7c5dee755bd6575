// SPDX-License-Identifier: MIT
import CArrow
import Glibc

/// A caller's `ArrowArrayStream`, on its way in. It is released once, at the latest with this object.
///
/// Nothing that a producer tells is trusted as far as it can be checked: counts, lengths, offsets, pointers. How long a
/// buffer is the interface does not tell.
final class ArrowStreamIn {
  private let stream: UnsafeMutablePointer<ArrowArrayStream>
  private(set) var fields: [ArrowField] = []
  /// What the struct lies in, where that is ours.
  private let block: ArrowStreamBlock?
  /// The stream itself where this program made it: it knows its errors better than C does.
  private let origin: ArrowStreamOut?
  /// Rows that were handed out by `next()`.
  private var rows = 0

  /// Takes the stream over. `pointer` is that of a `struct ArrowArrayStream`.
  convenience init(_ pointer: UnsafeMutableRawPointer) throws(StoreError) {
    try self.init(pointer.assumingMemoryBound(to: ArrowArrayStream.self), block: nil, origin: nil)
  }

  /// Takes the stream over that lies in a block.
  convenience init(_ block: ArrowStreamBlock, origin: ArrowStreamOut? = nil) throws(StoreError) {
    try self.init(block.stream, block: block, origin: origin)
  }

  private init(
    _ stream: UnsafeMutablePointer<ArrowArrayStream>, block: ArrowStreamBlock?, origin: ArrowStreamOut?
  ) throws(StoreError) {
    self.stream = stream
    self.block = block
    self.origin = origin
    guard stream.pointee.release != nil else {
      throw .invalid("the Arrow stream was released already; a stream can be read once", key: "stream")
    }
    guard let getSchema = stream.pointee.get_schema, stream.pointee.get_next != nil else {
      release()
      throw .invalid("the Arrow stream has no get_schema or no get_next", key: "stream")
    }
    do throws(StoreError) {
      var schema = ArrowSchema()
      let code = getSchema(stream, &schema)
      guard code == 0 else { throw failure(code, after: 0, "Nothing of it was stored") }
      defer { schema.release?(&schema) }
      fields = try ArrowSchemaReader.columns(&schema)
    } catch {
      release()
      throw error
    }
  }

  deinit { release() }

  /// Ends the stream, if that was not done.
  func release() { Self.release(stream) }

  /// Calls a stream's release callback, unless it is released. NULL does nothing.
  static func release(_ stream: UnsafeMutablePointer<ArrowArrayStream>) {
    guard let release = stream.pointee.release else { return }
    release(stream)
    // A producer that forgets to mark it must not be called again.
    stream.pointee.release = nil
  }

  /// All chunks, to the end of the stream, which is then released. `isStopped` is asked between two of them.
  func pull(_ isStopped: () throws(StoreError) -> Void) throws(StoreError) -> ArrowChunks {
    defer { release() }
    var chunks = ArrowChunks()
    while let getNext = stream.pointee.get_next {
      try isStopped()
      let chunk = try chunks.room()
      let code = getNext(stream, chunk)
      guard code == 0 else {
        // What a failing producer leaves there is not an array.
        chunk.pointee.release = nil
        throw failure(code, after: rows + chunks.rows, "Nothing of it was stored")
      }
      guard chunk.pointee.release != nil else { break }
      try chunks.takeIn()
    }
    return chunks
  }

  /// The next array; nil at the end of the stream, which is then released, as it is after an error.
  func next() throws(StoreError) -> ArrowArrayBlock? {
    guard stream.pointee.release != nil, let getNext = stream.pointee.get_next else { return nil }
    let block = ArrowArrayBlock()
    let code = getNext(stream, block.array)
    guard code == 0 else {
      // What a failing producer leaves there is not an array.
      block.array.pointee.release = nil
      let error = failure(code, after: rows, "Those before it may be used")
      release()
      throw error
    }
    guard block.array.pointee.release != nil else {
      release()
      return nil
    }
    guard block.array.pointee.length >= 0 else {
      throw .invalid(
        "an array of the Arrow stream has the length \(block.array.pointee.length)", key: "stream")
    }
    rows = rows.addingReportingOverflow(Int(block.array.pointee.length)).partialValue
    return block
  }

  /// Hands the struct over to `pointer`, a `struct ArrowArrayStream` that holds nothing.
  func move(to pointer: UnsafeMutableRawPointer) {
    pointer.assumingMemoryBound(to: ArrowArrayStream.self).initialize(to: stream.pointee)
    stream.pointee.release = nil
  }

  private func failure(_ code: Int32, after rows: Int, _ outcome: StaticString) -> StoreError {
    if let error = origin?.lastFailure { return error }
    var words = ""
    if let text = stream.pointee.get_last_error?(stream) {
      words =
        ": "
        + String(
          decoding: Bytes(
            start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self),
            count: strnlen(text, 2_000)), as: UTF8.self)
    }
    let reason = strerror(code).map { String(cString: $0) } ?? "unknown error"
    return StoreError(
      code == ENOMEM ? .noMemory : .invalid,
      "the Arrow stream failed after \(rows) rows (errno \(code), \(reason))\(words). \(outcome)",
      key: "stream")
  }
}

/// A struct of a stream in memory of ours, which is released with it.
final class ArrowStreamBlock {
  let stream: UnsafeMutablePointer<ArrowArrayStream>

  /// One that holds nothing yet.
  init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: ArrowArrayStream())
  }

  /// Takes the stream at `pointer` over, a `struct ArrowArrayStream`, which holds nothing afterwards.
  convenience init(moving pointer: UnsafeMutableRawPointer) {
    self.init()
    let source = pointer.assumingMemoryBound(to: ArrowArrayStream.self)
    stream.pointee = source.pointee
    source.pointee.release = nil
  }

  deinit {
    ArrowStreamIn.release(stream)
    stream.deallocate()
  }
}

/// An array of a stream, which is released with it.
final class ArrowArrayBlock {
  let array: UnsafeMutablePointer<ArrowArray>

  /// One that holds nothing yet.
  init() {
    array = .allocate(capacity: 1)
    array.initialize(to: ArrowArray())
  }

  deinit {
    array.pointee.release?(array)
    array.deallocate()
  }
}

/// For callers that cannot see the stream's type.
package enum ArrowStreams {
  /// Releases a stream, a `struct ArrowArrayStream`, unless that was done.
  package static func release(_ stream: UnsafeMutableRawPointer) {
    ArrowStreamIn.release(stream.assumingMemoryBound(to: ArrowArrayStream.self))
  }
}

/// The arrays of a stream, each released once.
struct ArrowChunks: ~Copyable {
  private var arrays = ColumnBuffer<UnsafeMutablePointer<ArrowArray>>()
  /// Rows of all chunks.
  private(set) var rows = 0
  /// The one that is being filled.
  private var next: UnsafeMutablePointer<ArrowArray>?

  deinit {
    for array in arrays.elements { Self.free(array) }
    if let next { Self.free(next) }
  }

  private static func free(_ array: UnsafeMutablePointer<ArrowArray>) {
    Self.release(array)
    Glibc.free(array)
  }

  private static func release(_ array: UnsafeMutablePointer<ArrowArray>) {
    guard let release = array.pointee.release else { return }
    release(array)
    array.pointee.release = nil
  }

  var count: Int { arrays.count }

  subscript(_ index: Int) -> UnsafePointer<ArrowArray> { UnsafePointer(arrays[index]) }

  /// Where the next array goes.
  mutating func room() throws(StoreError) -> UnsafeMutablePointer<ArrowArray> {
    if let next { return next }
    guard let block = malloc(MemoryLayout<ArrowArray>.size) else { throw .noMemory() }
    let array = block.bindMemory(to: ArrowArray.self, capacity: 1)
    array.initialize(to: ArrowArray())
    next = array
    return array
  }

  /// Keeps the array that has come, if it has rows.
  mutating func takeIn() throws(StoreError) {
    guard let array = next else { return }
    let length = array.pointee.length
    guard length >= 0 else {
      throw .invalid("an array of the Arrow stream has the length \(length)", key: "stream")
    }
    guard length <= Int64(Limits.rows - rows) else {
      throw .invalid("the Arrow stream has more than \(Limits.rows) rows; write it in parts", key: "stream")
    }
    guard length > 0 else { return Self.release(array) }
    rows += Int(length)
    let count = arrays.count
    arrays.append(array)
    guard arrays.count > count else {
      MemoryShortage.forget()
      throw .noMemory()
    }
    next = nil
  }

  /// Releases the arrays from `first` up to `end`, which are not needed any more.
  func finish(_ range: Range<Int>) {
    for index in range { Self.release(arrays[index]) }
  }
}
