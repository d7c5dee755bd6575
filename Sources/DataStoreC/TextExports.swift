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
    if let offsets { TextLayout.offsets(column, rows: rows, to: offsets) }
    guard let bytes else { return }
    let room = UnsafeMutableRawPointer(bytes).assumingMemoryBound(to: UInt8.self)
    TextLayout.bytes(column, rows: rows, to: room, room: max(Int(byte_count), 0))
  }
}
