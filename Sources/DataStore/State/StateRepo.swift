// SPDX-License-Identifier: MIT

/// The strategies' memory: JSON values by key.
public struct StateRepo: Sendable {
  let engine: any Engine

  /// One key and its value as JSON text (nil if only keys were asked for).
  public typealias Entry = StateEntry
}

extension StateRepo {
  /// Stores a value, whatever was there.
  ///
  /// - Parameters:
  ///   - key: Not empty.
  ///   - json: A JSON text (RFC 8259). A number that stands alone comes back as an equal number, perhaps in another
  ///     notation; everything else comes back digit for digit.
  /// - Throws: `.invalid` if `json` is not JSON, or is an integer beyond int64 that stands alone. Otherwise as a write,
  ///   see ``StoreError``.
  public func set(_ key: String, json: String) throws(StoreError) {
    try setMany([(key, json)])
  }

  /// Stores all values or none.
  ///
  /// - Throws: As ``set(_:json:)``.
  public func setMany(_ entries: [(key: String, json: String)]) throws(StoreError) {
    // One block: pointers into several arrays at once are not to be had.
    var block: [UInt8] = []
    block.reserveCapacity(entries.reduce(0) { $0 + $1.json.utf8.count })
    for entry in entries { block.append(contentsOf: entry.json.utf8) }
    try Self.withBytes(block) { bytes throws(StoreError) in
      var start = 0
      let texts = entries.map { entry in
        defer { start += entry.json.utf8.count }
        return Bytes(rebasing: bytes[start..<start + entry.json.utf8.count])
      }
      try setMany(entries.map(\.key), texts)
    }
  }

  /// Stores texts that live in the caller's memory, all or none.
  package func setMany(_ keys: [String], _ texts: [UnsafeBufferPointer<UInt8>]) throws(StoreError) {
    let entries = try FloatSettings.withDefault { () throws(StoreError) in
      try zip(keys, texts).map { key, json throws(StoreError) in
        (key: try checkedName(key, "state key"), value: try StateValue(json, key: key))
      }
    }
    try engine.setState(entries)
  }

  /// Stores values as another store has them, all or none.
  func restore(_ records: [StateRecord]) throws(StoreError) {
    var block: [UInt8] = []
    for record in records { block.append(contentsOf: record.json.utf8) }
    try Self.withBytes(block) { bytes throws(StoreError) in
      var start = 0
      var entries: [(key: String, value: StateValue, updatedAt: Int64)] = []
      for record in records {
        let text = Bytes(rebasing: bytes[start..<start + record.json.utf8.count])
        start += text.count
        do throws(StoreError) {
          entries.append((record.key, try StateValue(text, key: record.key), record.updatedAt))
        } catch {
          throw .corrupt(
            "state key \(StoreError.quoted(record.key)): the stored value is damaged: \(error.reason ?? error.message)."
              + " Set it again")
        }
      }
      try engine.restoreState(entries)
    }
  }

  /// Stores a text under `key`, which holds no NUL; both live in the caller's memory.
  package func set(_ key: UnsafeBufferPointer<UInt8>, _ json: UnsafeBufferPointer<UInt8>) throws(StoreError) {
    try Self.check(key)
    let value = try FloatSettings.withDefault { () throws(StoreError) in try StateValue(json, key: key.text) }
    try engine.setState(key, value)
  }

  /// The value as JSON text; nil if the key is absent.
  ///
  /// - Throws: As a read, see ``StoreError``.
  public func get(_ key: String) throws(StoreError) -> String? {
    let key = try checkedName(key, "state key")
    return try Self.withBytes(Array(key.utf8)) { key throws(StoreError) in
      var json: String?
      try engine.state(key) { json = $0?.text }
      return json
    }
  }

