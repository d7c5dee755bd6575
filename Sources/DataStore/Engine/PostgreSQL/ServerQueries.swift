// SPDX-License-Identifier: MIT

extension PostgreSQLEngine {
  func query(
    _ sql: String, _ parameters: [QueryParameter], timeout: Double?
  ) throws(StoreError) -> QueryRows {
    guard !sql.utf8.contains(0) else { throw .invalid("the query holds a NUL character", key: "query") }
    guard sql.utf8.contains(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) && $0 != UInt8(ascii: ";") })
    else {
      throw .invalid("the query is empty; pass one SELECT", key: "query")
    }
    let statement = try QuerySQL(sql, parameters)
    do throws(StoreError) {
      return try readAlone(until: timeout.map { Deadline(secondsFromNow: $0) }) {
        session throws(StoreError) in
        try session.query(statement, searchPath: tables.searchPath)
      }
    } catch {
      guard error.code == .timeout, let timeout else { throw error }
      throw StoreError(
        .timeout,
        "the query \(StoreError.quoted(sql)) took longer than its timeout of \(timeout) s and was stopped: ask for less (a"
          + " range, a LIMIT), or allow it more time", key: "timeout")
    }
  }
}

extension Session {
  /// Runs one statement by a cursor, within a transaction, or a savepoint, that is taken back: it may only read.
  func query(_ statement: QuerySQL, searchPath: String) throws(StoreError) -> QueryRows {
    try run(
      "SET LOCAL transaction_read_only = on; SET LOCAL search_path = \(searchPath.isEmpty ? "pg_catalog" : searchPath)"
    )
    do throws(StoreError) {
      try bind(statement)
      _ = try run("DECLARE ds_query NO SCROLL CURSOR FOR " + statement.sql, inBinary: false)
      return try fetchAll()
    } catch {
      if interruption.isOutOfTime, error.code == .interrupted { throw StoreError(.timeout, error.message) }
      // What the server finds wrong is the query's fault, but for what befalls the server itself.
      guard error.code == .schema || error.code == .invalid || error.code == .storage, !isLost else {
        throw error
      }
      let isOfServer = ["53", "57", "58", "XX", "55"].contains { lastState.isOf($0) }
      guard !isOfServer, lastState != .none else { throw error }
      throw StoreError(
        .invalid, Self.refusal(statement, lastState, error.reason ?? error.message), key: "query")
    }
  }

  private static func refusal(_ statement: QuerySQL, _ state: SQLState, _ told: String) -> String {
    let shown = StoreError.quoted(statement.given)
    if state == .readOnlyTransaction || state == .featureNotSupported {
      return "the query \(shown) writes, and only what reads runs here: \(told)"
    }
    let isSyntax = state == SQLState("42601")
    return "the query \(shown) failed: \(told)"
      + (isSyntax
        ? ". Only what reads runs here: one SELECT, VALUES, TABLE or WITH, in PostgreSQL's SQL" : "")
  }

  private func bind(_ statement: QuerySQL) throws(StoreError) {
    for (place, value) in statement.values.enumerated() {
      switch value {
      case .null: parameters.addNull()
      case .integer(let value):
        parameters.add(value)
        parameters.setType(20)
      case .real(let value):
        parameters.add(value)
        parameters.setType(701)
      case .text(let text): parameters.add(literal: text)
      case .blob(let bytes):
        bytes.withUnsafeBufferPointer { parameters.add(copying: $0) }
        parameters.setType(17)
      case .time(let instant):
        guard instant != Timestamp.none else {
          throw .invalid("parameter \(place + 1) is NaT", key: "params")
        }
        parameters.add(literal: Timestamp.text(instant))
      }
    }
  }

  /// Rows that are fetched together.
  private static let rowsAtOnce = 4096

  private func fetchAll() throws(StoreError) -> QueryRows {
    var columns: [QueryRows.Column] = []
    var types: [UInt32] = []
    var count = 0
    while true {
      let rows = try run("FETCH FORWARD \(Self.rowsAtOnce) FROM ds_query", inBinary: false)
      if columns.isEmpty {
        columns = (0..<rows.columns).map { QueryRows.Column(name: rows.name($0)) }
        types = (0..<rows.columns).map { rows.type($0) }
      }
      for row in 0..<rows.rows {
        for (place, column) in columns.enumerated() {
          Self.append(rows.optionalBytes(place, row: row), types[place], to: column, row: count)
        }
        count += 1
      }
      if rows.rows < Self.rowsAtOnce { break }
    }
    for column in columns { column.finish(count) }
    if MemoryShortage.isNoted { throw .noMemory() }
    return QueryRows(columns: columns, count: count)
  }

  /// A value, which came as text, by its type: the numbers of pg_type.
  private static func append(_ text: Bytes?, _ type: UInt32, to column: QueryRows.Column, row: Int) {
    guard let text else { return column.append(.null, row: row) }
    switch type {
    case 16: column.append(.integer(text.first == UInt8(ascii: "t") ? 1 : 0), row: row)
    case 20, 21, 23, 26:
      if let value = NumberText.int64(text) { return column.append(.integer(value), row: row) }
      column.append(.text(text), row: row)
    case 700, 701, 1700:
      if let value = NumberText.double(text) ?? Double(text.text) {
        return column.append(.real(value), row: row)
      }
      column.append(.text(text), row: row)
    case 17:
      let bytes = hexadecimal(text)
      bytes.withUnsafeBufferPointer { column.append(.blob($0), row: row) }
    case 1184:
      guard case .instant(let instant, _) = TimestampParser.parse(text) else {
        return column.append(.text(text), row: row)
      }
      Timestamp.text(instant).withBytes { column.append(.text($0), row: row) }
    default: column.append(.text(text), row: row)
    }
  }

  /// The bytes that `\x00ff` stands for.
  private static func hexadecimal(_ text: Bytes) -> [UInt8] {
    func digit(_ byte: UInt8) -> UInt8 { byte < 0x40 ? byte &- 0x30 : (byte | 0x20) &- 0x57 }
    return stride(from: 2, to: text.count - 1, by: 2).map { digit(text[$0]) << 4 | digit(text[$0 + 1]) }
  }
}
