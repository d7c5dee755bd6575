// SPDX-License-Identifier: MIT

/// The value of one row in one column: what a query takes as a parameter, and what it gives back.
public enum Cell: Sendable {
  /// SQL NULL.
  case null
  /// An integer. As a flag: 0 or 1.
  case integer(Int64)
  /// A double; as a parameter NaN is bound as NULL.
  case real(Double)
  /// A text.
  case text(String)
  /// Bytes.
  case blob([UInt8])
  /// Nanoseconds since 1970-01-01T00:00:00Z; as a parameter it is bound as the stored text form. The rows of a query have
  /// times as texts.
  case time(Int64)

  /// As a message shows it.
  var shown: String {
    switch self {
    case .null: "NULL"
    case .integer(let value): "the integer \(value)"
    case .real(let value): "the double \(value)"
    case .text(let text): "the text \(StoreError.quoted(text))"
    case .blob(let bytes): "a blob of \(bytes.count) bytes"
    case .time(let nanoseconds): "the time \(Timestamp.text(nanoseconds))"
    }
  }
}

/// A type that a cell can be read as, and that can be a parameter of a query.
///
/// `Int`, `Int64`, `Double`, `Bool`, `String`, `[UInt8]`, ``Instant`` and optionals of them are such types. An enum with
/// raw values of one becomes one by declaring it: `enum Side: String, CellConvertible { case long, short }`.
public protocol CellConvertible {
  /// The value of a cell; nil if the cell does not hold one without a guess or a loss. NULL is a value of optionals only.
  init?(cell: Cell)
  /// The cell that holds this value.
  var cell: Cell { get }
}

extension Int64: CellConvertible {
  /// Takes an integer.
  public init?(cell: Cell) {
    guard case .integer(let value) = cell else { return nil }
    self = value
  }

  /// An integer.
  public var cell: Cell { .integer(self) }
}

extension Int: CellConvertible {
  /// Takes an integer.
  public init?(cell: Cell) {
    guard case .integer(let value) = cell else { return nil }
    self.init(exactly: value)
  }

  /// An integer.
  public var cell: Cell { .integer(Int64(self)) }
}

extension Double: CellConvertible {
  /// Takes a double, or an integer that a double holds exactly.
  public init?(cell: Cell) {
    switch cell {
    case .real(let value): self = value
    case .integer(let value): self.init(exactly: value)
    default: return nil
    }
  }

  /// A double; NaN is bound as NULL.
  public var cell: Cell { .real(self) }
}

extension Bool: CellConvertible {
  /// Takes the integers 0 and 1.
  public init?(cell: Cell) {
    guard case .integer(let value) = cell, value == 0 || value == 1 else { return nil }
    self = value == 1
  }

  /// The integer 0 or 1.
  public var cell: Cell { .integer(self ? 1 : 0) }
}

extension String: CellConvertible {
  /// Takes a text.
  public init?(cell: Cell) {
    guard case .text(let text) = cell else { return nil }
    self = text
  }

  /// A text.
  public var cell: Cell { .text(self) }
}

extension Array: CellConvertible where Element == UInt8 {
  /// Takes a blob.
  public init?(cell: Cell) {
    guard case .blob(let bytes) = cell else { return nil }
    self = bytes
  }

  /// A blob.
  public var cell: Cell { .blob(self) }
}

extension Optional: CellConvertible where Wrapped: CellConvertible {
  /// Takes NULL as nil, and what the type itself takes.
  public init?(cell: Cell) {
    if case .null = cell {
      self = .none
      return
    }
    guard let value = Wrapped(cell: cell) else { return nil }
    self = .some(value)
  }

  /// nil is NULL.
  public var cell: Cell { self?.cell ?? .null }
}

extension CellConvertible where Self: RawRepresentable, RawValue: CellConvertible {
  /// Takes the raw value of a case.
  public init?(cell: Cell) {
    guard let raw = RawValue(cell: cell) else { return nil }
    self.init(rawValue: raw)
  }

  /// The raw value.
  public var cell: Cell { rawValue.cell }
}

/// Where a cell is, as messages say it.
struct CellPlace {
  let row: Int
  let column: String

  /// The value of a cell, or why it has none of this type.
  func value<Value: CellConvertible>(_ cell: Cell, as type: Value.Type) throws(StoreError) -> Value {
    if let value = Value(cell: cell) { return value }
    if case .null = cell {
      throw refusal("it is NULL, and \(type) takes none; ask for \(type)?")
    }
    throw refusal("\(cell.shown) is not a value of \(type); ask for the type that the column has")
  }

  func refusal(_ reason: String) -> StoreError {
    .invalid("row \(row) of column \(StoreError.quoted(column)): \(reason)", row: row, key: column)
  }

  /// The number of the one column of this name; refuses a name that none, or more than one, has.
  static func number(of name: String, among names: [String]) throws(StoreError) -> Int {
    let wanted = ExactText(name)
    guard let number = names.firstIndex(where: { ExactText($0) == wanted }) else {
      let known = names.prefix(50).map(StoreError.quoted).joined(separator: ", ")
      throw .invalid(
        "no column is called \(StoreError.quoted(name)); "
          + (names.isEmpty ? "there are no columns" : "the columns are \(known)"), key: name)
    }
    guard !names[(number + 1)...].contains(where: { ExactText($0) == wanted }) else {
      throw .invalid(
        "there are several columns \(StoreError.quoted(name)); give each a name of its own, in SQL with AS",
        key: name)
    }
    return number
  }
}
