// SPDX-License-Identifier: MIT

/// Rows by number, and their values by name and type.
extension QueryRows: RandomAccessCollection {
  /// A row of a result: `row["close", as: Double.self]`.
  public struct Row: Sendable {
    /// The result that it is a row of.
    public let rows: QueryRows
    /// Its number, from 0 on.
    public let index: Int

    /// The value in a column.
    ///
    /// - Parameters:
    ///   - name: The column's name, byte for byte.
    ///   - type: The type to read it as, optional where there may be NULL. It may be left out where it is known otherwise.
    /// - Throws: `.invalid`, with the row and the column, if there is not one column of that name, the row does not exist, or
    ///   the value is of another type or NULL; `.corrupt` if a stored text is not UTF-8.
    public subscript<Value: CellConvertible>(_ name: String, as type: Value.Type = Value.self) -> Value {
      get throws(StoreError) { try rows.value(rows.column(name), index, as: type) }
    }

    /// The value in the column of this number, from 0 on.
    ///
    /// - Throws: As by name.
    public subscript<Value: CellConvertible>(_ number: Int, as type: Value.Type = Value.self) -> Value {
      get throws(StoreError) { try rows.value(rows.column(number), index, as: type) }
    }

    /// The value in a column, whatever it is.
    ///
    /// - Throws: As a value that is read as a type.
    public func cell(_ name: String) throws(StoreError) -> Cell {
      try rows.cell(rows.column(name), index)
    }
  }

  /// 0.
  public var startIndex: Int { 0 }
  /// How many rows there are.
  public var endIndex: Int { count }
  /// A row. One that does not exist throws when it is asked for a value.
  public subscript(_ index: Int) -> Row { Row(rows: self, index: index) }

  /// A whole column, a value per row: `rows["close", as: Double?.self]`.
  ///
  /// - Throws: As a row's own values.
  public subscript<Value: CellConvertible>(_ name: String, as type: Value.Type = Value.self) -> [Value] {
    get throws(StoreError) {
      let column = try column(name)
      var values: [Value] = []
      values.reserveCapacity(count)
      for row in 0..<count { values.append(try value(column, row, as: type)) }
      return values
    }
  }

  private func column(_ name: String) throws(StoreError) -> Column {
    columns[try CellPlace.number(of: name, among: columns.map(\.name))]
  }

  private func column(_ number: Int) throws(StoreError) -> Column {
    guard columns.indices.contains(number) else {
      throw .invalid("no column has the number \(number): there are \(columns.count), from 0 on")
    }
    return columns[number]
  }

  private func value<Value: CellConvertible>(
    _ column: Column, _ row: Int, as type: Value.Type
  ) throws(StoreError) -> Value {
    try CellPlace(row: row, column: column.name).value(cell(column, row), as: type)
  }

  private func cell(_ column: Column, _ row: Int) throws(StoreError) -> Cell {
    guard row >= 0, row < count else {
      throw .invalid("there is no row \(row); there are \(count), from 0 on", row: row)
    }
    switch column.typeColumn[row] {
    case 1: return .integer(column.integerColumn[row])
    case 2: return .real(column.realColumn[row])
    case 3:
      let bytes = column.bytes(row)
      guard let text = String(validating: bytes, as: UTF8.self) else { throw column.brokenText(row) }
      return .text(text)
    case 4: return .blob(Array(column.bytes(row)))
    default: return .null
    }
  }
}

extension QueryRows.Column {
  /// The text or blob of a row that has one.
  func bytes(_ row: Int) -> Bytes {
    Bytes(rebasing: byteColumn[Int(offsetColumn[row])..<Int(offsetColumn[row + 1])])
  }

  /// Refuses text that another tool stored and that is not text.
  func brokenText(_ row: Int) -> StoreError {
    .corrupt(
      "row \(row) of column \(StoreError.quoted(name)): the stored text \(StoreError.quoted(bytes(row).text))"
        + " is not UTF-8; another tool wrote it, fix it there")
  }
}
