// SPDX-License-Identifier: MIT

extension Bars {
  /// The rows as an Arrow stream of one record batch; it holds on to this object. With `symbolColumn`, the first column says
  /// which symbol a row is of.
  package func arrowStream(symbolColumn: Bool) throws(StoreError) -> ArrowStreamOut {
    ArrowStreamOut(
      Self.arrowFields(shape, featureColumns.map(\.key.text), symbolColumn: symbolColumn),
      try arrowBatch(symbolColumn: symbolColumn))
  }

  /// The columns of what was read as `shape` says, whose features as columns are of these keys.
  static func arrowFields(_ shape: ReadShape, _ keys: [String], symbolColumn: Bool) -> [ArrowFieldOut] {
    var fields: [ArrowFieldOut] = symbolColumn ? [.words("symbol")] : []
    fields.append(ArrowFieldOut(name: "timestamp", format: "tsn:UTC"))
    for column in shape.columns.indices {
      let name = "\(BarColumn.table[column].name)"
      switch BarColumn.table[column].kind {
      case .number: fields.append(ArrowFieldOut(name: name, format: "g"))
      case .text: fields.append(.words(name))
      case .flag: fields.append(ArrowFieldOut(name: name, format: "b"))
      case .features: break
      }
    }
    switch shape.features {
    case .none: break
    case .json: fields.append(ArrowFieldOut(name: "features", format: "U"))
    case .values: fields += keys.map { ArrowFieldOut(name: $0, format: "g") }
    case .columns:
      fields += keys.map { key in
        ArrowFieldOut(
          name: key, format: "+s",
          children: [ArrowFieldOut(name: "value", format: "g"), .words("quality")])
      }
    }
    return fields
  }

  /// The rows as one record batch, which holds on to this object.
  func arrowBatch(symbolColumn: Bool) throws(StoreError) -> ArrowBatchOut {
    let arena = ArrowArena()
    let out = ArrowColumnsOut(arena: arena, rows: count)
    var columns: [ArrowArrayOut] = []
    if symbolColumn { columns.append(try symbols(out)) }
    columns.append(out.times(timestampColumn))
    for column in shape.columns.indices {
      switch BarColumn.table[column].kind {
      case .number: columns.append(try out.numbers(numbers(column)))
      case .flag: columns.append(try out.flags(flags(column)))
      case .text:
        let texts = texts(column)
        columns.append(try out.words(texts.codes, try out.dictionary(texts.dictionary)))
      case .features: break
      }
    }
    switch shape.features {
    case .none: break
    case .json:
      columns.append(
        try out.texts { row in
          featuresText(row).map { Bytes(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
        })
    case .values:
      for feature in featureColumns { columns.append(try out.numbers(feature.values)) }
    case .columns:
      let words = try Self.qualityWords(out)
      for feature in featureColumns {
        columns.append(try out.entries(feature.values, feature.qualities, words))
      }
    }
    return ArrowBatchOut(count: count, columns: columns, owner: ArrowRows(owner: self, arena: arena))
  }

  private func symbols(_ out: ArrowColumnsOut) throws(StoreError) -> ArrowArrayOut {
    let lender = out.arena.interner()
    for symbol in symbols { _ = symbol.withBytes { lender.texts.intern($0) } }
    let codes = try out.arena.room(count, Int32.self)
    for symbol in symbols.indices {
      let rows = range(ofSymbol: symbol)
      (codes + rows.lowerBound).initialize(repeating: Int32(truncatingIfNeeded: symbol), count: rows.count)
    }
    return try out.words(
      UnsafeBufferPointer(start: codes, count: count), try out.dictionary(lender.texts.texts))
  }

  private static func qualityWords(_ out: ArrowColumnsOut) throws(StoreError) -> ArrowArrayOut {
    let lender = out.arena.interner()
    for quality in FeatureQuality.allCases { _ = quality.word.withBytes { lender.texts.intern($0) } }
    return try out.dictionary(lender.texts.texts)
  }
}

/// What owns the buffers of a record batch.
final class ArrowRows {
  private let owner: AnyObject
  private let arena: ArrowArena

  init(owner: AnyObject, arena: ArrowArena) {
    self.owner = owner
    self.arena = arena
  }
}

extension Bars {
  /// The rows as an Arrow stream of one record batch, whose numbers are not copied. It holds on to this object.
  ///
  /// `timestamp` is timestamp[ns, UTC]; numbers are float64, where NULL is null; `is_gap` is bool; texts are dictionaries;
  /// features as JSON are large_utf8, and as columns structs of `value` and `quality`.
  ///
  /// - Parameter symbolColumn: The first column, `symbol`, says which symbol each row is of.
  /// - Throws: `.noMemory`.
  public func arrow(symbolColumn: Bool = true) throws(StoreError) -> ArrowStream {
    try ArrowStream(try arrowStream(symbolColumn: symbolColumn))
  }
}

extension MarketRepo {
  /// Reads in chunks of at most `chunk` rows, as an Arrow stream of a record batch each, which is a snapshot of its own and
  /// holds rows of one symbol. Nothing is held open in between. The other parameters are those of
  /// ``read(_:_:_:columns:features:limit:)``.
  ///
  /// - Parameters:
  ///   - symbols: One or more, each once; they come in this order.
  ///   - timeframe: The timeframe of all of them.
  ///   - range: Inclusive bounds in nanoseconds since 1970-01-01T00:00:00Z; nil: all.
  ///   - columns: The columns to read.
  ///   - features: Which features to read, and how. All of them are those that the range has now: each batch has the same
  ///     columns.
  ///   - limit: At most so many rows in all; nil: all.
  ///   - chunk: At most so many rows per batch.
  ///   - symbolColumn: The first column, `symbol`, says which symbol each row is of.
  /// - Throws: As ``scan(_:_:_:columns:features:chunk:)``. What a read may throw beside that comes from
  ///   ``ArrowStream/next()``.
  public func scanArrow(
    _ symbols: [String], _ timeframe: String, _ range: ClosedRange<Int64>? = nil, columns: BarColumns = .all,
    features: FeatureSelection = .none, limit: Int? = nil, chunk: Int = 50_000, symbolColumn: Bool = true
  ) throws(StoreError) -> ArrowStream {
    try ArrowStream(
      try scanArrow(
        symbols, timeframe, TimeRange(range), ReadShape(columns, features, limit), chunk: chunk,
        symbolColumn: symbolColumn))
  }

  /// Reads a range in chunks of at most `chunk` rows, as an Arrow stream of a record batch each. Features as columns have the
  /// keys that are asked for, or those that the range has now.
  package func scanArrow(
    _ symbols: [String], _ timeframe: String, _ range: TimeRange, _ shape: ReadShape, chunk: Int,
    symbolColumn: Bool
  ) throws(StoreError) -> ArrowStreamOut {
    var shape = shape
    if shape.takesAllKeys {
      // Each record batch of a stream has the same columns.
      let reads = try seriesKeys(symbols, timeframe, shape).map { SeriesRead(key: $0, range: range) }
      shape.featureKeys = try engine.featureKeys(reads, limit: shape.limit)
    }
    let scan = try scan(symbols, timeframe, range, shape, chunk: chunk)
    let fields = Bars.arrowFields(shape, shape.featureKeys ?? [], symbolColumn: symbolColumn)
    return ArrowStreamOut(fields) { () throws(StoreError) in
      try scan.next()?.arrowBatch(symbolColumn: symbolColumn)
    }
  }
}
