// SPDX-License-Identifier: MIT

extension StateRepo {
  /// The keys, sorted by their bytes. They are held at once, and the values one at a time.
  func sortedKeys() throws(StoreError) -> [ExactText] {
    try engine.stateEntries(prefix: "", values: false).map { ExactText($0.key) }.sorted()
  }

  /// A value and its time, which belong together; nil if the key is absent.
  func record(_ key: String, _ call: LongCall) throws(StoreError) -> StateRecord? {
    while true {
      guard let time = try engine.stateUpdatedAt(key), let json = try get(key) else { return nil }
      // Somebody may have set it in between.
      if try engine.stateUpdatedAt(key) == time { return StateRecord(key: key, json: json, updatedAt: time) }
      try call.check()
    }
  }

  /// In what it differs from `other`.
  func compare(_ other: StateRepo, _ call: LongCall, _ findings: inout Findings) throws(StoreError) {
    for key in Set(try sortedKeys()).union(try other.sortedKeys()).sorted() {
      try call.check()
      switch (try record(key.text, call), try other.record(key.text, call)) {
      case (nil, nil): break
      case (let here?, let there?): here.compare(there, &findings)
      case (_?, nil): findings.add(Self.difference(.onlyHere, key.text))
      case (nil, _?): findings.add(Self.difference(.onlyThere, key.text))
      }
      if findings.isFull { return }
    }
  }

  fileprivate static func difference(_ kind: StoreDifference.Kind, _ key: String) -> StoreDifference {
    var difference = StoreDifference(.state, kind)
    difference.key = key
    return difference
  }
}

extension StateRecord {
  /// Whether both have the same value. A number that stands alone may be written in two ways.
  func hasValue(of other: StateRecord) -> Bool {
    if ExactText(json) == ExactText(other.json) { return true }
    return json.withBytes { mine in
      other.json.withBytes { others in
        guard let mine = try? StateValue(mine, key: key), let others = try? StateValue(others, key: key)
        else { return false }
        return switch (mine, others) {
        case (.integer(let mine), .integer(let others)): mine == others
        case (.real(let mine), .real(let others)): mine == others
        case (.text(let mine), .text(let others)): mine.equals(others)
        default: false
        }
      }
    }
  }

  func equals(_ other: StateRecord) -> Bool { updatedAt == other.updatedAt && hasValue(of: other) }

  /// In what it differs from the other store's.
  func compare(_ other: StateRecord, _ findings: inout Findings) {
    if !hasValue(of: other) {
      findings.add(StateRepo.difference(.value, key).with("value", json, other.json))
    }
    if updatedAt != other.updatedAt {
      findings.add(
        StateRepo.difference(.value, key).with(
          "updated_at", Timestamp.text(updatedAt), Timestamp.text(other.updatedAt)))
    }
  }
}
