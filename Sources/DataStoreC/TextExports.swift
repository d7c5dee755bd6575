// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

/// What a ds_text_layouts handle stands for: the layouts, and the view of them that C looks at.
private final class TextLayoutsHandle {
  let view: UnsafeMutablePointer<ds_text_layout>
  private let layouts: TextLayouts
  private let arena = Arena()

  init(_ layouts: TextLayouts) throws(StoreError) {
    self.layouts = layouts
    view = try arena.array(
      layouts.layouts.lazy.map { layout in
        ds_text_layout(
          struct_size: MemoryLayout<ds_text_layout>.size, offsets: UnsafeRawPointer(layout.offsets),
          offset_size: 8,
          bytes: layout.bytes.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) },
          byte_count: Int64(layout.bytes.count), validity: layout.validity, first: 0)
      })
  }
}

@implementation @_cdecl("ds_text_columns_lay_out")
public func ds_text_columns_lay_out(
  _ columns: UnsafePointer<UnsafePointer<ds_text_column>?>?, _ column_count: Int32, _ count: Int64,
  _ out_layouts: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_layouts, "out_layouts")
    let rows = try Argument.count(count, "count")
    let columnCount = try Argument.count(Int64(column_count), "column_count")
    try MemoryShortage.expect(columnCount * MemoryLayout<TextColumn>.stride)
    var given: [ds_text_column] = []
    for index in 0..<columnCount {
      given.append(try Argument.notNull(try Argument.notNull(columns, "columns")[index], "columns").pointee)
    }
    var texts = try TextsIn(roomFor: given.lazy.map(\.value_count))
    var borrowed: [TextColumn] = []
    for column in given { borrowed.append(try texts.column(column, "columns") ?? .empty) }
    defer { withExtendedLifetime(texts) {} }
    out.pointee = Handle.make(try TextLayoutsHandle(try TextLayouts(borrowed, rows: rows)))
  }
}

@implementation @_cdecl("ds_text_layouts_array")
public func ds_text_layouts_array(_ layouts: OpaquePointer?) -> UnsafePointer<ds_text_layout>? {
  Handle.objectOrNil(layouts, TextLayoutsHandle.self).map { UnsafePointer($0.view) }
}

@implementation @_cdecl("ds_text_layouts_free")
public func ds_text_layouts_free(_ layouts: OpaquePointer?) { Handle.free(layouts, TextLayoutsHandle.self) }

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
    _ = try Argument.count(count, "count")
    guard layout.offset_size == 4 || layout.offset_size == 8 else {
      throw StoreError(
        .invalid, "offset_size is \(layout.offset_size); it must be 4 or 8", key: "offset_size")
    }
    guard layout.byte_count >= 0 else {
      throw StoreError(
        .invalid, "byte_count is \(layout.byte_count); it must be 0 or more", key: "byte_count")
    }
    guard let offsets = layout.offsets else { throw Argument.isNull("offsets") }
    let bytes = layout.bytes.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }
    self.init(
      offsets: offsets, hasLongOffsets: layout.offset_size == 8,
      bytes: UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(layout.byte_count)),
      validity: layout.validity, first: try Argument.count(layout.first, "first"))
  }
}
