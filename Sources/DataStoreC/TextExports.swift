// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

@implementation @_cdecl("ds_text_column_lay_out")
public func ds_text_column_lay_out(
  _ column: UnsafePointer<ds_text_column>?, _ count: Int64, _ offsets: UnsafeMutablePointer<Int64>?,
  _ bytes: UnsafeMutablePointer<CChar>?, _ byte_count: Int64
) -> Int32 {
  status { () throws(StoreError) in
    let given = try Argument.notNull(column, "column").pointee
    let column = try BatchIn.textColumn(given, "column") ?? TextColumn(codes: nil, values: [])
    let rows = Int(count)
    try TextLayout.check(column, rows: rows)
    let out = bytes.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt8.self) }
    TextLayout.layOut(column, rows: rows, offsets: offsets, to: out, room: max(Int(byte_count), 0))
  }
}

@implementation @_cdecl("ds_text_layout_code")
public func ds_text_layout_code(
  _ layout: UnsafePointer<ds_text_layout>?, _ count: Int64, _ codes: UnsafeMutablePointer<Int32>?,
  _ first_rows: UnsafeMutablePointer<Int32>?, _ out_distinct: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    let layout = try Argument.sized(layout, ds_text_layout(), "layout")
    let codes = try Argument.notNull(codes, "codes")
    let firstRows = try Argument.notNull(first_rows, "first_rows")
    let distinct = try Argument.notNull(out_distinct, "out_distinct")
    let texts = try LaidOutTexts(layout, count)
    distinct.pointee = Int64(try texts.code(rows: Int(count), codes: codes, firstRows: firstRows))
  }
}

extension LaidOutTexts {
  /// Borrows the arrays of a caller's layout of `count` rows.
  fileprivate init(_ layout: ds_text_layout, _ count: Int64) throws(StoreError) {
    func limited(_ value: Int64, _ name: StaticString) throws(StoreError) -> Int {
      guard value >= 0, value <= Int64(Limits.rows) else {
        throw StoreError(.invalid, "\(name) is \(value); it is 0 to \(Limits.rows)", key: "\(name)")
      }
      return Int(value)
    }
    _ = try limited(count, "count")
    guard layout.offset_size == 4 || layout.offset_size == 8 else {
      throw StoreError(.invalid, "offset_size is \(layout.offset_size); it is 4 or 8", key: "offset_size")
    }
    guard layout.byte_count >= 0 else {
      throw StoreError(.invalid, "byte_count is \(layout.byte_count); it is 0 or more", key: "byte_count")
    }
    guard let offsets = layout.offsets else { throw Argument.isNull("offsets") }
    let bytes = layout.bytes.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }
    self.init(
      offsets: offsets, hasLongOffsets: layout.offset_size == 8,
      bytes: UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(layout.byte_count)),
      validity: layout.validity, first: try limited(layout.first, "first"))
  }
}
