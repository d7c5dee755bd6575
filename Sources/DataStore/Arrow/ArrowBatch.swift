// SPDX-License-Identifier: MIT

/// A record batch of an ``ArrowStream``: rows as columns, whose values come out as arrays.
///
/// It owns its memory, and threads may share it.
public final class ArrowBatch: @unchecked Sendable {  // never changes after it was made
  /// How many rows there are.
  public let count: Int
  /// The columns, in the order of the stream.
  public let columns: [Column]

  init(_ block: ArrowArrayBlock, _ fields: [ArrowField]) throws(StoreError) {
    let array = block.array.pointee
    count = Int(array.length)
    let top = ArrowPlace(series: "the Arrow stream", column: "(the record batch)", isFeature: false)
    // Checks the batch itself: its offset, its length, its validity.
    let rows = try ArrowColumn(
      UnsafePointer(block.array),
      ArrowField(name: "", type: .structure, index: nil, typeName: "", children: []),
      top)
    guard rows.isComplete else { throw top.broken("a whole row is null") }
    var columns: [Column] = []
    if !fields.isEmpty {
      let children = try ArrowColumn.childPointers(array, fields.count, top)
      for (number, field) in fields.enumerated() {
        let place = ArrowPlace(series: "the Arrow stream", column: field.name, isFeature: false)
        guard let child = children[number] else { throw place.broken("it is NULL") }
        let column = try ArrowColumn(
          UnsafePointer(child), field, first: Int(array.offset), rows: count, place)
        columns.append(Column(field: field, column: column, place: place, owner: block))
      }
    }
    self.columns = columns
  }

  /// A column as values: `batch["close", as: Double?.self]`.
  ///
  /// - Parameters:
  ///   - name: The column's name, byte for byte.
  ///   - type: The type to read it as, optional where there may be null. It may be left out where it is known otherwise.
  /// - Throws: As ``column(_:)`` and ``Column/values(as:)``.
  public subscript<Value: CellConvertible>(_ name: String, as type: Value.Type = Value.self) -> [Value] {
    get throws(StoreError) { try column(name).values(as: type) }
  }

  /// A column by its name.
  ///
  /// - Throws: `.invalid` if there is not one column of that name.
  public func column(_ name: String) throws(StoreError) -> Column {
    columns[try CellPlace.number(of: name, among: columns.map(\.name))]
  }

  /// A column of a record batch.
  public struct Column: @unchecked Sendable {  // never changes
    private let field: ArrowField
    private let column: ArrowColumn
    private let place: ArrowPlace
    private let owner: ArrowArrayBlock

    fileprivate init(field: ArrowField, column: ArrowColumn, place: ArrowPlace, owner: ArrowArrayBlock) {
      self.field = field
      self.column = column
      self.place = place
      self.owner = owner
    }

    /// The column's name.
    public var name: String { field.name }
    /// Its type as Arrow calls it, such as "float64".
    public var type: String { field.typeName }
    /// How many rows there are.
    public var count: Int { column.count }

    /// The columns that a column of structs consists of, such as the `value` and `quality` of a feature.
    public var fields: [Column] {
      zip(field.children, column.children).map {
        Column(field: $0, column: $1, place: place, owner: owner)
      }
    }

    /// One of them by its name; it is null where the struct is.
    ///
    /// - Throws: `.invalid` if there is not one of that name.
    public func field(_ name: String) throws(StoreError) -> Column {
      fields[try CellPlace.number(of: name, among: fields.map(\.name))]
    }

    /// A value per row. Integers of any width are read as `Int64` or `Int`, floats as `Double`, times as ``Instant``,
    /// texts and dictionaries of them as `String`, bytes as `[UInt8]`.
    ///
    /// - Parameter type: The type to read them as, optional where there may be null.
    /// - Throws: `.invalid`, with the row, if a value is of another type or null, an integer is beyond int64, a time is out
    ///   of range or has no zone, or the array breaks the Arrow C interfaces.
    public func values<Value: CellConvertible>(as type: Value.Type = Value.self) throws(StoreError) -> [Value]
    {
      if type == Double.self, case .float(8) = column.type, let doubles = column.borrowed(as: Double.self),
        let values = Array(UnsafeBufferPointer(start: doubles, count: count)) as? [Value]
      {
        return withExtendedLifetime(owner) { values }
      }
      var values: [Value] = []
      values.reserveCapacity(count)
      for row in 0..<count {
        values.append(try CellPlace(row: row, column: name).value(cell(row), as: type))
      }
      return values
    }

    /// The value of a row, whatever it is: a bool is the integer 0 or 1.
    ///
    /// - Throws: As ``values(as:)``.
    public func cell(_ row: Int) throws(StoreError) -> Cell {
      guard row >= 0, row < count else {
        throw .invalid("there is no row \(row); there are \(count), from 0 on", row: row, key: name)
      }
      return try withExtendedLifetime(owner) { () throws(StoreError) in
        guard column.isPresent(row) else { return .null }
        guard let dictionary = column.dictionary else { return try cell(in: column, row, row) }
        guard let at = column.place(row) else {
          throw place.broken("its index is beyond the dictionary of \(dictionary.count) values", row: row)
        }
        return dictionary.isPresent(at) ? try cell(in: dictionary, at, row) : .null
      }
    }

    private func cell(in column: ArrowColumn, _ at: Int, _ row: Int) throws(StoreError) -> Cell {
      switch column.type {
      case .null: return .null
      case .bool: return .integer(column.bool(at) ? 1 : 0)
      case .float(let bytes): return .real(column.float(at, bytes))
      case .integer(let bytes, let isSigned):
        guard let value = column.integer(at, bytes, isSigned) else {
          throw refusal("the integer \(column.unsigned(at)) is beyond int64", row)
        }
        return .integer(value)
      case .text(let layout):
        let bytes = try bytes(column, at, layout, row)
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw refusal("the text \(StoreError.quoted(bytes.text)) is not valid UTF-8", row)
        }
        return .text(text)
      case .binary(let layout): return .blob(Array(try bytes(column, at, layout, row)))
      case .timestamp(let perTick, let zone):
        guard !zone.isEmpty else { throw refusal("the time has no time zone", row) }
        let (value, overflow) = column.load(at, as: Int64.self).multipliedReportingOverflow(by: perTick)
        guard !overflow else {
          throw refusal("the time is out of range; nanoseconds reach from 1677-09-21 to 2262-04-11", row)
        }
        return .time(value)
      case .structure: throw refusal("it is a struct; read its fields", row)
      case .other: throw refusal("its type, \(type), is not one that is read", row)
      }
    }

    private func bytes(
      _ column: ArrowColumn, _ at: Int, _ layout: ArrowType.TextLayout, _ row: Int
    ) throws(StoreError) -> Bytes {
      do throws(ArrowColumn.TextFault) { return try column.text(at, layout) } catch {
        switch error {
        case .broken(let what): throw place.broken(what, row: row)
        case .long: throw refusal("it is longer than \(Limits.textBytes) bytes", row)
        }
      }
    }

    private func refusal(_ reason: String, _ row: Int) -> StoreError {
      CellPlace(row: row, column: name).refusal(reason)
    }
  }
}
