// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

/// What a ds_store handle stands for.
final class StoreHandle {
  let store: Store
  let path: CText
  /// The texts of info(). They are the same for as long as the handle lives.
  let sqliteVersion: CText
  let sqliteSourceID: CText
  let fastPaths: CText
  let fastPathsReason: CText?
  let schema: CText?

  init(_ store: Store) throws(StoreError) {
    self.store = store
    path = CText(store.path)
    sqliteVersion = CText(Store.sqliteVersion)
    sqliteSourceID = CText(Store.sqliteSourceID)
    fastPaths = CText(store.fastPaths.joined(separator: " "))
    fastPathsReason = store.fastPathsReason.map(CText.init)
    schema = store.schema.map(CText.init)
  }

  @inline(__always)
  static func store(_ handle: OpaquePointer?) throws(StoreError) -> Store {
    try Handle.object(handle, StoreHandle.self, "store").store
  }
}

@implementation @_cdecl("ds_store_open")
public func ds_store_open(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<ds_open_options>?,
  _ out_store: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_store, "out_store")
    var given = ds_open_options(
      struct_size: MemoryLayout<ds_open_options>.size, durability: DS_DURABILITY_FULL, read_only: 0,
      timeout_seconds: StoreOptions().timeout, fast_paths: 1)
    if options != nil { given = try Argument.sized(options, given, "options") }
    guard let durability = Durability(rawValue: given.durability) else {
      throw StoreError(
        .invalid, "durability is \(given.durability); it must be DS_DURABILITY_FULL or DS_DURABILITY_NORMAL",
        key: "durability")
    }
    let store = try Store(
      try Argument.text(path, "path"),
      StoreOptions(
        durability: durability, timeout: given.timeout_seconds,
        isReadOnly: try Argument.flag(given.read_only, "read_only"),
        usesFastPaths: try Argument.flag(given.fast_paths, "fast_paths")))
    out.pointee = Handle.make(try StoreHandle(store))
  }
}

@implementation @_cdecl("ds_store_close")
public func ds_store_close(_ store: OpaquePointer?) -> Int32 {
  status { () throws(StoreError) in
    let store = try StoreHandle.store(store)
    // It would wait for itself.
    try Store.refuseWithinQuestion()
    store.close()
  }
}

@implementation @_cdecl("ds_store_free")
public func ds_store_free(_ store: OpaquePointer?) {
  Handle.objectOrNil(store, StoreHandle.self)?.store.close()
  Handle.free(store, StoreHandle.self)
}

@implementation @_cdecl("ds_store_path")
public func ds_store_path(_ store: OpaquePointer?) -> UnsafePointer<CChar>? {
  Handle.objectOrNil(store, StoreHandle.self)?.path.pointer ?? cString("")
}

@implementation @_cdecl("ds_interrupt")
public func ds_interrupt(_ store: OpaquePointer?) -> Int32 {
  status { () throws(StoreError) in try StoreHandle.store(store).interrupt() }
}

@implementation @_cdecl("ds_thread_stop_when")
public func ds_thread_stop_when(
  _ should_stop: ds_stop_function?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  status { () throws(StoreError) in
    guard let should_stop else { return try Store.stopCallsOfThisThread(when: nil) }
    try Store.stopCallsOfThisThread { should_stop(context) != 0 }
  }
}

@implementation @_cdecl("ds_thread_report_progress")
public func ds_thread_report_progress(
  _ progress: ds_progress_function?, _ context: UnsafeMutableRawPointer?, _ interval_seconds: Double
) -> Int32 {
  status { () throws(StoreError) in
    guard let progress else {
      return try Store.reportProgressOfThisThread(every: interval_seconds, to: nil)
    }
    try Store.reportProgressOfThisThread(every: interval_seconds) { told in
      var told = ds_progress(
        struct_size: MemoryLayout<ds_progress>.size, context: context, done: Int64(told.done),
        total: told.total.map(Int64.init) ?? -1, unit: told.unit.rawValue)
      return progress(&told) == 0
    }
  }
}

@implementation @_cdecl("ds_transaction_begin")
public func ds_transaction_begin(_ store: OpaquePointer?) -> Int32 {
  status { () throws(StoreError) in _ = try StoreHandle.store(store).beginTransaction() }
}

@implementation @_cdecl("ds_transaction_commit")
public func ds_transaction_commit(_ store: OpaquePointer?) -> Int32 {
  status { () throws(StoreError) in try StoreHandle.store(store).commitTransaction() }
}

@implementation @_cdecl("ds_transaction_rollback")
public func ds_transaction_rollback(_ store: OpaquePointer?) -> Int32 {
  status { () throws(StoreError) in try StoreHandle.store(store).rollBackTransaction() }
}

@implementation @_cdecl("ds_transaction_begin_numbered")
public func ds_transaction_begin_numbered(
  _ store: OpaquePointer?, _ out_transaction: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_transaction, "out_transaction")
    out.pointee = try StoreHandle.store(store).beginTransaction().number
  }
}

@implementation @_cdecl("ds_transaction_end")
public func ds_transaction_end(_ store: OpaquePointer?, _ transaction: Int64, _ commit: Int32) -> Int32 {
  status { () throws(StoreError) in
    try StoreHandle.store(store).end(
      TransactionID(number: transaction), commit: try Argument.flag(commit, "commit"))
  }
}

@implementation @_cdecl("ds_thread_task")
public func ds_thread_task(_ task: Int64) {
  Store.thisThreadRuns(task: Int(truncatingIfNeeded: task))
}
