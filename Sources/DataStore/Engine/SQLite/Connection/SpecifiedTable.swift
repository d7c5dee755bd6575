// SPDX-License-Identifier: MIT

/// The tables that are read from pages.
enum PagedTable: Int, CaseIterable {
  case bars
  case requests
  case state
}

/// Tells whether the SQL of a file's table is the specification's, in whatever case and spacing, and remembers the
/// one that was: to read pages one has to know which column is where.
struct SpecifiedTable {
  private var known: [UInt8] = []

  mutating func isWritten(in sql: Bytes, as ddl: String) -> Bool {
    if !known.isEmpty, known.withUnsafeBufferPointer({ $0.equals(sql) }) { return true }
    guard Self.definition(sql) == ddl.withBytes({ Self.definition($0) }) else {
      return false
    }
    known = Array(sql)
    return true
  }

  /// What follows the table's name, in small letters, with no space but one between words.
  private static func definition(_ sql: Bytes) -> [UInt8] {
    var written: [UInt8] = []
    var isSpaced = false
    for byte in sql.drop(while: { $0 != UInt8(ascii: "(") }) {
      switch byte {
      case 0x20, 0x09, 0x0a, 0x0d: isSpaced = true
      default:
        if isSpaced, let last = written.last, isWord(last), isWord(byte) { written.append(0x20) }
        isSpaced = false
        let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
        written.append(isCapital ? byte | 0x20 : byte)
      }
    }
    return written
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte != UInt8(ascii: "(") && byte != UInt8(ascii: ")") && byte != UInt8(ascii: ",")
  }
}
