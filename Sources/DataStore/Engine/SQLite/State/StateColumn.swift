// SPDX-License-Identifier: MIT

/// How a state value lies in its column.
///
/// The column's NUMERIC affinity makes SQLite convert a text that looks like a number, with its own, less exact parser. So
/// a number that stands alone is bound as a number.
extension StateValue {
  func bind(to statement: Statement, _ index: Int32) {
    switch self {
    case .integer(let value): statement.bind(index, value)
    case .real(let value): statement.bind(index, value)
    case .text(let text): statement.bind(index, text)
    }
  }

  /// The JSON text of a stored value.
  static func json(_ row: Statement, _ column: Int32, key: String) throws(StoreError) -> [UInt8] {
    try withJSON(row, column, key: key) { text throws(StoreError) in
      try MemoryShortage.expect(text.count)
      return Array(text)
    }
  }

  /// Lends the JSON text of a stored value to `body`.
  static func withJSON<Result>(
    _ row: Statement, _ column: Int32, key: String, _ body: (Bytes) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    func fault(_ reason: String) -> StoreError {
      .corrupt(
        "state key \(StoreError.quoted(key)): the stored value is damaged: \(reason). Set it again, or fix it with an"
          + " SQLite tool")
    }
    var out = ByteBuffer()
    switch row.kind(column) {
    case .integer: NumberText.append(row.int64(column), to: &out)
    case .real:
      guard row.double(column).isFinite else { throw fault("it is infinite") }
      NumberText.append(row.double(column), to: &out)
    case .text:
      let text = row.bytes(column)
      guard text.isValidUTF8 else { throw fault("it is not valid UTF-8") }
      var scanner = JSONScanner(text)
      do throws(JSONScanner.Failure) {
        try scanner.skipValue(maximumDepth: Limits.jsonDepth)
        try scanner.expectEnd()
      } catch {
        throw fault(error.reason)
      }
      return try body(text)
    case .blob: throw fault("it is a blob")
    case .null: throw fault("it is NULL")
    }
    return try body(out.bytes)
  }
}
