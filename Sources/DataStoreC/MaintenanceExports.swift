// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

/// What a ds_texts handle stands for.
final class TextsHandle {
  let items: UnsafePointer<UnsafePointer<CChar>?>
  let count: Int
  private let arena = Arena()

  init(_ texts: [String]) throws(StoreError) {
    count = texts.count
    items = try arena.texts(texts)
  }
}

@implementation @_cdecl("ds_store_check")
public func ds_store_check(
  _ store: OpaquePointer?, _ out_findings: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_findings, "out_findings")
    out.pointee = Handle.make(try TextsHandle(try StoreHandle.store(store).check()))
  }
}

@implementation @_cdecl("ds_texts_count")
public func ds_texts_count(_ texts: OpaquePointer?) -> Int64 {
  Handle.objectOrNil(texts, TextsHandle.self).map { Int64($0.count) } ?? 0
}

@implementation @_cdecl("ds_texts_items")
public func ds_texts_items(_ texts: OpaquePointer?) -> UnsafePointer<UnsafePointer<CChar>?>? {
  Handle.objectOrNil(texts, TextsHandle.self)?.items
}

@implementation @_cdecl("ds_texts_free")
public func ds_texts_free(_ texts: OpaquePointer?) { Handle.free(texts, TextsHandle.self) }

@implementation @_cdecl("ds_store_backup")
public func ds_store_backup(_ store: OpaquePointer?, _ target: UnsafePointer<CChar>?, _ overwrite: Int32)
  -> Int32
{
  status { () throws(StoreError) in
    try StoreHandle.store(store).backup(
      to: try Argument.text(target, "target"), overwrite: try Argument.flag(overwrite, "overwrite"))
  }
}

@implementation @_cdecl("ds_store_checkpoint")
public func ds_store_checkpoint(
  _ store: OpaquePointer?, _ out_result: UnsafeMutablePointer<ds_checkpoint_result>?
) -> Int32 {
  status { () throws(StoreError) in
    let result = try StoreHandle.store(store).checkpoint()
    guard out_result != nil else { return }
    var view = ds_checkpoint_result()
    view.wal_frames = Int64(result.walFrames)
    view.checkpointed = Int64(result.checkpointed)
    view.held_back = Int64(result.heldBack)
    try Argument.fill(out_result, view, "out_result")
  }
}

@implementation @_cdecl("ds_store_info")
public func ds_store_info(_ store: OpaquePointer?, _ out_info: UnsafeMutablePointer<ds_info>?) -> Int32 {
  status { () throws(StoreError) in
    let handle = try Handle.object(store, StoreHandle.self, "store")
    let info = try handle.store.info()
    var view = ds_info()
    view.path = handle.path.pointer
    view.sqlite_version = info.sqliteVersion.isEmpty ? cString("") : handle.sqliteVersion.pointer
    view.sqlite_source_id = info.sqliteSourceID.isEmpty ? cString("") : handle.sqliteSourceID.pointer
    view.journal_mode = journalMode(info.journalMode)
    view.synchronous = info.synchronous == "FULL" ? cString("FULL") : cString("NORMAL")
    view.durability = info.durability.rawValue
    view.wal_reset_safe = info.isWALResetSafe ? 1 : 0
    view.read_only = info.isReadOnly ? 1 : 0
    view.page_size = Int32(info.pageSize)
    view.file_bytes = info.fileBytes
    view.wal_bytes = info.walBytes
    view.market_data_rows = info.marketDataRows
    view.market_requests_rows = info.marketRequestsRows
    view.system_state_rows = info.systemStateRows
    view.last_checkpoint = info.lastCheckpoint?.time ?? Int64.min
    view.last_checkpoint_wal_frames = Int64(info.lastCheckpoint?.result.walFrames ?? 0)
    view.last_checkpoint_checkpointed = Int64(info.lastCheckpoint?.result.checkpointed ?? 0)
    view.last_checkpoint_held_back = Int64(info.lastCheckpoint?.result.heldBack ?? 0)
    view.fast_paths = handle.fastPaths.pointer
    view.fast_paths_reason = handle.fastPathsReason?.pointer
    if let server = info.server {
      view.server_version = server.version
      view.server_standby = server.isStandby ? 1 : 0
      view.server_fsync = server.fsync ? 1 : 0
      view.server_full_page_writes = server.fullPageWrites ? 1 : 0
      view.server_schema = handle.schema?.pointer
      view.server_synchronous_commit = synchronousCommit(server.synchronousCommit)
    }
    try Argument.fill(out_info, view, "out_info")
  }
}

private func synchronousCommit(_ level: SynchronousCommit) -> UnsafePointer<CChar> {
  switch level {
  case .off: cString("off")
  case .local: cString("local")
  case .remoteWrite: cString("remote_write")
  case .on: cString("on")
  case .remoteApply: cString("remote_apply")
  }
}

private func journalMode(_ mode: String) -> UnsafePointer<CChar> {
  switch mode {
  case "wal": cString("wal")
  case "truncate": cString("truncate")
  case "persist": cString("persist")
  case "memory": cString("memory")
  case "off": cString("off")
  case "": cString("")
  default: cString("delete")
  }
}

@implementation @_cdecl("ds_store_connection_script")
public func ds_store_connection_script(
  _ store: OpaquePointer?, _ out_sql: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_sql, "out_sql")
    let script = Array(try StoreHandle.store(store).connectionScript().utf8)
    out.pointee = try script.withUnsafeBufferPointer { text throws(StoreError) in
      UnsafeMutablePointer(mutating: try CText.copy(text))
    }
  }
}

@implementation @_cdecl("ds_sqlite_is_shared")
public func ds_sqlite_is_shared(_ sqlite3_libversion_address: UnsafeRawPointer?) -> Int32 {
  status { () throws(StoreError) in try Store.checkSharesSQLite(sqlite3_libversion_address) }
}
