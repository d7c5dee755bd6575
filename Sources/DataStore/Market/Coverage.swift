// SPDX-License-Identifier: MIT

/// What is there of a series, and what is not, without the rows themselves.
extension MarketRepo {
  /// Whether a series has a bar.
  ///
  /// - Throws: As a read, see ``StoreError``.
  public func exists(_ symbol: String, _ timeframe: String) throws(StoreError) -> Bool {
    try engine.hasBars(try SeriesKey(symbol, timeframe))
  }

  /// How many bars a read of this range would have.
  package func count(
    _ symbol: String, _ timeframe: String, _ range: TimeRange
  ) throws(StoreError) -> Int {
    try engine.countBars(try SeriesKey(symbol, timeframe), range)
  }

  /// The keys of the features that the bars of a range have, sorted by bytes.
  package func featureKeys(
    _ symbol: String, _ timeframe: String, _ range: TimeRange
  ) throws(StoreError) -> [String] {
    let key = try SeriesKey(symbol, timeframe)
    guard range.start ?? .min <= range.end ?? .max else {
      try engine.checkOpen()
      return []
    }
    return try engine.featureKeys([SeriesRead(key: key, range: range)], limit: nil)
  }

  /// The runs of a regular grid, from the first instant of `range` to its last one, at which no bar is stored.
  package func missing(
    _ symbol: String, _ timeframe: String, _ range: TimeRange, step: Int64
  ) throws(StoreError) -> MissingRuns {
    let key = try SeriesKey(symbol, timeframe)
    guard step > 0 else {
      throw .invalid(
        "the step between expected bars is \(step) nanoseconds; it must be 1 or more", key: "expected")
    }
    guard let start = range.start, let end = range.end else {
      throw .invalid(
        "a regular grid of expected bars needs both a start and an end; give them, or list the expected times",
        key: range.start == nil ? "start" : "end")
    }
    guard let expected = ExpectedTimes(from: start, to: end, step: step) else {
      throw .invalid(
        "a step of \(step) nanoseconds from start to end expects more bars than an int64 counts; take a longer step",
        key: "expected")
    }
    return try missing(key, expected)
  }

  /// The runs of expected instants within `range` at which no bar is stored. `expected` may be in any order; an instant that
  /// is in it twice is expected once.
  package func missing(
    _ symbol: String, _ timeframe: String, _ range: TimeRange, _ expected: UnsafeBufferPointer<Int64>
  ) throws(StoreError) -> MissingRuns {
    let key = try SeriesKey(symbol, timeframe)
    if let row = expected.firstIndex(of: Timestamp.none) {
      throw .invalid(
        "row \(row) of the expected times is NaT, not a time; drop it", row: row, key: "expected")
    }
    guard !Self.ascend(expected) else {
      return try missing(key, ExpectedTimes(expected, within: range))
    }
    var sorted = ColumnBuffer<Int64>()
    sorted.append(expected)
    guard sorted.count == expected.count else {
      MemoryShortage.forget()
      throw .noMemory(expected.count * MemoryLayout<Int64>.stride)
    }
    var times = UnsafeMutableBufferPointer(start: sorted.base, count: sorted.count)
    times.sort()
    var distinct = 0
    for time in times where distinct == 0 || times[distinct - 1] != time {
      times[distinct] = time
      distinct += 1
    }
    let runs = try missing(
      key, ExpectedTimes(UnsafeBufferPointer(rebasing: times[..<distinct]), within: range))
    withExtendedLifetime(sorted) {}
    return runs
  }

  private static func ascend(_ times: UnsafeBufferPointer<Int64>) -> Bool {
    for place in times.indices.dropFirst() where times[place] <= times[place - 1] { return false }
    return true
  }

  private func missing(_ key: SeriesKey, _ expected: ExpectedTimes) throws(StoreError) -> MissingRuns {
    let runs = MissingRuns(expected)
    if let range = expected.range {
      try engine.barTimes(key, range, runs)
    } else {
      try engine.checkOpen()
    }
    return runs
  }
}
