// SPDX-License-Identifier: MIT

/// Bars of one series as columns, for Swift callers. A column that is nil is not carried; each other one is as long
/// as `timestamps`.
public struct BarBatch: Sendable {
  /// The series' symbol.
  public var symbol: String
  /// The series' timeframe.
  public var timeframe: String
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var timestamps: [Int64]
  // By the columns' numbers, each column in the array of its kind. They are named in `ColumnNames.swift`.
  var numbers = PerColumn<[Double]?>(repeating: nil)
  var texts = PerColumn<[String?]?>(repeating: nil)
  var flags = PerColumn<[Bool]?>(repeating: nil)
  /// Features over the rows.
  public var features: [FeatureColumn] = []

  /// One feature ("name@version") over the rows of a batch.
  public struct FeatureColumn: Sendable {
    /// The feature's key.
    public var key: String
    /// One value per row, as many as the batch has timestamps; NaN is null.
    public var values: [Double]
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

  /// A batch of no columns yet.
  public init(symbol: String, timeframe: String, timestamps: [Int64]) {
    self.symbol = symbol
    self.timeframe = timeframe
    self.timestamps = timestamps
  }
}

extension MarketRepo {
  /// Writes bars: an upsert on (symbol, timeframe, timestamp) in one transaction.
  ///
  /// Columns that are not carried keep what is stored; on a new row they get the schema's default. Features merge by key.
  /// The result is the same as that of writing each row in order, so the last of several equal timestamps wins.
  ///
  /// - Parameters:
  ///   - batch: Bars of one series. No rows: nothing is written.
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
    try engine.checkOpen()
    return 0
  }
}

extension BarBatch {
  /// Lends copies of the columns to `body`.
  fileprivate func lend(_ body: (BorrowedBatch) throws(StoreError) -> Int) throws(StoreError) -> Int {
    try checkLengths()
    let lender = Lender()
    var batch = BorrowedBatch(
      count: timestamps.count, timestamps: lender.lend(timestamps), symbol: lender.lend(constant: symbol),
      timeframe: lender.lend(constant: timeframe))
    for column in numbers.indices {
      batch.columns.numbers[column] = numbers[column].map { lender.lend($0) }
      batch.columns.texts[column] = texts[column].map { lender.lend($0) }
      batch.columns.flags[column] = flags[column].map { flags in lender.lend(flags.map { $0 ? 1 : 0 }) }
    }
    batch.features.columns = features.map { feature in
      BorrowedFeature(
        key: lender.lend(text: feature.key), values: lender.lend(feature.values), integers: nil, isNull: nil,
        quality: feature.qualities.map { words in lender.lend(words.map { $0?.word }) })
    }
    return try withExtendedLifetime(lender) { () throws(StoreError) in try body(batch) }
  }

  private func checkLengths() throws(StoreError) {
    var lengths = numbers.indices.map { column in
      (
        name: "\(BarColumn.table[column].name)",
        count: numbers[column]?.count ?? texts[column]?.count ?? flags[column]?.count
      )
    }
    for feature in features {
      lengths.append((feature.key, feature.values.count))
      lengths.append((feature.key, feature.qualities?.count))
    }
    for (name, count) in lengths {
      if let count, count != timestamps.count {
        throw .invalid(
          "\(symbol) \(timeframe): column \(StoreError.quoted(name)) has \(count) rows, and there are"
            + " \(timestamps.count) timestamps", key: name)
      }
    }
  }
}

/// Keeps copies of columns alive while the core borrows them.
final class Lender {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  func lend<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
    let block = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    block.initialize(from: elements, count: elements.count)
    blocks.append(UnsafeMutableRawPointer(block))
    return UnsafePointer(block)
  }

  func lend(text: String) -> Bytes {
    let bytes = Array(text.utf8)
    return Bytes(start: lend(bytes), count: bytes.count)
  }

  func lend(constant text: String) -> TextColumn {
    TextColumn(codes: nil, values: lend(values: [lend(text: text)]))
  }

  private func lend(values: [Bytes]) -> UnsafeBufferPointer<Bytes> {
    UnsafeBufferPointer(start: lend(values), count: values.count)
  }

  func lend(_ texts: [String?]) -> TextColumn {
    var numbers: [ExactText: Int32] = [:]
    var values: [Bytes] = []
    let codes = texts.map { text -> Int32 in
      guard let text else { return -1 }
      if let known = numbers[ExactText(text)] { return known }
      let number = Int32(values.count)
      numbers[ExactText(text)] = number
      values.append(lend(text: text))
      return number
    }
    return TextColumn(codes: lend(codes), values: lend(values: values))
  }
}
