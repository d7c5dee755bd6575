// SPDX-License-Identifier: MIT

extension PostgreSQLEngine {
  func setState(_ entries: [(key: String, value: StateValue)]) throws(StoreError) {
    guard !entries.isEmpty else { return try write(.oneMessage) { _ throws(StoreError) in } }
    if entries.count == 1, let entry = entries.first {
      return try entry.key.lent { key throws(StoreError) in try setState(key, entry.value) }
    }
    let now = Timestamp.now()
    try restoreState(entries.map { ($0.key, $0.value, now) })
  }

  /// In the order of the keys, so that two writers of the same keys do not wait for each other.
  private static func inOrder<Entry>(_ entries: [Entry], _ key: (Entry) -> String) -> [Entry] {
    entries.enumerated().sorted { left, right in
      let (first, second) = (ExactText(key(left.element)), ExactText(key(right.element)))
      return first == second ? left.offset < right.offset : first < second
    }.map(\.element)
  }

  func setState(_ key: Bytes, _ value: StateValue) throws(StoreError) {
    try write(
      .oneMessage,
      orFind: { lost, failure throws(StoreError) in try findOut(lost.number, of: lost, failure) },
      { session throws(StoreError) in
        try session.putState(key, value, in: tables.state, commits: try session.beginAlone())
      })
  }

  func restoreState(_ entries: [(key: String, value: StateValue, updatedAt: Int64)]) throws(StoreError) {
    let ordered = Self.inOrder(entries) { $0.key }
    try write(.severalMessages) { session throws(StoreError) in
      try session.putStates(ordered, in: tables.state)
    }
  }

  func state(_ key: Bytes, _ body: (Bytes?) throws(StoreError) -> Void) throws(StoreError) {
    try read(snapshot: false) { session throws(StoreError) in
      let answer = try session.state(key, in: tables.state)
      try body(answer.rows > 0 ? answer.bytes(0) : nil)
    }
  }

  func deleteState(_ key: String) throws(StoreError) -> Bool {
    try write(.severalMessages) { session throws(StoreError) in
      try session.deleteState(key, in: tables.state)
    }
  }

  func compareAndSetState(
    _ key: String, _ expected: JSONValue, _ value: StateValue
  ) throws(StoreError) -> Bool {
    try write(.severalMessages) { session throws(StoreError) in
      try session.compareAndSetState(key, expected, value, in: tables.state)
    }
  }

  func stateUpdatedAt(_ key: String) throws(StoreError) -> Int64? {
    try read(snapshot: false) { session throws(StoreError) in
      try session.stateUpdatedAt(key, in: tables.state)
    }
  }

  func stateEntries(prefix: String, values: Bool) throws(StoreError) -> [StateEntry] {
    try read(snapshot: false) { session throws(StoreError) in
      try session.stateEntries(prefix: prefix, values: values, in: tables.state)
    }
  }
}
