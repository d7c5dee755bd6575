// SPDX-License-Identifier: MIT

/// Bars of one or more series as columns, for Swift callers. A column that is nil is not carried; each other one is as
/// long as `timestamps`.
public struct BarBatch: Sendable {
  /// The symbol of all rows; empty if each has its own in ``symbols``.
  public var symbol: String
  /// The timeframe of all rows; empty if each has its own in ``timeframes``.
  public var timeframe: String
  /// A symbol per row; nil: ``symbol`` is that of all.
  public var symbols: [String]?
  /// A timeframe per row; nil: ``timeframe`` is that of all.
  public var timeframes: [String]?
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var timestamps: [Int64]
  // By the columns' numbers, each column in the array of its kind. They are named in `ColumnNames.swift`.
  var numbers = PerColumn<[Double]?>(repeating: nil)
  var texts = PerColumn<[String?]?>(repeating: nil)
  var flags = PerColumn<[Bool]?>(repeating: nil)
  /// Features over the rows.
  public var features: [FeatureColumn] = []
  /// The features of each row as JSON text, instead of ``features``; nil leaves those of the row as they are.
  public var featuresJSON: [String?]?

  /// One feature ("name@version") over the rows of a batch.
  public struct FeatureColumn: Sendable {
    /// The feature's key.
    public var key: String
    /// One value per row, as many as the batch has timestamps; NaN is null.
    public var values: [Double]
    /// Integers instead of ``values``, which are empty then: they are stored as such, beyond 2^53, too. nil is null.
    public var integers: [Int64?]?
    /// A quality for each row; a row with a NaN and no quality has no such entry. nil: `.ready` goes with a number and
    /// `.missing` with a NaN.
    public var qualities: [FeatureQuality?]?

    /// A feature whose quality goes by its values: `.ready` with a number, `.missing` with a NaN.
    public init(_ key: String, _ values: [Double]) {
      self.key = key
      self.values = values
    }

    /// A feature with a quality for each row.
    public init(_ key: String, _ values: [Double], qualities: [FeatureQuality?]) {
      self.key = key
      self.values = values
      self.qualities = qualities
    }

    /// A feature of integers, whose quality goes by its values.
    public init(_ key: String, integers: [Int64?]) {
      self.init(key, [])
      self.integers = integers
    }

    /// A feature with one quality throughout, whatever its values.
    public init(_ key: String, _ values: [Double], quality: FeatureQuality) {
      self.init(key, values, qualities: Array(repeating: quality, count: values.count))
    }
  }

  subscript(numbers column: BarColumns) -> [Double]? {
    get { numbers[column.number] }
    set { numbers[column.number] = newValue }
  }

  subscript(texts column: BarColumns) -> [String?]? {
    get { texts[column.number] }
    set { texts[column.number] = newValue }
  }

  subscript(flags column: BarColumns) -> [Bool]? {
    get { flags[column.number] }
    set { flags[column.number] = newValue }
  }

  /// A batch of one series, of no columns yet.
  public init(symbol: String, timeframe: String, timestamps: [Int64]) {
    self.symbol = symbol
    self.timeframe = timeframe
    self.timestamps = timestamps
  }

  /// A batch of several symbols, of no columns yet. There is a symbol for each timestamp.
  public init(symbols: [String], timeframe: String, timestamps: [Int64]) {
    self.init(symbol: "", timeframe: timeframe, timestamps: timestamps)
    self.symbols = symbols
  }

  /// A batch of several series, of no columns yet. There are a symbol and a timeframe for each timestamp.
  public init(symbols: [String], timeframes: [String], timestamps: [Int64]) {
    self.init(symbols: symbols, timeframe: "", timestamps: timestamps)
    self.timeframes = timeframes
  }
}

extension MarketRepo {
  /// Writes bars: an upsert on (symbol, timeframe, timestamp) in one transaction.
  ///
  /// Columns that are not carried keep what is stored; on a new row they get the schema's default. Features merge by key.
  /// The result is the same as that of writing each row in order, so the last of several equal timestamps wins.
  ///
  /// - Parameters:
  ///   - batch: Bars of one or more series. No rows: nothing is written.
  ///   - replace: Each row becomes what was passed and nothing else.
  /// - Returns: The rows given.
  /// - Throws: `.invalid` and `.invalidFeature`, with the row, if anything in the batch breaks a rule: nothing of it is
  ///   written then. Otherwise as a write, see ``StoreError``.
  @discardableResult
  public func write(_ batch: BarBatch, replace: Bool = false) throws(StoreError) -> Int {
    try batch.lend { rows throws(StoreError) in
      rows.count == 0 ? try nothing() : try write(rows, replace: replace)
    }
  }