  /// Lends the JSON text of the value of `key`, which holds no NUL, to `body`, once; nil if the key is absent.
  package func withJSON(
    _ key: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>?) throws(StoreError) -> Void
  ) throws(StoreError) {
    try Self.check(key)
    try engine.state(key, body)
  }

  private static func check(_ key: UnsafeBufferPointer<UInt8>) throws(StoreError) {
    guard key.count > 0, key.count <= Limits.nameBytes else {
      _ = try checkedName(key.text, "state key")
      return
    }
    guard key.isValidUTF8 else {
      throw .invalid("key \(StoreError.quoted(key.text)) is not valid UTF-8; encode it as UTF-8", key: "key")
    }
  }

  /// Deletes a key; true if it was there.
  ///
  /// - Throws: As a write, see ``StoreError``.
  @discardableResult
  public func delete(_ key: String) throws(StoreError) -> Bool {
    _ = try checkedName(key, "state key")
    return try engine.deleteState(key)
  }

  /// Stores `json` only if the stored value equals `expected`, in one atomic step across processes.
  ///
  /// Equal as JSON: members in any order, 1 equals 1.0, true does not equal 1. nil and `null` equal an absent key, too.
  ///
  /// - Returns: Whether it was stored.
  /// - Throws: `.invalid` if `expected` or `json` is not JSON. Otherwise as a write, see ``StoreError``, even if the values
  ///   differ.
  public func compareAndSet(
    _ key: String, expected: String?, json: String
  ) throws(StoreError) -> Bool {
    try Self.withBytes(Array(json.utf8)) { json throws(StoreError) in
      guard let expected else { return try compareAndSet(key, expected: nil, json: json) }
      return try Self.withBytes(Array(expected.utf8)) { expected throws(StoreError) in
        try compareAndSet(key, expected: expected, json: json)
      }
    }
  }

  /// The same with texts that live in the caller's memory.
  package func compareAndSet(
    _ key: String, expected: UnsafeBufferPointer<UInt8>?, json: UnsafeBufferPointer<UInt8>
  ) throws(StoreError) -> Bool {
    _ = try checkedName(key, "state key")
    let (value, wanted) = try FloatSettings.withDefault { () throws(StoreError) in
      (try StateValue(json, key: key), try Self.comparable(expected, key))
    }
    return try engine.compareAndSetState(key, wanted, value)
  }

  /// When the key was last written, in nanoseconds since 1970-01-01T00:00:00Z; nil if it is absent.
  ///
  /// - Throws: As a read, see ``StoreError``.
  public func updatedAt(_ key: String) throws(StoreError) -> Int64? {
    _ = try checkedName(key, "state key")
    return try engine.stateUpdatedAt(key)
  }

  /// The entries whose key begins with `prefix`, sorted by the bytes of the key, from one snapshot.
  ///
  /// - Parameters:
  ///   - prefix: "": all keys.
  ///   - values: false: keys only, ``StateEntry/json`` is nil.
  /// - Throws: As a read, see ``StoreError``.
  public func entries(prefix: String = "", values: Bool = true) throws(StoreError) -> [Entry] {
    if prefix.utf8.contains(0) { throw .invalid("the prefix holds a NUL character", key: "prefix") }
    return try engine.stateEntries(prefix: prefix, values: values)
      .sorted { ExactText($0.key) < ExactText($1.key) }
  }

  private static func comparable(_ json: Bytes?, _ key: String) throws(StoreError) -> JSONValue {
    guard let json else { return .null }
    guard json.isValidUTF8 else {
      throw .invalid("state key \(StoreError.quoted(key)): the expected value is not valid UTF-8", key: key)
    }
    do throws(JSONScanner.Failure) { return try JSONValue(json) } catch {
      throw .invalid("state key \(StoreError.quoted(key)): the expected value: \(error.reason)", key: key)
    }
  }

  private static func withBytes<Result, Failure: Error>(
    _ bytes: [UInt8], _ body: (Bytes) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.withUnsafeBufferPointer { text throws(Failure) in try body(text) }
  }
}
