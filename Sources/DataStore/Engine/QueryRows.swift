// SPDX-License-Identifier: MIT

/// A parameter of a query: see ``Store/query(_:_:timeout:)``.
public struct QueryParameter: Sendable {
  /// What is bound.
  public typealias Value = Cell

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

    /// A value, borrowed from the row that it stands in.
    enum Value {
      case null
      case integer(Int64)
      case real(Double)
      case text(Bytes)
      case blob(Bytes)

      fileprivate var code: UInt8 {
        switch self {
        case .null: 0
        case .integer: 1
        case .real: 2
        case .text: 3
        case .blob: 4
        }
      }
    }

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

    /// A value of the next row.
    func append(_ value: Value, row: Int) { content.append(value, row: row) }

    /// Brings what is in use to its full length.
    func finish(_ count: Int) { content.finish(count) }
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

extension QueryRows.Column.Content {
  fileprivate mutating func append(_ value: QueryRows.Column.Value, row: Int) {
    types.append(value.code)
    switch value {
    case .null: break
    case .integer(let integer):
      integers.pad(to: row, with: 0)
      integers.append(integer)
    case .real(let real):
      reals.pad(to: row, with: 0)
      reals.append(real)
    case .text(let text), .blob(let text):
      offsets.pad(to: row + 1, with: Int64(bytes.count))
      bytes.append(text)
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
