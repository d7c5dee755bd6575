// SPDX-License-Identifier: MIT
import CDataStore
import DataStore
import Glibc

@implementation @_cdecl("ds_state_set")
public func ds_state_set(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value_json: UnsafePointer<CChar>?
) -> Int32 {
  status { () throws(StoreError) in
    try StoreHandle.store(store).state.set(
      try Argument.text(key, "key"), json: try Argument.text(value_json, "value_json"))
  }
}

@implementation @_cdecl("ds_state_set_many")
public func ds_state_set_many(
  _ store: OpaquePointer?, _ keys: UnsafePointer<UnsafePointer<CChar>?>?,
  _ values_json: UnsafePointer<UnsafePointer<CChar>?>?, _ count: Int64
) -> Int32 {
  status { () throws(StoreError) in
    let store = try StoreHandle.store(store)
    let keys = try Argument.texts(keys, Int(count), "keys")
    let values = try Argument.texts(values_json, Int(count), "values_json")
    try store.state.setMany(zip(keys, values).map { (key: $0, json: $1) })
  }
}

@implementation @_cdecl("ds_state_get")
public func ds_state_get(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?,
  _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_json, "out_json")
    let value = try StoreHandle.store(store).state.getBytes(try Argument.text(key, "key"))
    out.pointee = value.map { bytes in
      bytes.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: CText.copy($0)) }
    }
  }
}

@implementation @_cdecl("ds_text_free")
public func ds_text_free(_ text: UnsafeMutablePointer<CChar>?) { free(text) }

@implementation @_cdecl("ds_state_delete")
public func ds_state_delete(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ out_deleted: UnsafeMutablePointer<Int32>?
) -> Int32 {
  status { () throws(StoreError) in
    let deleted = try StoreHandle.store(store).state.delete(try Argument.text(key, "key"))
    out_deleted?.pointee = deleted ? 1 : 0
  }
}

@implementation @_cdecl("ds_state_compare_and_set")
public func ds_state_compare_and_set(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ expected_json: UnsafePointer<CChar>?,
  _ value_json: UnsafePointer<CChar>?, _ out_swapped: UnsafeMutablePointer<Int32>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_swapped, "out_swapped")
    let swapped = try StoreHandle.store(store).state.compareAndSet(
      try Argument.text(key, "key"), expected: try Argument.optionalText(expected_json, "expected_json"),
      json: try Argument.text(value_json, "value_json"))
    out.pointee = swapped ? 1 : 0
  }
}

@implementation @_cdecl("ds_state_updated_at")
public func ds_state_updated_at(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ out_time: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_time, "out_time")
    out.pointee = try StoreHandle.store(store).state.updatedAt(try Argument.text(key, "key")) ?? Int64.min
  }
}

/// What a ds_state_entries handle stands for.
final class StateEntriesHandle {
  let items: UnsafeMutablePointer<ds_state_entry>
  let count: Int
  private let arena = Arena()

  init(_ entries: [StateRepo.Entry]) {
    count = entries.count
    var items: [ds_state_entry] = []
    let arena = arena
    for entry in entries {
      items.append(ds_state_entry(key: arena.text(entry.key), value_json: entry.json.map { arena.text($0) }))
    }
    self.items = arena.array(items)
  }
}

@implementation @_cdecl("ds_state_items")
public func ds_state_items(
  _ store: OpaquePointer?, _ prefix: UnsafePointer<CChar>?, _ values: Int32,
  _ out_entries: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_entries, "out_entries")
    let entries = try StoreHandle.store(store).state.entries(
      prefix: try Argument.text(prefix, "prefix"), values: try Argument.flag(values, "values"))
    out.pointee = Handle.make(StateEntriesHandle(entries))
  }
}

@implementation @_cdecl("ds_state_entries_count")
public func ds_state_entries_count(_ entries: OpaquePointer?) -> Int64 {
  Handle.objectOrNil(entries, StateEntriesHandle.self).map { Int64($0.count) } ?? 0
}

@implementation @_cdecl("ds_state_entries_items")
public func ds_state_entries_items(_ entries: OpaquePointer?) -> UnsafePointer<ds_state_entry>? {
  Handle.objectOrNil(entries, StateEntriesHandle.self).map { UnsafePointer($0.items) }
}

@implementation @_cdecl("ds_state_entries_free")
public func ds_state_entries_free(_ entries: OpaquePointer?) { Handle.free(entries, StateEntriesHandle.self) }
