// SPDX-License-Identifier: MIT
import CNumbers
import Glibc

/// Columns of the store's as Arrow arrays. Numbers and codes stay where they are; what Arrow has besides goes into an arena.
struct ArrowColumnsOut {
  let arena: ArrowArena
  let rows: Int

  func start<Element>(_ column: UnsafeBufferPointer<Element>) -> UnsafeRawPointer {
    UnsafeRawPointer(column.baseAddress) ?? ArrowArrayOut.nothing
  }

  /// A bitmap of the rows for which `isPresent`; nil if that is all of them.
  @inline(__always)
  func validity(
    _ isPresent: (_ row: Int) -> Bool
  ) throws(StoreError) -> (bits: UnsafeRawPointer?, nulls: Int) {
    let bits = try arena.room(Bits.bytes(rows), UInt8.self)
    let nulls = Bits.write(rows, to: bits, isPresent)
    return nulls == 0 ? (nil, 0) : (UnsafeRawPointer(bits), nulls)
  }

  /// Times, of which none is null.
  func times(_ column: UnsafeBufferPointer<Int64>) -> ArrowArrayOut {
    ArrowArrayOut(count: rows, nullCount: 0, buffers: [nil, start(column)])
  }

  /// Doubles; NaN is null.
  func numbers(_ column: UnsafeBufferPointer<Double>) throws(StoreError) -> ArrowArrayOut {
    guard let values = column.baseAddress, cnumbers_has_nan(values, column.count) != 0 else {
      return ArrowArrayOut(count: rows, nullCount: 0, buffers: [nil, start(column)])
    }
    let bits = try arena.room(Bits.bytes(rows), UInt8.self)
    let nulls = cnumbers_write_validity(values, rows, bits)
    return ArrowArrayOut(count: rows, nullCount: nulls, buffers: [UnsafeRawPointer(bits), start(column)])
  }

  /// Flags, a byte each.
  func flags(_ column: UnsafeBufferPointer<UInt8>) throws(StoreError) -> ArrowArrayOut {
    let bits = try arena.room(Bits.bytes(rows), UInt8.self)
    Bits.pack(column, to: bits)
    return ArrowArrayOut(count: rows, nullCount: 0, buffers: [nil, UnsafeRawPointer(bits)])
  }

  /// Texts by code; -1 is null.
  func words(
    _ codes: UnsafeBufferPointer<Int32>, _ dictionary: ArrowArrayOut
  ) throws(StoreError) -> ArrowArrayOut {
    var signs: Int32 = 0
    for code in codes { signs |= code }
    let (bits, nulls) = signs < 0 ? try validity { codes[$0] >= 0 } : (nil, 0)
    return ArrowArrayOut(
      count: rows, nullCount: nulls, buffers: [bits, start(codes)], dictionary: dictionary)
  }

  /// The values of a dictionary.
  func dictionary(_ texts: [Bytes]) throws(StoreError) -> ArrowArrayOut {
    let offsets = try arena.room(texts.count + 1, Int64.self)
    let bytes = try arena.room(texts.reduce(0) { $0 + $1.count }, UInt8.self)
    var end = 0
    for (index, text) in texts.enumerated() {
      offsets[index] = Int64(end)
      if let source = text.baseAddress { memcpy(bytes + end, source, text.count) }
      end += text.count
    }
    offsets[texts.count] = Int64(end)
    return ArrowArrayOut(
      count: texts.count, nullCount: 0, buffers: [nil, UnsafeRawPointer(offsets), UnsafeRawPointer(bytes)])
  }

  /// The same code in each row.
  func constant(_ code: Int32) throws(StoreError) -> UnsafeBufferPointer<Int32> {
    let codes = try arena.room(rows, Int32.self)
    codes.initialize(repeating: code, count: rows)
    return UnsafeBufferPointer(start: codes, count: rows)
  }

  /// Texts of one row each; `text` gives nil for a null, and the same each time.
  func texts(_ text: (_ row: Int) throws(StoreError) -> Bytes?) throws(StoreError) -> ArrowArrayOut {
    let offsets = try arena.room(rows + 1, Int64.self)
    let bits = try arena.room(Bits.bytes(rows), UInt8.self)
    var (end, nulls) = (0, 0)
    memset(bits, 0, Bits.bytes(rows))
    for row in 0..<rows {
      offsets[row] = Int64(end)
      guard let found = try text(row) else {
        nulls += 1
        continue
      }
      end += found.count
      bits[row >> 3] |= 1 << UInt8(row & 7)
    }
    offsets[rows] = Int64(end)
    let bytes = try arena.room(end, UInt8.self)
    for row in 0..<rows {
      guard let found = try text(row), let source = found.baseAddress else { continue }
      memcpy(bytes + Int(offsets[row]), source, found.count)
    }
    return ArrowArrayOut(
      count: rows, nullCount: nulls,
      buffers: [
        nulls == 0 ? nil : UnsafeRawPointer(bits), UnsafeRawPointer(offsets), UnsafeRawPointer(bytes),
      ])
  }

  /// Values and qualities of a feature; null where the row has no such entry.
  func entries(
    _ values: UnsafeBufferPointer<Double>, _ qualities: UnsafeBufferPointer<Int32>, _ words: ArrowArrayOut
  ) throws(StoreError) -> ArrowArrayOut {
    let words = try self.words(qualities, words)
    // A row has the entry where it has the quality.
    return ArrowArrayOut(
      count: rows, nullCount: words.nullCount, buffers: [words.buffers[0]],
      children: [try numbers(values), words])
  }
}
