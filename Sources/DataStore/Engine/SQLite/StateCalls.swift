// SPDX-License-Identifier: MIT

extension SQLiteEngine {
  func setState(_ entries: [(key: String, value: StateValue)]) throws(StoreError) {
    guard !entries.isEmpty else { return try withWriter { _ throws(StoreError) in } }
    if entries.count == 1 {
      return try writeOne { writer throws(StoreError) in
        try writer.putState(entries[0].key, entries[0].value)
        writer.followCommit(nil)
      }
    }
    try write { writer throws(StoreError) in
      for entry in entries { try writer.putState(entry.key, entry.value) }
    }
  }

  func setState(_ key: Bytes, _ value: StateValue) throws(StoreError) {
    try writeOne { writer throws(StoreError) in
      try writer.putState(key, value)
      writer.followCommit(nil)
    }
  }

  func restoreState(_ entries: [(key: String, value: StateValue, updatedAt: Int64)]) throws(StoreError) {
    try write { writer throws(StoreError) in
      for entry in entries { try writer.restoreState(entry.key, entry.value, entry.updatedAt) }
    }
  }

  func state(_ key: Bytes, _ body: (Bytes?) throws(StoreError) -> Void) throws(StoreError) {
    try readOneRow { reader, notices throws(StoreError) in
      try reader.withPagedState(key, notices: notices, body)
    } orBySQLite: { reader throws(StoreError) in
      try reader.withState(key, body)
    }
  }

  func deleteState(_ key: String) throws(StoreError) -> Bool {
    try write { writer throws(StoreError) in try writer.deleteState(key) }
  }

  func compareAndSetState(
    _ key: String, _ expected: JSONValue, _ value: StateValue
  ) throws(StoreError) -> Bool {
    try write { writer throws(StoreError) in try writer.compareAndSetState(key, expected, value) }
  }

  func stateUpdatedAt(_ key: String) throws(StoreError) -> Int64? {
    try read(snapshot: false, isOfOneRow: true) { reader throws(StoreError) in
      try reader.stateUpdatedAt(key)
    }
  }

  func stateEntries(prefix: String, values: Bool) throws(StoreError) -> [StateEntry] {
    try read(snapshot: false) { reader throws(StoreError) in
      try reader.stateEntries(prefix: prefix, values: values)
    }
  }
}
