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
    let value: RecordRow.Value
    switch row.kind(column) {
    case .integer: value = .integer(row.int64(column))
    case .real: value = .real(row.double(column))
    case .text: value = .text(row.bytes(column))
    case .blob: throw damaged("it is a blob", key)
    case .null: throw damaged("it is NULL", key)
    }
    if let reason = damage(of: value) { throw damaged(reason, key) }
    return try withJSON(value, body)
  }

  private static func damaged(_ reason: String, _ key: String) -> StoreError {
    .corrupt(
      "state key \(StoreError.quoted(key)): the stored value is damaged: \(reason). Set it again, or fix it with an"
        + " SQLite tool")
  }

  /// Why a stored value is not JSON; nil if it is.
  static func damage(of value: RecordRow.Value) -> String? {
    switch value {
    case .integer: return nil
    case .real(let value): return value.isFinite ? nil : "it is infinite"
    case .text(let text):
      if isPlain(text) { return nil }
      guard text.isValidUTF8 else { return "it is not valid UTF-8" }
      var scanner = JSONScanner(text)
      do throws(JSONScanner.Failure) {
        try scanner.skipValue(maximumDepth: Limits.jsonDepth)
        try scanner.expectEnd()
      } catch {
        return error.reason
      }
      return nil
    }
  }

  /// Lends the JSON text of a value that is not damaged.
  static func withJSON<Result>(
    _ value: RecordRow.Value, _ body: (Bytes) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    if case .text(let text) = value { return try body(text) }
    var number = ByteBuffer()
    switch value {
    case .text: break
    case .integer(let value): NumberText.append(value, to: &number)
    case .real(let value): NumberText.append(value, to: &number)
    }
    return try body(number.bytes)
  }
}
