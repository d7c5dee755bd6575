// SPDX-License-Identifier: MIT
import CSQLite

@testable import DataStore

/// The calls that a case can make, by the names that Tests/Cases/README.md lists.
enum CaseCalls {
  typealias Call = (Store, CaseArguments) throws -> CaseValue

  nonisolated(unsafe) static let byName: [String: Call] = [
    "write": { .integer(Int64(try CaseBatch($1).write($0, replace: $1.truth("replace")))) },
    "write_features": { .integer(Int64(try CaseBatch($1).writeFeatures($0, replace: $1.truth("replace")))) },
    "write_bar": writeBar, "read": read, "read_features": readFeatures, "latest": latest,
    "latest_bar": latestBar, "scan": scan, "series": series, "record_request": recordRequest,
    "requests": requests, "sql": sql, "other_tool": otherTool,
    "exists": { .flag(try $0.market.exists($1.symbol(), $1.timeframe())) },
    "count": { .integer(Int64(try $0.market.count($1.symbol(), $1.timeframe(), $1.range()))) },
    "feature_keys": {
      .list(try $0.market.featureKeys($1.symbol(), $1.timeframe(), $1.range()).map { .text($0) })
    },
    "missing": missing,
    "delete": { .integer(Int64(try $0.market.delete($1.symbol(), $1.timeframe(), $1.range()))) },
    "time_of_text": { .time(try withBytes(try $1.need("text").string()) { try Timestamp.instant($0) }) },
    "check": { store, _ in .integer(Int64(try store.check().count)) },
    "state_set": {
      try $0.state.set($1.need("key").string(), json: $1.need("value").string())
      return .null
    },
    "state_get": { .text(orNull: try $0.state.get($1.need("key").string())) },
    "state_set_many": { store, given in
      try store.state.setMany(
        try given.need("entries").elements().map { entry in
          let pair = try entry.elements().map { try $0.string() }
          return (pair[0], pair[1])
        })
      return .null
    },
    "state_delete": { .flag(try $0.state.delete($1.need("key").string())) },
    "state_keys": { store, given in
      let prefix = try given.get("prefix")?.string() ?? ""
      return .list(try store.state.entries(prefix: prefix, values: false).map { .text($0.key) })
    },
    "state_items": { store, given in
      let prefix = try given.get("prefix")?.string() ?? ""
      return .list(
        try store.state.entries(prefix: prefix).map { .list([.text($0.key), .text(orNull: $0.json)]) })
    },
    "state_compare_and_set": {
      .flag(
        try $0.state.compareAndSet(
          $1.need("key").string(), expected: $1.need("expected").string(), json: $1.need("value").string()))
    },
  ]

  // MARK: Bars

  private static func writeBar(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let fields = try CaseArguments(given.need("bar"))
    var bar = Bar(timestamp: try fields.need("timestamp").instant())
    if let value = fields.carried("open") { bar.open = try value.double() }
    if let value = fields.carried("high") { bar.high = try value.double() }
    if let value = fields.carried("low") { bar.low = try value.double() }
    if let value = fields.carried("close") { bar.close = try value.double() }
    if let value = fields.carried("volume") { bar.volume = try value.double() }
    if let value = fields.carried("latency_sec") { bar.latencySec = try value.double() }
    if let value = fields.carried("source") { bar.source = try value.stringOrNull() }
    if let value = fields.carried("quality") { bar.quality = try value.stringOrNull() }
    if let value = fields.carried("is_gap") { bar.isGap = try value.truth() }
    if let value = fields.carried("features") { bar.featuresJSON = try value.stringOrNull() }
    try fields.check()
    try store.market.write(bar, given.symbol(), given.timeframe(), replace: given.truth("replace"))
    return .null
  }

  private static func shape(_ given: CaseArguments) throws -> ReadShape {
    ReadShape(
      columns: try given.columns(), features: given.get("features") == nil ? .none : .json,
      limit: try given.get("limit").map { Int(try $0.wholeNumber()) })
  }

  private static func read(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let shape = try shape(given)
    return table(try store.market.read(given.symbols(), given.timeframe(), given.range(), shape))
  }

  private static func readFeatures(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let keys = try given.get("keys")?.elements().map { try $0.string() }
    let shape = ReadShape(columns: [], features: .columns, featureKeys: keys)
    return table(try store.market.read(given.symbols(), given.timeframe(), given.range(), shape))
  }

  private static func latest(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let (count, shape) = (Int(try given.need("n").wholeNumber()), try shape(given))
    return table(try store.market.latest(given.symbols(), given.timeframe(), count, shape))
  }

  private static func latestBar(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    guard let bar = try store.market.latestBar(given.symbol(), given.timeframe()) else { return .null }
    return .object([
      "timestamp": .time(bar.timestamp), "open": .number(orNull: bar.open), "high": .number(orNull: bar.high),
      "low": .number(orNull: bar.low), "close": .number(orNull: bar.close),
      "volume": .number(orNull: bar.volume),
      "latency_sec": .number(orNull: bar.latencySec), "source": .text(orNull: bar.source),
      "quality": .text(orNull: bar.quality), "is_gap": .flag(bar.isGap),
      "features": .text(orNull: bar.featuresJSON),
    ])
  }

