// SPDX-License-Identifier: MIT

/// A parameter of a query: see ``Store/query(_:_:timeout:)``.
public struct QueryParameter: Sendable {
  /// What is bound.
  public enum Value: Sendable {
    /// SQL NULL.
    case null
    /// An integer.
    case integer(Int64)
    /// A double; NaN is bound as NULL.
    case real(Double)
    /// A text.
    case text(String)
    /// Bytes.
    case blob([UInt8])
    /// Nanoseconds since 1970-01-01T00:00:00Z; bound as the stored text form.
    case time(Int64)
  }

  /// The parameter's name without its prefix (`:`, `@` or `$`); nil: by position.
  public var name: String?
  /// What is bound.
  public var value: Value

  /// A parameter by position, or by name.
  public init(_ value: Value, name: String? = nil) {
    self.value = value
    self.name = name
  }
}

/// The rows of a query, column by column. The object owns them and may outlive its store; threads may share it.
public final class QueryRows: @unchecked Sendable {  // never changes after it was filled
  /// One column. Row i is of type `types[i]`: 0 NULL, 1 integer, 2 real, 3 text, 4 blob.
  ///
  /// Numbers are in `integers` or `reals`; texts and blobs are in `bytes`, from `offsets[i]` up to but excluding
  /// `offsets[i + 1]`. An array that no row needs is empty. Each property makes a copy of its array.
  public final class Column: @unchecked Sendable {  // never changes after it was filled
    /// The column's name, as the query gives it.
    public let name: String
    private var content = Content()

    fileprivate struct Content: ~Copyable {
      var types = ColumnBuffer<UInt8>()
      var integers = ColumnBuffer<Int64>()
      var reals = ColumnBuffer<Double>()
      var offsets = ColumnBuffer<Int64>()
      var bytes = ByteBuffer()
    }

    init(name: String) { self.name = name }

    /// One type code per row.
    public var types: [UInt8] { Array(typeColumn) }
    /// One number per row: the value of rows of type 1, 0 in the others. Empty if no row is of that type.
    public var integers: [Int64] { Array(integerColumn) }
    /// One number per row: the value of rows of type 2, 0 in the others. Empty if no row is of that type.
    public var reals: [Double] { Array(realColumn) }
    /// Where each row's text or blob begins in `bytes`, and where the last one ends: `count + 1` numbers, or none.
    public var offsets: [Int64] { Array(offsetColumn) }
    /// Texts and blobs, one after the other.
    public var bytes: [UInt8] { Array(byteColumn) }

    // As they lie in memory, for as long as this object lives.
    package var typeColumn: UnsafeBufferPointer<UInt8> { content.types.elements }
    package var integerColumn: UnsafeBufferPointer<Int64> { content.integers.elements }
    package var realColumn: UnsafeBufferPointer<Double> { content.reals.elements }
    package var offsetColumn: UnsafeBufferPointer<Int64> { content.offsets.elements }
    package var byteColumn: UnsafeBufferPointer<UInt8> { content.bytes.bytes }

    fileprivate func append(_ row: Statement, _ column: Int32, row index: Int) {
      content.append(row, column, row: index)
    }

    fileprivate func finish(_ count: Int) { content.finish(count) }
  }

  /// The columns, in the order of the query.
  public let columns: [Column]
  /// How many rows there are; each column has as many.
  public let count: Int

  init(columns: [Column], count: Int) {
    self.columns = columns
    self.count = count
  }
}

