// SPDX-License-Identifier: MIT
import CArrow

/// An array that owns nothing.
struct ArrowArrayOfTwoBuffers {
  let pointer: UnsafePointer<ArrowArray>
  private let array: UnsafeMutablePointer<ArrowArray>

  init(_ buffers: UnsafeMutableBufferPointer<UnsafeRawPointer?>, count: Int, offset: Int) {
    array = .allocate(capacity: 1)
    array.initialize(to: ArrowArray())
    array.pointee.length = Int64(count)
    array.pointee.offset = Int64(offset)
    array.pointee.n_buffers = Int64(buffers.count)
    array.pointee.buffers = buffers.baseAddress
    array.pointee.release = { $0?.pointee.release = nil }
    pointer = UnsafePointer(array)
  }

  mutating func free() { array.deallocate() }
}