  /// Writes the features of bars that are stored already.
  ///
  /// - Parameters:
  ///   - batch: A batch that carries features only.
  ///   - replace: The features of each bar become those given, instead of merging by key.
  /// - Returns: The rows given.
  /// - Throws: `.missingBar` if one of the bars is not stored, `.invalid` if the batch carries other columns,
  ///   `.invalidFeature` if a feature breaks the rules: nothing is written then. Otherwise as a write, see ``StoreError``.
  @discardableResult
  public func writeFeatures(_ batch: BarBatch, replace: Bool = false) throws(StoreError) -> Int {
    try batch.lend { rows throws(StoreError) in
      rows.count == 0 ? try nothing() : try writeFeatures(rows, replace: replace)
    }
  }

  private func nothing() throws(StoreError) -> Int {
    try writeNothing()
    return 0
  }
}

extension BarBatch {
  /// Lends copies of the columns to `body`.
  fileprivate func lend(_ body: (BorrowedBatch) throws(StoreError) -> Int) throws(StoreError) -> Int {
    try check()
    let lender = Lender()
    var batch = BorrowedBatch(
      count: timestamps.count, timestamps: lender.lend(timestamps),
      symbol: symbols.map { lender.lend($0) } ?? lender.lend(constant: symbol),
      timeframe: timeframes.map { lender.lend($0) } ?? lender.lend(constant: timeframe))
    for column in numbers.indices {
      batch.columns.numbers[column] = numbers[column].map { lender.lend($0) }
      batch.columns.texts[column] = texts[column].map { lender.lend($0) }
      batch.columns.flags[column] = flags[column].map { flags in lender.lend(flags.map { $0 ? 1 : 0 }) }
    }
    batch.features.columns = features.map { feature in
      let integers = feature.integers
      return BorrowedFeature(
        key: lender.lend(text: feature.key), values: integers == nil ? lender.lend(feature.values) : nil,
        integers: integers.map { lender.lend($0.map { $0 ?? 0 }) },
        isNull: integers.map { lender.lend($0.map { $0 == nil ? 1 : 0 }) },
        quality: feature.qualities.map { words in lender.lend(words.map { $0?.word }) })
    }
    batch.features.json = featuresJSON.map { lender.lend(constants: $0) }
    return try withExtendedLifetime(lender) { () throws(StoreError) in try body(batch) }
  }

  private func check() throws(StoreError) {
    try checkName("symbol", symbol, symbols)
    try checkName("timeframe", timeframe, timeframes)
    try checkLengths()
    guard let row = featuresJSON?.firstIndex(where: { $0?.utf8.contains(0) ?? false }) else { return }
    throw StoreError(
      .invalidFeature,
      "\(series): row \(row): the features hold a NUL character; fix or leave out this entry",
      row: row, key: "features", reason: "the text holds a NUL character")
  }

  private func checkName(_ name: String, _ constant: String, _ each: [String]?) throws(StoreError) {
    guard each != nil, !constant.isEmpty else { return }
    throw .invalid(
      "\(name) is given twice, as \(StoreError.quoted(constant)) and one per row; leave one of them out",
      key: name)
  }

  /// As messages name it.
  private var series: String {
    "\(symbols == nil ? symbol : "(several symbols)") \(timeframes == nil ? timeframe : "(several timeframes)")"
  }

  private func checkLengths() throws(StoreError) {
    var lengths = numbers.indices.map { column in
      (
        name: "\(BarColumn.table[column].name)",
        count: numbers[column]?.count ?? texts[column]?.count ?? flags[column]?.count
      )
    }
    lengths += [
      ("symbol", symbols?.count), ("timeframe", timeframes?.count), ("features", featuresJSON?.count),
    ]
    for feature in features {
      lengths.append((feature.key, feature.integers?.count ?? feature.values.count))
      lengths.append((feature.key, feature.qualities?.count))
    }
    for (name, count) in lengths {
      if let count, count != timestamps.count {
        throw .invalid(
          "\(series): column \(StoreError.quoted(name)) has \(count) rows, and there are"
            + " \(timestamps.count) timestamps", key: name)
      }
    }
  }
}
