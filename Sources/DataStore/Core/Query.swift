// SPDX-License-Identifier: MIT

/// A parameter of a query.
public struct QueryParameter: Sendable {
  /// What is bound.
  public enum Value: Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
    /// Nanoseconds since 1970-01-01T00:00:00Z; bound as the stored text form.
    case time(Int64)
  }

  /// Without its prefix (`:`, `@` or `$`); nil: by position.
  public var name: String?
  /// What is bound.
  public var value: Value

  /// A parameter by position, or by name.
  public init(_ value: Value, name: String? = nil) {
    self.value = value
    self.name = name
  }
}

/// The rows of a query, column by column.
public final class QueryRows: @unchecked Sendable {  // never changes after it was filled
  /// One column; row i is of type `types[i]` (0 NULL, 1 integer, 2 real, 3 text, 4 blob). Numbers stand in `integers` or
  /// `reals`; texts and blobs lie in `bytes` from `offsets[i]` to `offsets[i + 1]`. What no row needs is empty.
  public struct Column: Sendable {
    /// The column's name, as the query gives it.
    public let name: String
    /// A type code a row.
    public internal(set) var types: [UInt8] = []
    /// The rows of type 1; 0 in the others.
    public internal(set) var integers: [Int64] = []
    /// The rows of type 2; 0 in the others.
    public internal(set) var reals: [Double] = []
    /// Where each row's text or blob begins in `bytes`; one more than there are rows.
    public internal(set) var offsets: [Int64] = []
    /// Texts and blobs, one after the other.
    public internal(set) var bytes: [UInt8] = []
  }

  /// The columns, in the order of the query.
  public let columns: [Column]
  /// Rows.
  public let count: Int

  init(columns: [Column], count: Int) {
    self.columns = columns
    self.count = count
  }
}

extension Store {
  /// Runs one statement that only reads.
  ///
  /// - Throws: `.invalid` where it writes, attaches, sets a PRAGMA, or is no SQL; `.timeout` where it takes longer than
  ///   `timeout` seconds (nil: it may take for ever).
  public func query(
    _ sql: String, _ parameters: [QueryParameter] = [], timeout: Double? = nil
  ) throws(StoreError) -> QueryRows {
    let deadline = try timeout.map { seconds throws(StoreError) in
      guard seconds >= 0, seconds <= StoreOptions.maximumTimeout else {
        throw .invalid(
          "timeout is \(seconds) s; it is from 0 to \(Int(StoreOptions.maximumTimeout))", key: "timeout")
      }
      return Deadline(secondsFromNow: seconds)
    }
    return try read(snapshot: false, until: deadline) { reader throws(StoreError) in
      let statement = try ReadOnlyGuard.prepare(sql, on: reader)
      try bind(parameters, to: statement)
      do throws(StoreError) {
        return try rows(of: statement)
      } catch {
        if error.code == .interrupted, reader.interruption.isOutOfTime, let timeout {
          throw StoreError(
            .timeout,
            "the query \(StoreError.quoted(sql)) took longer than its timeout of \(timeout) s and was stopped: ask for"
              + " less (a range, a LIMIT), or allow it more time", key: "timeout")
        }
        // What SQLite finds wrong as it runs (malformed JSON, an overflow) is the query's fault.
        guard error.code == .internalError else { throw error }
        throw StoreError(
          .invalid, "the query \(StoreError.quoted(sql)) failed: \(error.message)",
          sqliteCode: error.sqliteCode,
          key: "query")
      }
    }
  }

  private func rows(of statement: Statement) throws(StoreError) -> QueryRows {
    var columns = (0..<statement.columnCount).map { QueryRows.Column(name: statement.columnName($0)) }
    var count = 0
    while try statement.step() {
      for index in columns.indices {
        columns[index].append(statement, Int32(index), row: count)
      }
      count += 1
    }
    for index in columns.indices { columns[index].finish(count) }
    return QueryRows(columns: columns, count: count)
  }

  private func bind(_ parameters: [QueryParameter], to statement: Statement) throws(StoreError) {
    let expected = Int(statement.parameterCount)
    guard parameters.count == expected || parameters.contains(where: { $0.name != nil }) else {
      throw .invalid("the query takes \(expected) parameters, got \(parameters.count)", key: "params")
    }
    var bound: Set<Int32> = []
    for (position, parameter) in parameters.enumerated() {
      var index = Int32(position + 1)
      if let name = parameter.name {
        // One that the query does not use harms nobody.
        guard let found = statement.parameterIndex(name) else { continue }
        index = found
      }
      bound.insert(index)
      switch parameter.value {
      case .null: statement.bindNull(index)
      case .integer(let value): statement.bind(index, value)
      case .real(let value): statement.bind(index, value)
      case .text(let text): statement.bind(index, copying: text)
      case .blob(let bytes): bytes.withUnsafeBufferPointer { statement.bindCopy(index, blob: $0) }
      case .time(let instant):
        guard instant != Timestamp.none else { throw .invalid("parameter \(index) is NaT", key: "params") }
        statement.bind(index, copying: Timestamp.text(instant))
      }
    }
    for index in 1...Int32(max(expected, 1)) where expected > 0 && !bound.contains(index) {
      throw .invalid("the query's parameter \(index) was given no value", key: "params")
    }
  }
}

extension QueryRows.Column {
  fileprivate init(name: String) { self.name = name }

  fileprivate mutating func append(_ row: Statement, _ column: Int32, row index: Int) {
    let kind = row.kind(column)
    types.append(kind.rawValue)
    switch kind {
    case .null: break
    case .integer:
      pad(&integers, to: index)
      integers.append(row.int64(column))
    case .real:
      pad(&reals, to: index)
      reals.append(row.double(column))
    case .text, .blob:
      pad(&offsets, to: index + 1, with: Int64(bytes.count))
      bytes.append(contentsOf: row.bytes(column))
      offsets.append(Int64(bytes.count))
    }
  }

  /// Brings the columns that are in use to their full length.
  fileprivate mutating func finish(_ count: Int) {
    if !integers.isEmpty { pad(&integers, to: count) }
    if !reals.isEmpty { pad(&reals, to: count) }
    if !offsets.isEmpty { pad(&offsets, to: count + 1, with: Int64(bytes.count)) }
  }

  private func pad<Element: ExpressibleByIntegerLiteral>(
    _ values: inout [Element], to count: Int, with filler: Element = 0
  ) {
    while values.count < count { values.append(filler) }
  }
}