  private static func scan(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let chunk = Int(try given.get("chunk")?.wholeNumber() ?? 50_000)
    let shape = try shape(given)
    let scan = try store.market.scan(
      given.symbols(), given.timeframe(), given.range(), shape, chunk: chunk)
    var chunks: [CaseValue] = []
    while let bars = try scan.next() { chunks.append(table(bars)) }
    return .list(chunks)
  }

  private static func table(_ bars: Bars) -> CaseValue {
    func numbers(_ values: [Double]) -> CaseValue { .list(values.map { .number(orNull: $0) }) }
    func texts(_ values: [String?]) -> CaseValue { .list(values.map { .text(orNull: $0) }) }
    let symbols = bars.symbols.indices.flatMap { place in
      bars.range(ofSymbol: place).map { _ in CaseValue.text(bars.symbols[place]) }
    }
    let features = bars.shape.features == .columns ? bars.features : []
    return .object([
      "timestamp": .list(bars.timestamps.map { .time($0) }), "symbol": .list(symbols),
      "open": numbers(bars.open), "high": numbers(bars.high), "low": numbers(bars.low),
      "close": numbers(bars.close), "volume": numbers(bars.volume), "latency_sec": numbers(bars.latencySec),
      "source": texts(bars.source), "quality": texts(bars.quality),
      "is_gap": .list(bars.isGap.map { .flag($0) }),
      "features_json": texts((0..<bars.count).map { bars.featuresJSON($0) }),
      "features": .list(
        features.map { feature in
          .list([.text(feature.key), numbers(feature.values), texts(feature.qualities.map { $0?.word })])
        }),
    ])
  }

  private static func missing(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let (symbol, timeframe, range) = (try given.symbol(), try given.timeframe(), try given.range())
    let runs: MissingRuns
    if let step = try given.get("step")?.wholeNumber() {
      runs = try store.market.missing(symbol, timeframe, range, step: step)
    } else {
      let times = try given.need("times").elements().map { try $0.instant() }
      runs = try times.withUnsafeBufferPointer { try store.market.missing(symbol, timeframe, range, $0) }
    }
    return .list(
      runs.list.map { .object(["start": .time($0.start), "end": .time($0.end), "bars": .integer($0.bars)]) })
  }

  private static func series(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let entries = try store.market.series(counts: given.truth("counts", otherwise: true))
    return .list(
      entries.map { entry in
        var members: [String: CaseValue] = [
          "symbol": .text(entry.symbol), "timeframe": .text(entry.timeframe), "first": .time(entry.first),
          "last": .time(entry.last),
        ]
        members["bars"] = entry.bars.map { .integer($0) }
        members["gaps"] = entry.gaps.map { .integer($0) }
        return .object(members)
      })
  }

  // MARK: Requests

  private static func recordRequest(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    var request = MarketRequest(
      symbol: try given.symbol(), timeframe: try given.timeframe(),
      requestedAt: try given.get("requested_at")?.instant(), start: try given.need("start_ts").instant(),
      end: try given.need("end_ts").instant(), providerUsed: try given.need("provider_used").string())
    request.fallbackUsed = try given.truth("fallback_used")
    request.coverageRatio = try given.get("coverage_ratio")?.double()
    request.gapCount = try given.get("gap_count")?.wholeNumber()
    request.quality = try given.get("quality")?.string()
    request.notes = try given.get("notes")?.string()
    try store.market.record(request)
    return .null
  }

  private static func requests(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let onlyProviders = try given.truth("providers")
    let found = try store.market.requests(
      symbol: given.get("symbol")?.string(), timeframe: given.get("timeframe")?.string(), given.range(),
      limit: given.get("limit").map { Int(try $0.wholeNumber()) })
    return .list(
      found.map { request in
        if onlyProviders { return .text(request.providerUsed) }
        return .object([
          "symbol": .text(request.symbol), "timeframe": .text(request.timeframe),
          "requested_at": request.requestedAt.map { .time($0) } ?? .null, "start_ts": .time(request.start),
          "end_ts": .time(request.end), "provider_used": .text(request.providerUsed),
          "fallback_used": .flag(request.fallbackUsed),
          "coverage_ratio": .number(orNull: request.coverageRatio),
          "gap_count": request.gapCount.map { .integer($0) } ?? .null,
          "quality": .text(orNull: request.quality), "notes": .text(orNull: request.notes),
        ])
      })
  }

  // MARK: The file

  private static func sql(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let rows = try store.query(given.need("query").string())
    return .list(
      (0..<rows.count).map { row in
        .list(
          rows.columns.map { column in
            switch column.types[row] {
            case 1: return .integer(column.integers[row])
            case 2: return .number(orNull: column.reals[row])
            case 3:
              let bytes = column.bytes[Int(column.offsets[row])..<Int(column.offsets[row + 1])]
              return .text(String(decoding: bytes, as: UTF8.self))
            default: return .null
            }
          })
      })
  }

  private static func otherTool(_ store: Store, _ given: CaseArguments) throws -> CaseValue {
    let (sql, value) = (try given.need("sql").string(), try given.get("value")?.string())
    if store.engine is PostgreSQLEngine {
      try Server.run(sql, value: value, at: store.path)
    } else {
      try RawDatabase(store.path).execute(sql, value: value)
    }
    return .null
  }
}
