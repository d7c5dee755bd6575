// SPDX-License-Identifier: MIT

/// A text column laid out one text after the other, as Arrow's utf8 and large_utf8 have it, on its way to codes.
package struct LaidOutTexts {
  /// `Int32` or `Int64`, according to `hasLongOffsets`.
  private let offsets: UnsafeRawPointer
  private let hasLongOffsets: Bool
  private let bytes: UnsafeBufferPointer<UInt8>
  private let validity: UnsafePointer<UInt8>?
  private let first: Int

  /// Borrows all of it. `offsets` and `validity` reach as far as the rows that are asked for.
  package init(
    offsets: UnsafeRawPointer, hasLongOffsets: Bool, bytes: UnsafeBufferPointer<UInt8>,
    validity: UnsafePointer<UInt8>?, first: Int
  ) {
    self.offsets = offsets
    self.hasLongOffsets = hasLongOffsets
    self.bytes = bytes
    self.validity = validity
    self.first = first
  }

  /// Gives equal texts the same number, in the order of first sight, and -1 where there is none. Returns how many there
  /// are. `codes` and `firstRows` have room for `rows`.
  package func code(
    rows: Int, codes: UnsafeMutablePointer<Int32>, firstRows: UnsafeMutablePointer<Int32>
  ) throws(StoreError) -> Int {
    var interner = TextInterner()
    var guess = -1
    for row in 0..<rows {
      guard isPresent(row) else {
        codes[row] = -1
        continue
      }
      let known = interner.count
      guess = interner.intern(try text(row), guess: guess)
      if interner.count > known { firstRows[known] = Int32(truncatingIfNeeded: row) }
      codes[row] = Int32(truncatingIfNeeded: guess)
    }
    return interner.count
  }

  @inline(__always)
  private func isPresent(_ row: Int) -> Bool {
    guard let validity else { return true }
    return validity[(first + row) >> 3] >> UInt8((first + row) & 7) & 1 == 1
  }

  @inline(__always)
  private func text(_ row: Int) throws(StoreError) -> Bytes {
    let begin = offset(row)
    let end = offset(row + 1)
    guard begin >= 0, begin <= end, end <= bytes.count else {
      throw .invalid(
        "row \(row) of the text column goes from byte \(begin) to \(end) of \(bytes.count)", row: row,
        key: "layout")
    }
    return Bytes(rebasing: bytes[begin..<end])
  }

  @inline(__always)
  private func offset(_ row: Int) -> Int {
    hasLongOffsets
      ? Int((offsets + (first + row) * 8).loadUnaligned(as: Int64.self))
      : Int((offsets + (first + row) * 4).loadUnaligned(as: Int32.self))
  }
}
