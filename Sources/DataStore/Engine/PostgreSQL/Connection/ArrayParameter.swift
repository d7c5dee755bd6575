// SPDX-License-Identifier: MIT
import Glibc

/// An array in binary, one parameter of a statement.
///
/// It has its number of dimensions, whether it has NULLs, its elements' type by its number in pg_type, and its length and first
/// index by dimension (array_send in the server's arrayfuncs.c).
struct ArrayParameter: ~Copyable {
  private let type: Int32
  private var buffer = ByteBuffer()
  private(set) var count = 0

  private static let lengthPlace = 12

  /// One of elements of this type, by its number in pg_type.
  init(of type: Int32) {
    self.type = type
    removeAll()
  }

  static var texts: ArrayParameter { ArrayParameter(of: 25) }

  /// How many bytes it has so far.
  var byteCount: Int { buffer.count }

  mutating func removeAll() {
    count = 0
    buffer.removeAll()
    for word in [1, 0, type, 0, 1] { put(word) }
  }

  @inline(__always)
  mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    put(Int32(truncatingIfNeeded: MemoryLayout<Value>.size))
    put(value)
    count += 1
  }

  mutating func append(_ text: Bytes?) {
    let text = text ?? Bytes(start: nil, count: 0)
    put(Int32(truncatingIfNeeded: text.count))
    buffer.append(text)
    count += 1
  }

  /// The array, valid until the next change. Without memory for all of it, `MemoryShortage` is noted.
  var ended: Bytes {
    UnsafeMutableRawPointer(buffer.base + Self.lengthPlace)
      .storeBytes(of: Int32(truncatingIfNeeded: count).bigEndian, as: Int32.self)
    return buffer.bytes
  }

  @inline(__always)
  private mutating func put<Value: FixedWidthInteger>(_ value: Value) {
    UnsafeMutableRawPointer(buffer.reserve(MemoryLayout<Value>.size))
      .storeBytes(of: value.bigEndian, as: Value.self)
    buffer.advance(by: MemoryLayout<Value>.size)
  }
}
