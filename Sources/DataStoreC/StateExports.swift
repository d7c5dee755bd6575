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
      try Argument.bytes(key, "key"), try Argument.bytes(value_json, "value_json"))
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
    let values = count > 0 ? try Argument.notNull(values_json, "values_json") : nil
    try store.state.setMany(
      keys,
      try keys.indices.map { index throws(StoreError) in
        BatchIn.bytes(try Argument.notNull(values?[index], "values_json"))
      })
  }
}

@implementation @_cdecl("ds_state_get")
public func ds_state_get(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?,
  _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_json, "out_json")
    var text: UnsafeMutablePointer<CChar>?
    try StoreHandle.store(store).state.withJSON(try Argument.bytes(key, "key")) { json throws(StoreError) in
      if let json { text = UnsafeMutablePointer(mutating: try CText.copy(json)) }
    }
    out.pointee = text
  }
}

@implementation @_cdecl("ds_state_get_into")
public func ds_state_get_into(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ json: UnsafeMutablePointer<CChar>?, _ size: Int32,
  _ out_size: UnsafeMutablePointer<Int32>?
) -> Int32 {
  status { () throws(StoreError) in
    let out = try Argument.notNull(out_size, "out_size")
    let memory = UnsafeMutableRawPointer(try Argument.notNull(json, "json"))
    let room = try Argument.size(size)
    var needed = 0
    try StoreHandle.store(store).state.withJSON(try Argument.bytes(key, "key")) { text throws(StoreError) in
      guard let text else { return }
      needed = text.count + 1
      guard needed <= room else { return }
      if let source = text.baseAddress { memcpy(memory, source, text.count) }
      memory.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
    }
    out.pointee = Int32(clamping: needed)
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
      try Argument.text(key, "key"), expected: expected_json.map { BatchIn.bytes($0) },
      json: BatchIn.bytes(try Argument.notNull(value_json, "value_json")))
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

  init(_ entries: [StateRepo.Entry]) throws(StoreError) {
    count = entries.count
    var items: [ds_state_entry] = []
    let arena = arena
    for entry in entries {
      var json: UnsafePointer<CChar>?
      if let text = entry.json { json = try arena.text(text) }
      items.append(ds_state_entry(key: try arena.text(entry.key), value_json: json))
    }
    self.items = try arena.array(items)
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
    out.pointee = Handle.make(try StateEntriesHandle(entries))
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
