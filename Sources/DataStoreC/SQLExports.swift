// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

/// What a ds_rows handle stands for.
final class RowsHandle {
  let columns: UnsafeMutablePointer<ds_sql_column>
  let columnCount: Int
  let count: Int
  let rows: QueryRows
  private let arena = Arena()

  init(_ rows: QueryRows) throws(StoreError) {
    self.rows = rows
    count = rows.count
    columnCount = rows.columns.count
    var views: [ds_sql_column] = []
    for column in rows.columns {
      let bytes = UnsafeRawPointer(column.byteColumn.baseAddress)?.assumingMemoryBound(to: CChar.self)
      var view = ds_sql_column(
        name: try arena.text(column.name), types: column.typeColumn.baseAddress,
        integers: column.integerColumn.baseAddress, reals: column.realColumn.baseAddress,
        offsets: column.offsetColumn.baseAddress, bytes: column.offsetColumn.isEmpty ? nil : bytes)
      // A result of no rows has columns nevertheless.
      if view.types == nil { view.types = UnsafePointer(try arena.array(column.typeColumn)) }
      views.append(view)
    }
    columns = try arena.array(views)
  }
}

@implementation @_cdecl("ds_sql")
public func ds_sql(
  _ store: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ parameters: UnsafePointer<ds_sql_parameter>?,
  _ parameter_count: Int32, _ out_rows: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  DataStoreC.query(store, query, parameters, parameter_count, nil, out_rows)
}

@implementation @_cdecl("ds_sql_within")
public func ds_sql_within(
  _ store: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ parameters: UnsafePointer<ds_sql_parameter>?,
  _ parameter_count: Int32, _ timeout_seconds: Double, _ out_rows: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  DataStoreC.query(store, query, parameters, parameter_count, timeout_seconds, out_rows)
}

private func query(
  _ store: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ parameters: UnsafePointer<ds_sql_parameter>?,
  _ parameter_count: Int32, _ timeout: Double?, _ out_rows: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_rows, "out_rows")
    out.pointee = Handle.make(
      try RowsHandle(try rows(store, query, parameters, parameter_count, timeout)))
  }
}

/// Runs a caller's query.
func rows(
  _ store: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ parameters: UnsafePointer<ds_sql_parameter>?,
  _ parameter_count: Int32, _ timeout: Double?
) throws(StoreError) -> QueryRows {
  let store = try StoreHandle.store(store)
  guard parameter_count >= 0 else {
    throw StoreError(
      .invalid, "parameter_count is \(parameter_count); it must be 0 or more", key: "parameters")
  }
  var values: [QueryParameter] = []
  for index in 0..<Int(parameter_count) {
    values.append(try parameter((try Argument.notNull(parameters, "parameters"))[index], index))
  }
  return try store.query(try Argument.text(query, "query"), values, timeout: timeout)
}

private func parameter(_ given: ds_sql_parameter, _ index: Int) throws(StoreError) -> QueryParameter {
  let name = try Argument.optionalText(given.name, "name")
  func bytes() throws(StoreError) -> [UInt8] {
    guard given.byte_count >= 0, given.byte_count <= Limits.textBytes,
      given.byte_count == 0 || given.bytes != nil
    else {
      throw StoreError(
        .invalid, "parameter \(index + 1): its bytes are NULL, or its byte_count is wrong", key: "parameters")
    }
    try MemoryShortage.expect(2 * Int(given.byte_count))
    return [UInt8](UnsafeRawBufferPointer(start: given.bytes, count: Int(given.byte_count)))
  }
  switch given.type {
  case DS_SQL_NULL: return QueryParameter(.null, name: name)
  case DS_SQL_INTEGER: return QueryParameter(.integer(given.integer), name: name)
  case DS_SQL_REAL: return QueryParameter(.real(given.real), name: name)
  case DS_SQL_TEXT:
    guard let text = String(validating: try bytes(), as: UTF8.self) else {
      throw StoreError(.invalid, "parameter \(index + 1) is not valid UTF-8", key: "parameters")
    }
    return QueryParameter(.text(text), name: name)
  case DS_SQL_BLOB: return QueryParameter(.blob(try bytes()), name: name)
  case DS_SQL_TIME: return QueryParameter(.time(given.integer), name: name)
  default:
    throw StoreError(
      .invalid, "parameter \(index + 1) has the type \(given.type); it must be one of DS_SQL_",
      key: "parameters")
  }
}

@implementation @_cdecl("ds_rows_count")
public func ds_rows_count(_ rows: OpaquePointer?) -> Int64 {
  Handle.objectOrNil(rows, RowsHandle.self).map { Int64($0.count) } ?? 0
}

@implementation @_cdecl("ds_rows_column_count")
public func ds_rows_column_count(_ rows: OpaquePointer?) -> Int32 {
  Handle.objectOrNil(rows, RowsHandle.self).map { Int32($0.columnCount) } ?? 0
}

@implementation @_cdecl("ds_rows_columns")
public func ds_rows_columns(_ rows: OpaquePointer?) -> UnsafePointer<ds_sql_column>? {
  Handle.objectOrNil(rows, RowsHandle.self).map { UnsafePointer($0.columns) }
}

@implementation @_cdecl("ds_rows_free")
public func ds_rows_free(_ rows: OpaquePointer?) { Handle.free(rows, RowsHandle.self) }
