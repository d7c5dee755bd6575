// SPDX-License-Identifier: MIT
import CArrow
import Glibc

/// A stream of record batches for a consumer, who owns it.
package final class ArrowStreamOut {
  private let fields: [ArrowFieldOut]
  private let next: () throws(StoreError) -> ArrowBatchOut?
  private var lastError: UnsafeMutablePointer<CChar>?
  /// What the last callback failed with; nil if it did not.
  private(set) var lastFailure: StoreError?

  /// `next` gives one batch after the other, and nil from the end on.
  package init(_ fields: [ArrowFieldOut], _ next: @escaping () throws(StoreError) -> ArrowBatchOut?) {
    self.fields = fields
    self.next = next
  }

  /// A stream of one batch.
  package convenience init(_ fields: [ArrowFieldOut], _ batch: ArrowBatchOut) {
    var left: ArrowBatchOut? = batch
    self.init(fields) {
      defer { left = nil }
      return left
    }
  }

  deinit { free(lastError) }

  /// Makes the struct at `pointer`, a `struct ArrowArrayStream`, one that holds this stream.
  package func move(to pointer: UnsafeMutableRawPointer) {
    pointer.assumingMemoryBound(to: ArrowArrayStream.self).initialize(
      to: ArrowArrayStream(
        get_schema: { stream, out in
          ArrowStreamOut.of(stream)?.answer { (stream: ArrowStreamOut) throws(StoreError) in
            try MemoryShortage.expect(stream.fields.count * 512)
            if let out { ArrowFieldOut.fill(out, stream.fields) }
          } ?? EINVAL
        },
        get_next: { stream, out in
          ArrowStreamOut.of(stream)?.answer { (stream: ArrowStreamOut) throws(StoreError) in
            guard let out else { return }
            guard let batch = try stream.next() else { return out.initialize(to: ArrowArray()) }
            try MemoryShortage.expect(batch.columns.count * 1024)
            batch.fill(out)
          } ?? EINVAL
        },
        get_last_error: { stream in UnsafePointer(ArrowStreamOut.of(stream)?.lastError) },
        release: { stream in
          guard let stream, let own = stream.pointee.private_data else { return }
          stream.pointee.release = nil
          stream.pointee.private_data = nil
          Unmanaged<ArrowStreamOut>.fromOpaque(own).release()
        }, private_data: Unmanaged.passRetained(self).toOpaque()))
  }

  private static func of(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> ArrowStreamOut? {
    stream?.pointee.private_data.map { Unmanaged<ArrowStreamOut>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Runs a callback's body; returns its errno.
  private func answer(_ body: (ArrowStreamOut) throws(StoreError) -> Void) -> Int32 {
    free(lastError)
    lastError = nil
    lastFailure = nil
    do throws(StoreError) {
      try ThreadStack.check()
      try FloatSettings.withDefault { () throws(StoreError) in try body(self) }
      return 0
    } catch {
      lastError = error.message.withCString { strdup($0) }
      lastFailure = error
      switch error.code {
      case .invalid, .invalidFeature: return EINVAL
      case .noMemory: return ENOMEM
      default: return EIO
      }
    }
  }
}
