// SPDX-License-Identifier: MIT

/// The type of an Arrow column, as far as the store takes it. A dictionary's is that of its values.
enum ArrowType {
  enum TextLayout {
    /// With 32-bit offsets.
    case short
    /// With 64-bit offsets.
    case long
    /// With a view per row: a short text itself, or where it lies.
    case view
  }

  case null
  case bool
  case integer(bytes: Int, isSigned: Bool)
  case float(bytes: Int)
  case text(TextLayout)
  /// Bytes, which a query may give and no column of bars takes.
  case binary(TextLayout)
  /// `perTick` is in nanoseconds.
  case timestamp(perTick: Int64, zone: String)
  case structure
  /// Not one that the store takes.
  case other

  /// The type of a format string of the C data interface.
  init(format: String) {
    switch format {
    case "n": self = .null
    case "b": self = .bool
    case "c": self = .integer(bytes: 1, isSigned: true)
    case "C": self = .integer(bytes: 1, isSigned: false)
    case "s": self = .integer(bytes: 2, isSigned: true)
    case "S": self = .integer(bytes: 2, isSigned: false)
    case "i": self = .integer(bytes: 4, isSigned: true)
    case "I": self = .integer(bytes: 4, isSigned: false)
    case "l": self = .integer(bytes: 8, isSigned: true)
    case "L": self = .integer(bytes: 8, isSigned: false)
    case "e": self = .float(bytes: 2)
    case "f": self = .float(bytes: 4)
    case "g": self = .float(bytes: 8)
    case "u": self = .text(.short)
    case "U": self = .text(.long)
    case "vu": self = .text(.view)
    case "z": self = .binary(.short)
    case "Z": self = .binary(.long)
    case "vz": self = .binary(.view)
    case "+s": self = .structure
    default:
      let ticks: [(String, Int64)] = [
        ("tss:", Timestamp.perSecond), ("tsm:", 1_000_000), ("tsu:", Timestamp.perMicrosecond), ("tsn:", 1),
      ]
      guard let unit = ticks.first(where: { format.utf8.starts(with: $0.0.utf8) }) else {
        self = .other
        return
      }
      self = .timestamp(perTick: unit.1, zone: String(format.dropFirst(4)))
    }
  }

  var isInteger: Bool { if case .integer = self { true } else { false } }

  /// Whether it is of texts or bytes as views.
  var isView: Bool {
    switch self {
    case .text(.view), .binary(.view): true
    default: false
    }
  }

  /// How many buffers an array of this type has at least.
  var bufferCount: Int {
    switch self {
    case .null, .other: 0
    case .structure: 1
    case .bool, .integer, .float, .timestamp: 2
    case .text, .binary: 3
    }
  }

  /// The type of a format string, as messages call it.
  static func name(ofFormat format: String) -> String {
    if let name = plainNames.first(where: { $0.format.utf8.elementsEqual(format.utf8) })?.name { return name }
    if let kind = prefixes.first(where: { format.utf8.starts(with: $0.prefix.utf8) }) {
      return kind.keepsRest ? "\(kind.name)[\(format.dropFirst(kind.prefix.utf8.count))]" : kind.name
    }
    return "a type that this library does not know (\(StoreError.quoted(format)))"
  }

  private static let plainNames: [(format: String, name: String)] = [
    ("n", "null"), ("b", "bool"), ("c", "int8"), ("C", "uint8"), ("s", "int16"), ("S", "uint16"),
    ("i", "int32"), ("I", "uint32"), ("l", "int64"), ("L", "uint64"), ("e", "float16"), ("f", "float32"),
    ("g", "float64"), ("u", "utf8"), ("U", "large_utf8"), ("vu", "string_view"), ("z", "binary"),
    ("Z", "large_binary"), ("vz", "binary_view"), ("tdD", "date32"), ("tdm", "date64"), ("+s", "a struct"),
    ("+l", "a list"), ("+L", "a large list"), ("+vl", "a list view"), ("+vL", "a large list view"),
    ("+m", "a map"), ("+r", "run-end encoded"),
  ]

  private static let prefixes: [(prefix: String, name: String, keepsRest: Bool)] = [
    ("d:", "a decimal", true), ("w:", "fixed-size binary", true), ("+w:", "a fixed-size list", true),
    ("+u", "a union", false), ("tss:", "timestamp", false), ("tsm:", "timestamp", false),
    ("tsu:", "timestamp", false), ("tsn:", "timestamp", false), ("tt", "a time of day", false),
    ("tD", "a duration", false), ("ti", "an interval", false),
  ]
}

/// A column of an Arrow schema.
struct ArrowField {
  let name: String
  /// Of the values, where the column has a dictionary.
  let type: ArrowType
  /// Of the indices into the dictionary; nil if there is none.
  let index: ArrowType?
  /// As messages call it.
  let typeName: String
  /// Those of a struct.
  let children: [ArrowField]
}
