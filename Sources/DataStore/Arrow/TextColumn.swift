// SPDX-License-Identifier: MIT

/// A borrowed, dictionary-coded text column: row i has `values[codes[i]]`, or NULL if its code is -1.
/// Without codes every row has `values[0]`.
package struct TextColumn: @unchecked Sendable {  // borrowed, and never changed
  package let codes: UnsafePointer<Int32>?
  /// Without their NUL; they outlive the column, and so does the array of them.
  package let values: UnsafeBufferPointer<UnsafeBufferPointer<UInt8>>

  package init(
    codes: UnsafePointer<Int32>?, values: UnsafeBufferPointer<UnsafeBufferPointer<UInt8>>
  ) {
    self.codes = codes
    self.values = values
  }

  /// NULL in every row.
  package static let empty = TextColumn(
    codes: nil, values: UnsafeBufferPointer<UnsafeBufferPointer<UInt8>>(start: nil, count: 0))

  @inline(__always)
  func code(_ row: Int) -> Int { codes.map { Int($0[row]) } ?? 0 }

  /// The text of a row; nil for NULL.
  @inline(__always)
  func text(_ row: Int) -> Bytes? {
    let code = code(row)
    return code >= 0 && code < values.count ? values[code] : nil
  }

  /// Checks the column against its rules: codes within the dictionary, UTF-8 without NUL, of bounded length. A value that no
  /// row uses does no harm: dictionaries of pandas and Arrow outlive the rows that they were made for. Messages call the first
  /// row `firstRow`.
  func check(
    _ name: StaticString, rows: Int, isRequired: Bool, firstRow: Int = 0
  ) throws(StoreError) {
    let limit = isRequired ? Limits.nameBytes : Limits.textBytes
    for (number, value) in values.enumerated() {
      let problem: String?
      if value.count > limit {
        problem = "is longer than \(limit) bytes"
      } else if isRequired, value.isEmpty {
        problem = "is empty; name the \(name)"
      } else if value.contains(0) {
        problem = "holds a NUL character"
      } else if !value.isValidUTF8 {
        problem = "is not valid UTF-8"
      } else {
        problem = nil
      }
      if let problem, let row = (0..<rows).first(where: { code($0) == number }) {
        throw .invalid(
          "column '\(name)': row \(firstRow + row): the text \(StoreError.quoted(value.text)) \(problem)",
          row: row,
          key: "\(name)")
      }
    }
    guard let codes else {
      guard !values.isEmpty || rows == 0 else {
        throw .invalid(
          "column '\(name)': without codes it takes a value for all rows, got none", key: "\(name)")
      }
      return
    }
    for row in 0..<rows {
      let code = Int(codes[row])
      guard code < values.count, code >= (isRequired ? 0 : -1) else {
        let problem =
          code == -1
          ? "has no \(name); every row needs one"
          : "has code \(code), but the dictionary has \(values.count) values"
        throw .invalid("column '\(name)': row \(firstRow + row) \(problem)", row: row, key: "\(name)")
      }
    }
  }
}
