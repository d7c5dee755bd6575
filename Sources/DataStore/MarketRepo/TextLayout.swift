// SPDX-License-Identifier: MIT
import Glibc

/// A dictionary-coded text column laid out one text after the other, as Arrow's large_utf8 has it.
package enum TextLayout {
  /// Writes where each row's text begins to `offsets`, which has room for `rows + 1`; the last is the length of all. A
  /// row without text is as long as nothing.
  package static func offsets(
    _ column: TextColumn, rows: Int, to offsets: UnsafeMutablePointer<Int64>
  ) {
    var offset: Int64 = 0
    column.values.withUnsafeBufferPointer { values in
      for row in 0..<rows {
        offsets[row] = offset
        let code = column.code(row)
        if code >= 0 { offset += Int64(values[code].count) }
      }
    }
    offsets[rows] = offset
  }

  /// Writes the texts of all rows to `out`, which has room for `room` bytes: as many as the offsets say.
  package static func bytes(
    _ column: TextColumn, rows: Int, to out: UnsafeMutablePointer<UInt8>, room: Int
  ) {
    var next = 0
    let short = 8
    column.values.withUnsafeBufferPointer { values in
      // A short text is copied as one word: what it writes behind itself is written over by the next.
      let words = values.map { value in
        var word: UInt64 = 0
        if let start = value.baseAddress { memcpy(&word, start, min(value.count, short)) }
        return word
      }
      words.withUnsafeBufferPointer { words in
        for row in 0..<rows {
          let code = column.code(row)
          guard code >= 0 else { continue }
          let count = values[code].count
          if count <= short, room - next >= short {
            UnsafeMutableRawPointer(out + next).storeBytes(of: words[code], as: UInt64.self)
          } else if let start = values[code].baseAddress, count <= room - next {
            memcpy(out + next, start, count)
          }
          next += count
        }
      }
    }
  }

  /// Holds the column against its rules, as far as laying it out needs them.
  package static func check(_ column: TextColumn, rows: Int) throws(StoreError) {
    guard rows >= 0, rows <= Limits.rows else {
      throw .invalid("the count of rows is \(rows); it is 0 to \(Limits.rows)", key: "count")
    }
    guard let codes = column.codes else {
      guard !column.values.isEmpty || rows == 0 else {
        throw .invalid("the column has no codes and no value for all rows", key: "column")
      }
      return
    }
    for row in 0..<rows where codes[row] < -1 || Int(codes[row]) >= column.values.count {
      throw .invalid(
        "row \(row) has code \(codes[row]), but the dictionary has \(column.values.count) values", row: row,
        key: "column")
    }
  }
}