extension Store {
  /// Runs one statement that only reads.
  ///
  /// - Parameters:
  ///   - sql: One statement. The tables are `market_data`, `market_requests` and `system_state`.
  ///   - parameters: By position for `?`, by name for `:name`, `@name` and `$name`.
  ///   - timeout: Seconds after which the query is stopped, 0 to 1,000,000; nil: no limit.
  /// - Returns: The rows as of one snapshot.
  /// - Throws: `.invalid` if the statement writes, attaches, sets a PRAGMA, or is not SQL, or a parameter is wrong or
  ///   missing; `.timeout` if it took longer than `timeout`. Otherwise as a read, see ``StoreError``.
  public func query(
    _ sql: String, _ parameters: [QueryParameter] = [], timeout: Double? = nil
  ) throws(StoreError) -> QueryRows {
    let deadline = try timeout.map { seconds throws(StoreError) in
      guard seconds >= 0, seconds <= StoreOptions.maximumTimeout else {
        throw .invalid(
          "timeout is \(seconds) s; it must be from 0 to \(Int(StoreOptions.maximumTimeout))", key: "timeout")
      }
      return Deadline(secondsFromNow: seconds)
    }
    return try read(snapshot: false, until: deadline) { reader throws(StoreError) in
      try PlainLocale.run { () throws(StoreError) in try rows(of: sql, parameters, timeout, reader) }
    }
  }

  private func rows(
    of sql: String, _ parameters: [QueryParameter], _ timeout: Double?, _ reader: Connection
  ) throws(StoreError) -> QueryRows {
    reader.limitExpressions(toDepth: ThreadStack.expressionDepth(atMost: Connection.deepestExpression))
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
      guard error.isInStatement else { throw error }
      throw StoreError(
        .invalid, "the query \(StoreError.quoted(sql)) failed: \(error.message)",
        sqliteCode: error.sqliteCode,
        key: "query")
    }
  }

  private func rows(of statement: Statement) throws(StoreError) -> QueryRows {
    let columns = (0..<statement.columnCount).map { QueryRows.Column(name: statement.columnName($0)) }
    var count = 0
    while try statement.step() {
      for (index, column) in columns.enumerated() { column.append(statement, Int32(index), row: count) }
      count += 1
    }
    for column in columns { column.finish(count) }
    return QueryRows(columns: columns, count: count)
  }

  private func bind(_ parameters: [QueryParameter], to statement: Statement) throws(StoreError) {
    let expected = Int(statement.parameterCount)
    guard parameters.count == expected || parameters.contains(where: { $0.name != nil }) else {
      throw .invalid("the query takes \(expected) parameters, got \(parameters.count)", key: "params")
    }
    var bound: Set<Int32> = []
    for (position, parameter) in parameters.enumerated() {
      // A name that the query does not use does no harm.
      for index in parameter.name.map(statement.parameterIndexes) ?? [Int32(position + 1)] {
        bound.insert(index)
        try bind(parameter.value, index, to: statement)
      }
    }
    for index in 1...Int32(max(expected, 1)) where expected > 0 && !bound.contains(index) {
      throw .invalid("the query's parameter \(index) was given no value", key: "params")
    }
  }

  private func bind(
    _ value: QueryParameter.Value, _ index: Int32, to statement: Statement
  ) throws(StoreError) {
    switch value {
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
}

extension QueryRows.Column.Content {
  fileprivate mutating func append(_ row: Statement, _ column: Int32, row index: Int) {
    let kind = row.kind(column)
    types.append(kind.rawValue)
    switch kind {
    case .null: break
    case .integer:
      integers.pad(to: index, with: 0)
      integers.append(row.int64(column))
    case .real:
      reals.pad(to: index, with: 0)
      reals.append(row.double(column))
    case .text, .blob:
      offsets.pad(to: index + 1, with: Int64(bytes.count))
      bytes.append(row.bytes(column))
      offsets.append(Int64(bytes.count))
    }
  }

  /// Brings the columns that are in use to their full length.
  fileprivate mutating func finish(_ count: Int) {
    if integers.count > 0 { integers.pad(to: count, with: 0) }
    if reals.count > 0 { reals.pad(to: count, with: 0) }
    if offsets.count > 0 { offsets.pad(to: count + 1, with: Int64(bytes.count)) }
  }
}
