// SPDX-License-Identifier: MIT

/// A value within a record, by its serial type.
///
/// Source: https://sqlite.org/fileformat2.html, "Record Format".
enum RecordValue {
  /// Bytes of a text; nil if the type is not text.
  @inline(__always)
  static func textSize(_ type: UInt64) -> Int? {
    guard type >= 13, type & 1 == 1, type <= UInt64(Int32.max) else { return nil }
    return Int((type - 13) / 2)
  }

  /// Bytes of a whole number; nil if the type is not one.
  @inline(__always)
  static func integerSize(_ type: UInt64) -> Int? {
    switch type {
    case 1...4: return Int(type)
    case 5: return 6
    case 6: return 8
    case 8, 9: return 0
    default: return nil
    }
  }

  /// Bytes of any value; nil if there is no such type.
  @inline(__always)
  static func size(_ type: UInt64) -> Int? {
    if type >= 12 { return type <= UInt64(Int32.max) ? Int((type - 12) / 2) : nil }
    if type == 0 { return 0 }
    return type == 7 ? 8 : integerSize(type)
  }

  /// A whole number, of which `integerSize` bytes are at `bytes`.
  @inline(__always)
  static func integer(_ type: UInt64, _ bytes: UnsafePointer<UInt8>) -> Int64 {
    switch type {
    case 1: return Int64(Int8(bitPattern: bytes[0]))
    case 2: return Int64(Int16(bitPattern: UInt16(bytes[0]) << 8 | UInt16(bytes[1])))
    case 3:
      return Int64(Int8(bitPattern: bytes[0])) << 16 | Int64(bytes[1]) << 8 | Int64(bytes[2])
    case 4: return Int64(Int32(bigEndian: UnsafeRawPointer(bytes).loadUnaligned(as: Int32.self)))
    case 5:
      let high = Int16(bigEndian: UnsafeRawPointer(bytes).loadUnaligned(as: Int16.self))
      let low = UInt32(bigEndian: UnsafeRawPointer(bytes + 2).loadUnaligned(as: UInt32.self))
      return Int64(high) << 32 | Int64(low)
    case 6: return Int64(bigEndian: UnsafeRawPointer(bytes).loadUnaligned(as: Int64.self))
    default: return type == 9 ? 1 : 0
    }
  }

  @inline(__always)
  static func double(_ bytes: UnsafePointer<UInt8>) -> Double {
    Double(bitPattern: UInt64(bigEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self)))
  }
}
