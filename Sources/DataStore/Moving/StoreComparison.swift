// SPDX-License-Identifier: MIT

/// Compares two stores: bars and features, requests, state.
struct StoreComparison {
  let here: any Engine
  let there: any Engine
  let chunk: Int
  let call: LongCall

  func run(limit: Int) throws(StoreError) -> [StoreDifference] {
    var findings = Findings(limit: limit)
    for key in try seriesOfBoth() {
      if findings.isFull { return findings.list }
      var comparison = SeriesComparison(key, here, there, chunk: chunk, call)
      try comparison.run(&findings)
    }
    if findings.isFull { return findings.list }
    try call.check()
    try RequestTable(here).compare(try RequestTable(there), &findings)
    if findings.isFull { return findings.list }
    try StateRepo(engine: here).compare(StateRepo(engine: there), call, &findings)
    return findings.list
  }

  /// Sorted by the bytes of their names.
  private func seriesOfBoth() throws(StoreError) -> [SeriesKey] {
    var keys: Set<SeriesKey> = []
    for entry in try here.series(counts: false) + there.series(counts: false) {
      keys.insert(try SeriesKey(entry.symbol, entry.timeframe))
    }
    return keys.sorted {
      (ExactText($0.symbol), ExactText($0.timeframe)) < (ExactText($1.symbol), ExactText($1.timeframe))
    }
  }
}
