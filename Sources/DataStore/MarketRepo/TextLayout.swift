// SPDX-License-Identifier: MIT
import Glibc

/// A dictionary-coded text column laid out one text after the other, as Arrow's large_utf8 has it.
package enum TextLayout {
  /// Writes where each row's text begins to `offsets`, which has room for `rows + 1`, the last being the length of all,
  /// and the texts to `out`, which has room for `room` bytes. A row without text is as long as nothing.
  package static func layOut(
    _ column: TextColumn, rows: Int, offsets: UnsafeMutablePointer<Int64>?,
    to out: UnsafeMutablePointer<UInt8>?, room: Int
  ) {
    // By code, from -1 on: a short text as one word, and how long it is.
    var texts: [(word: UInt64, count: Int)] = []
    texts.reserveCapacity(column.values.count + 1)
    texts.append((0, 0))
    for value in column.values { texts.append((word(value), value.count)) }
    var next = 0
    texts.withUnsafeBufferPointer { texts in
      for row in 0..<rows {
        offsets?[row] = Int64(next)
        let code = column.code(row)
        let (word, count) = texts[code + 1]
        if let out {
          // What a word writes behind its text is written over by the next.
          if count <= wordBytes, room - next >= wordBytes {
            UnsafeMutableRawPointer(out + next).storeBytes(of: word, as: UInt64.self)
          } else if count > 0, count <= room - next, let start = column.values[code].baseAddress {
            memcpy(out + next, start, count)
          }
        }
        next += count
      }
    }
    offsets?[rows] = Int64(next)
  }

  private static let wordBytes = 8

  /// The beginning of a text, with zeros behind it where it is shorter.
  private static func word(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var word: UInt64 = 0
    if let start = text.baseAddress { memcpy(&word, start, min(text.count, wordBytes)) }
    return word
  }

  /// Holds the column against its rules, as far as laying it out needs them, and the memory against its dictionary.
  package static func check(_ column: TextColumn, rows: Int) throws(StoreError) {
    try MemoryShortage.expect((column.values.count + 1) * MemoryLayout<(UInt64, Int)>.stride)
    guard rows >= 0, rows <= Limits.rows else {
      throw .invalid("the count of rows is \(rows); it is 0 to \(Limits.rows)", key: "count")
    }
    guard let codes = column.codes else {
      guard !column.values.isEmpty || rows == 0 else {
        throw .invalid("the column has no codes and no value for all rows", key: "column")
      }
      return
    }
    // A loop without a way out takes many rows at a time; below -1 is above all, counted from there.
    var highest: UInt32 = 0
    for row in 0..<rows { highest = max(highest, UInt32(bitPattern: codes[row] &+ 1)) }
    guard Int(highest) > column.values.count else { return }
    for row in 0..<rows where codes[row] < -1 || Int(codes[row]) >= column.values.count {
      throw .invalid(
        "row \(row) has code \(codes[row]), but the dictionary has \(column.values.count) values", row: row,
        key: "column")
    }
  }
}
