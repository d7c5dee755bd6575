// SPDX-License-Identifier: MIT
import CPostgreSQL
import Glibc

/// What a server answered a statement: rows whose values are in binary, where it was a prepared one, else in text. It owns
/// them, and outlives the session's next statement.
struct Answer: ~Copyable {
  private let functions: LibPQ.Functions
  private let result: OpaquePointer

  init(_ functions: LibPQ.Functions, owning result: OpaquePointer) {
    self.functions = functions
    self.result = result
  }

  deinit { functions.pointee.PQclear(result) }

  var rows: Int { Int(functions.pointee.PQntuples(result)) }
  var columns: Int { Int(functions.pointee.PQnfields(result)) }

  /// How many rows a statement wrote, deleted or returned.
  var affectedRows: Int { Int(text(functions.pointee.PQcmdTuples(result))) ?? 0 }

  /// What it did, such as `COMMIT`: a transaction that has failed is rolled back by it, and says so.
  var tag: String { text(functions.pointee.PQcmdStatus(result)) }

  func name(_ column: Int) -> String { text(functions.pointee.PQfname(result, Int32(column))) }

  /// The type's number in pg_type.
  func type(_ column: Int) -> UInt32 { functions.pointee.PQftype(result, Int32(column)) }

  private func text(_ chars: UnsafePointer<CChar>?) -> String { chars.map { String(cString: $0) } ?? "" }

  // MARK: Values

  @inline(__always)
  func isNull(_ column: Int, row: Int = 0) -> Bool {
    functions.pointee.PQgetisnull(result, Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
      != 0
  }

  /// The bytes of a value, of none where it is NULL. They live as long as this.
  @inline(__always)
  func bytes(_ column: Int, row: Int = 0) -> Bytes {
    let (row, column) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
    let length = Int(functions.pointee.PQgetlength(result, row, column))
    guard length > 0, let value = functions.pointee.PQgetvalue(result, row, column) else {
      return Bytes(start: nil, count: 0)
    }
    return Bytes(start: UnsafeRawPointer(value).assumingMemoryBound(to: UInt8.self), count: length)
  }

  /// A text; nil where it is NULL.
  @inline(__always)
  func optionalBytes(_ column: Int, row: Int = 0) -> Bytes? {
    isNull(column, row: row) ? nil : bytes(column, row: row)
  }

  func string(_ column: Int, row: Int = 0) -> String { bytes(column, row: row).text }

  /// Reads a whole number of two, four or eight bytes; 0 where there is none.
  @inline(__always)
  func integer(_ column: Int, row: Int = 0) -> Int64 {
    let bytes = bytes(column, row: row)
    guard let base = UnsafeRawPointer(bytes.baseAddress) else { return 0 }
    return switch bytes.count {
    case 2: Int64(Int16(bigEndian: base.loadUnaligned(as: Int16.self)))
    case 4: Int64(Int32(bigEndian: base.loadUnaligned(as: Int32.self)))
    case 8: Int64(bigEndian: base.loadUnaligned(as: Int64.self))
    default: 0
    }
  }

  @inline(__always)
  func int16(_ column: Int, row: Int = 0) -> Int16 { Int16(truncatingIfNeeded: integer(column, row: row)) }

  /// NaN where it is NULL.
  @inline(__always)
  func double(_ column: Int, row: Int = 0) -> Double {
    let bytes = bytes(column, row: row)
    guard bytes.count == 8, let base = UnsafeRawPointer(bytes.baseAddress) else { return .nan }
    return Double(bitPattern: UInt64(bigEndian: base.loadUnaligned(as: UInt64.self)))
  }

  @inline(__always)
  func bool(_ column: Int, row: Int = 0) -> Bool { bytes(column, row: row).first == 1 }

  /// An instant of two columns, a `timestamptz` and the `smallint` behind it; nil beyond what a store keeps.
  @inline(__always)
  func instant(_ column: Int, row: Int = 0) -> Int64? {
    ServerTime(microseconds: integer(column, row: row), nanoseconds: int16(column + 1, row: row)).instant
  }
}
