// SPDX-License-Identifier: MIT

/// The key of a request.
struct RequestKey: Hashable, Comparable {
  let symbol, timeframe: ExactText
  let time: Int64

  init(_ request: MarketRequest) {
    symbol = ExactText(request.symbol)
    timeframe = ExactText(request.timeframe)
    time = request.requestedAt ?? Timestamp.none
  }

  static func < (left: RequestKey, right: RequestKey) -> Bool {
    (left.symbol, left.timeframe, left.time) < (right.symbol, right.timeframe, right.time)
  }

  func difference(_ kind: StoreDifference.Kind) -> StoreDifference {
    var difference = StoreDifference(.request, kind)
    difference.symbol = symbol.text
    difference.timeframe = timeframe.text
    difference.time = time
    return difference
  }
}

/// All requests of a store, by their keys. They are few beside the bars, and are held at once.
struct RequestTable {
  let byKey: [RequestKey: MarketRequest]

  init(_ engine: any Engine) throws(StoreError) {
    let requests = try engine.requests(symbol: nil, timeframe: nil, .all)
    byKey = Dictionary(requests.map { (RequestKey($0), $0) }) { $1 }
  }

  /// Those that `other` has not, or with other values, in the order of their keys.
  func missing(in other: RequestTable) -> [MarketRequest] {
    byKey.filter { other.byKey[$0.key] != $0.value }.sorted { $0.key < $1.key }.map(\.value)
  }

  /// In what it differs from `other`.
  func compare(_ other: RequestTable, _ findings: inout Findings) {
    for key in Set(byKey.keys).union(other.byKey.keys).sorted() {
      switch (byKey[key], other.byKey[key]) {
      case (let here?, let there?): Self.compare(key, here, there, &findings)
      case (nil, _): findings.add(key.difference(.onlyThere))
      case (_, nil): findings.add(key.difference(.onlyHere))
      }
      if findings.isFull { return }
    }
  }

  private static func compare(
    _ key: RequestKey, _ here: MarketRequest, _ there: MarketRequest, _ findings: inout Findings
  ) {
    guard here != there else { return }
    for (name, value) in columns {
      let (mine, others) = (value(here), value(there))
      guard mine.map(ExactText.init) != others.map(ExactText.init) else { continue }
      findings.add(key.difference(.value).with(name, mine, others))
    }
  }

  /// The columns beside the key, each as a difference shows it.
  private static let columns: [(StaticString, @Sendable (MarketRequest) -> String?)] = [
    ("start_ts", { Timestamp.text($0.start) }),
    ("end_ts", { Timestamp.text($0.end) }),
    ("provider_used", { $0.providerUsed }),
    ("fallback_used", { $0.fallbackUsed ? "1" : "0" }),
    ("coverage_ratio", { $0.coverageRatio.map { NumberText.shown($0 == 0 ? 0 : $0) } }),
    ("gap_count", { $0.gapCount.map { "\($0)" } }),
    ("quality", { $0.quality }),
    ("notes", { $0.notes }),
  ]
}
