// SPDX-License-Identifier: MIT

@testable import DataStore

/// The rows of a case as a Swift caller writes them.
struct CaseBatch {
  private var batch: BarBatch
  /// A JSON text per row, which C and Python callers may give: `BarBatch` has columns only.
  private let texts: [String?]?

  init(_ given: CaseArguments) throws {
    let rows = try CaseArguments(given.need("rows"))
    batch = BarBatch(
      symbol: try given.symbol(), timeframe: try given.timeframe(),
      timestamps: try rows.need("timestamp").elements().map { try $0.instant() })
    func numbers(_ name: String) throws -> [Double]? {
      try rows.get(name)?.elements().map { try $0.double() }
    }
    func words(_ name: String) throws -> [String?]? {
      try rows.get(name)?.elements().map { try $0.stringOrNull() }
    }
    (batch.open, batch.high, batch.low) = (try numbers("open"), try numbers("high"), try numbers("low"))
    (batch.close, batch.volume) = (try numbers("close"), try numbers("volume"))
    batch.latencySec = try numbers("latency_sec")
    (batch.source, batch.quality) = (try words("source"), try words("quality"))
    batch.isGap = try rows.get("is_gap")?.elements().map { try $0.truth() }
    batch.features = try rows.get("features")?.elements().map { try Self.feature($0.elements()) } ?? []
    texts = try words("features_json")
    try rows.check()
  }

  private static func feature(_ parts: [CaseValue]) throws -> BarBatch.FeatureColumn {
    let (key, values) = (try parts[0].string(), try parts[1].elements().map { try $0.double() })
    guard parts.count > 2 else { return BarBatch.FeatureColumn(key, values) }
    let qualities = try parts[2].elements().map { part -> FeatureQuality? in
      guard let word = try part.stringOrNull() else { return nil }
      guard let quality = FeatureQuality.allCases.first(where: { $0.word == word }) else {
        throw CaseFault("Swift has no quality \(word)")
      }
      return quality
    }
    return BarBatch.FeatureColumn(key, values, qualities: qualities)
  }

  func write(_ store: Store, replace: Bool) throws -> Int {
    guard let texts else { return try store.market.write(batch, replace: replace) }
    return try withBorrowed(texts) { try store.market.write($0, replace: replace) }
  }

  func writeFeatures(_ store: Store, replace: Bool) throws -> Int {
    guard let texts else { return try store.market.writeFeatures(batch, replace: replace) }
    return try withBorrowed(texts) { try store.market.writeFeatures($0, replace: replace) }
  }

  /// Lends the columns that cases carry beside JSON texts.
  private func withBorrowed(_ texts: [String?], _ body: (BorrowedBatch) throws -> Int) throws -> Int {
    let lender = Lender()
    func column(_ words: [String?]) -> TextColumn {
      TextColumn.kept(
        lender.lend(words.enumerated().map { $1 == nil ? -1 : Int32($0) }),
        words.map { lender.lend($0 ?? "") })
    }
    var borrowed = BorrowedBatch(
      count: batch.timestamps.count, timestamps: lender.lend(batch.timestamps),
      symbol: .kept(nil, [lender.lend(batch.symbol)]),
      timeframe: .kept(nil, [lender.lend(batch.timeframe)]))
    borrowed.columns.numbers[BarColumns.open.number] = batch.open.map { lender.lend($0) }
    borrowed.columns.numbers[BarColumns.high.number] = batch.high.map { lender.lend($0) }
    borrowed.columns.numbers[BarColumns.low.number] = batch.low.map { lender.lend($0) }
    borrowed.columns.numbers[BarColumns.close.number] = batch.close.map { lender.lend($0) }
    borrowed.columns.numbers[BarColumns.volume.number] = batch.volume.map { lender.lend($0) }
    borrowed.columns.numbers[BarColumns.latencySec.number] = batch.latencySec.map { lender.lend($0) }
    borrowed.columns.flags[BarColumns.isGap.number] = batch.isGap.map { flags in
      lender.lend(flags.map { $0 ? 1 : 0 })
    }
    borrowed.columns.texts[BarColumns.source.number] = batch.source.map(column)
    borrowed.columns.texts[BarColumns.quality.number] = batch.quality.map(column)
    borrowed.features.json = lender.lend(
      texts.map { text -> UnsafePointer<CChar>? in text.map { lender.lend(Array($0.utf8CString)) } })
    return try withExtendedLifetime(lender) { try body(borrowed) }
  }
}

/// Keeps copies alive while the core borrows them.
private final class Lender {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  func lend<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
    let block = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    block.initialize(from: elements, count: elements.count)
    blocks.append(UnsafeMutableRawPointer(block))
    return UnsafePointer(block)
  }

  func lend(_ text: String) -> Bytes { Bytes(start: lend(Array(text.utf8)), count: text.utf8.count) }
}
