// SPDX-License-Identifier: MIT

/// One bar. In a write `carried` tells which fields are meant; the others are left as they are stored. Its fields are
/// named in `ColumnNames.swift`.
public struct Bar: Sendable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var timestamp: Int64
  /// The fields that were set: setting one adds it here. A field may be taken out again.
  public var carried: BarColumns = []
  // By the columns' numbers, each column in the array of its kind.
  var numbers = PerColumn<Double>(repeating: .nan)
  var texts = PerColumn<String?>(repeating: nil)
  var flags = PerColumn<Bool>(repeating: false)

  /// A bar that carries nothing yet. `timestamp` is in nanoseconds since 1970-01-01T00:00:00Z.
  public init(timestamp: Int64) { self.timestamp = timestamp }

  subscript(number column: BarColumns) -> Double {
    get { numbers[column.number] }
    set {
      numbers[column.number] = newValue
      carried.insert(column)
    }
  }

  subscript(text column: BarColumns) -> String? {
    get { texts[column.number] }
    set {
      texts[column.number] = newValue
      carried.insert(column)
    }
  }

  subscript(flag column: BarColumns) -> Bool {
    get { flags[column.number] }
    set {
      flags[column.number] = newValue
      carried.insert(column)
    }
  }
}
