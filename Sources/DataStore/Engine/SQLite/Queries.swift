// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func query(
    _ sql: String, _ parameters: [QueryParameter], timeout: Double?
  ) throws(StoreError) -> QueryRows {
    let deadline = timeout.map { Deadline(secondsFromNow: $0) }
    return try read(snapshot: false, until: deadline) { reader throws(StoreError) in
      try PlainLocale.run { () throws(StoreError) in try rows(of: sql, parameters, timeout, reader) }
    }
  }

  private func rows(
    of sql: String, _ parameters: [QueryParameter], _ timeout: Double?, _ reader: StoreConnection
  ) throws(StoreError) -> QueryRows {
    reader.limitExpressions(toDepth: ThreadStack.expressionDepth(atMost: Connection.deepestExpression))
    if let kept = reader.queries.take(sql) {
      try bind(parameters, to: kept)
      do throws(StoreError) { return try run(kept, sql, reader) } catch {
        // Where the schema has changed, so that it could not be prepared again, a new one tells what is wrong.
        guard error.isInStatement || error.isDenied else { throw told(error, sql, timeout, reader) }
      }
    }
    let statement = try ReadOnlyGuard.prepare(sql, on: reader)
    try bind(parameters, to: statement)
    do throws(StoreError) { return try run(statement, sql, reader) } catch {
      throw told(error, sql, timeout, reader)
    }
  }

  /// A failure of a running query, as its caller is told.
  private func told(
    _ error: StoreError, _ sql: String, _ timeout: Double?, _ reader: StoreConnection
  ) -> StoreError {
    if error.code == .interrupted, reader.interruption.isOutOfTime, let timeout {
      return StoreError(
        .timeout,
        "the query \(StoreError.quoted(sql)) took longer than its timeout of \(timeout) s and was stopped: ask for"
          + " less (a range, a LIMIT), or allow it more time", key: "timeout")
    }
    if error.isDenied { return ReadOnlyGuard.refusal(sql) }
    // What SQLite finds wrong as it runs (malformed JSON, an overflow) is the query's fault.
    guard error.isInStatement else { return error }
    return StoreError(
      .invalid, "the query \(StoreError.quoted(sql)) failed: \(error.message)", sqliteCode: error.sqliteCode,
      key: "query")
  }

  /// Runs a statement, and keeps it for the next time where that may be.
  private func run(
    _ statement: Statement, _ sql: String, _ reader: StoreConnection
  ) throws(StoreError) -> QueryRows {
    guard ReadOnlyGuard.mayKeep(sql) else { return try rows(of: statement) }
    let rows = try ReadOnlyGuard.running(reader) { () throws(StoreError) -> QueryRows in
      try self.rows(of: statement)
    }
    statement.reset()
    reader.queries.keep(statement, sql)
    return rows
  }

  private func rows(of statement: Statement) throws(StoreError) -> QueryRows {
    // The first step may prepare a kept statement again, and change its columns.
    var hasRow = try statement.step()
    let columns = (0..<statement.columnCount).map { QueryRows.Column(name: statement.columnName($0)) }
    var count = 0
    while hasRow {
      for (index, column) in columns.enumerated() { column.append(statement.value(Int32(index)), row: count) }
      count += 1
      hasRow = try statement.step()
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

extension Statement {
  fileprivate func value(_ column: Int32) -> QueryRows.Column.Value {
    switch kind(column) {
    case .null: .null
    case .integer: .integer(int64(column))
    case .real: .real(double(column))
    case .text: .text(bytes(column))
    case .blob: .blob(bytes(column))
    }
  }
}
