// SPDX-License-Identifier: MIT
import CArrow

/// What the columns of an Arrow table are to the store: by name, then by type.
struct ArrowTable {
  /// What a table holds beside its keys.
  enum Content {
    case bars
    /// `quality` is for all values of columns that have none of their own.
    case features(quality: String?)
  }

  /// Chunks that are written together.
  struct Group {
    var chunks: Range<Int>
    var firstRow: Int
    var rows: Int
  }

  private enum Role {
    case symbol
    case timeframe
    case timestamp
    /// A column of bars, by its number.
    case bar(Int)
    /// The features as JSON.
    case json
    /// A feature; its values alone.
    case values
    /// A feature as a struct of value and quality, by their places.
    case entries(value: Int?, quality: Int?)
  }

  private let fields: [ArrowField]
  /// The name of the column of times.
  private let time: String
  private var roles: [Role] = []
  private let symbol: String?
  private let timeframe: String?
  private let quality: String?
  private let series: String
  private let isOfFeatures: Bool

  init(
    _ fields: [ArrowField], symbol: String?, timeframe: String?, _ content: Content
  ) throws(StoreError) {
    self.fields = fields
    time = Self.nameOfTimes(fields)
    self.symbol = try symbol.map { name throws(StoreError) in try checkedName(name, "symbol") }
    self.timeframe = try timeframe.map { name throws(StoreError) in try checkedName(name, "timeframe") }
    series = "\(symbol ?? "(several symbols)") \(timeframe ?? "(several timeframes)")"
    switch content {
    case .bars: (isOfFeatures, quality) = (false, nil)
    case .features(let quality): (isOfFeatures, self.quality) = (true, quality)
    }
    try refuseUnknown()
    var seen: Set<ExactText> = []
    for field in fields {
      guard seen.insert(ExactText(field.name)).inserted else {
        throw refused(
          "column \(StoreError.quoted(field.name)) is given twice; drop or rename one", field.name)
      }
      roles.append(try role(field))
    }
    try refuseTwice("symbol", argument: symbol)
    try refuseTwice("timeframe", argument: timeframe)
  }

  private func refused(_ message: String, _ key: String) -> StoreError {
    .invalid("\(series): \(message)", key: key)
  }

  private func place(_ field: ArrowField, firstRow: Int = 0) -> ArrowPlace {
    let number = fields.firstIndex { ExactText($0.name) == ExactText(field.name) }
    var isFeature = false
    if let number, number < roles.count {
      switch roles[number] {
      case .values, .entries: isFeature = true
      default: break
      }
    }
    return ArrowPlace(series: series, column: field.name, isFeature: isFeature, firstRow: firstRow)
  }

  // MARK: Names

  private static let keys = ["symbol", "timeframe", "timestamp"]

  /// pandas' own name for an index that has none, as times mostly have, stands for `timestamp` where there is no such.
  private static func nameOfTimes(_ fields: [ArrowField]) -> String {
    let index = "__index_level_0__"
    let isIndex = fields.contains { field in
      if case .timestamp = field.type { field.name.utf8.elementsEqual(index.utf8) } else { false }
    }
    return isIndex && !fields.contains { $0.name.utf8.elementsEqual("timestamp".utf8) } ? index : "timestamp"
  }

  private func isTime(_ name: String) -> Bool { name.utf8.elementsEqual(time.utf8) }

  private func column(named name: String) -> Int? {
    BarColumns.names.firstIndex { name.utf8.elementsEqual("\($0)".utf8) }
  }

  private func isKey(_ name: String) -> Bool { Self.keys.contains { $0.utf8.elementsEqual(name.utf8) } }

  /// Names all columns that bars do not have.
  private func refuseUnknown() throws(StoreError) {
    guard !isOfFeatures else { return }
    let unknown = fields.map(\.name).filter { !isKey($0) && !isTime($0) && column(named: $0) == nil }
    guard let first = unknown.first else { return }
    var message = "unknown column\(unknown.count == 1 ? "" : "s")"
    message += " \(unknown.prefix(50).map(StoreError.quoted).joined(separator: ", "))"
    let features = unknown.filter { $0.utf8.contains(UInt8(ascii: "@")) }
    message += "; a bar has \(BarColumn.nameList)"
    if !features.isEmpty {
      message += "; leave feature columns out here, and write them, with the timestamps, by write_features"
    }
    message += "; rename or drop the others"
    let known = BarColumns.names.map { "\($0)" } + Self.keys
    let renamed = unknown.compactMap { name -> String? in
      let small = name.lowercasedASCII
      let target =
        known.contains { $0.utf8.elementsEqual(small.utf8) } ? small : isOnlyTime(name) ? "timestamp" : nil
      return target.map { "\(StoreError.quoted(name)) to '\($0)'" }
    }
    if !renamed.isEmpty { message += ", e.g. \(renamed.joined(separator: ", "))" }
    throw refused(message, first)
  }

  /// Whether a column is the only one of times, and none is called `timestamp`.
  private func isOnlyTime(_ name: String) -> Bool {
    let times = fields.filter { if case .timestamp = $0.type { true } else { false } }
    return times.count == 1 && ExactText(times[0].name) == ExactText(name)
      && !fields.contains { $0.name.utf8.elementsEqual("timestamp".utf8) }
  }

  private func refuseTwice(_ name: String, argument: String?) throws(StoreError) {
    guard argument != nil, fields.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { return }
    throw refused(
      "\(name) is given twice, as an argument and as a column; pass none, or drop the column", name)
  }

  // MARK: Types

  private func role(_ field: ArrowField) throws(StoreError) -> Role {
    let role: Role
    switch field.name {
    case let name where name.utf8.elementsEqual("symbol".utf8): role = .symbol
    case let name where name.utf8.elementsEqual("timeframe".utf8): role = .timeframe
    case let name where isTime(name): role = .timestamp
    case let name:
      if let number = column(named: name), !isOfFeatures || number == BarColumns.features.number {
        role = number == BarColumns.features.number ? .json : .bar(number)
      } else if case .structure = field.type {
        role = try entries(field)
      } else {
        role = .values
      }
    }
    if case .entries = role { return role }
    switch field.type {
    case .structure, .binary, .other: throw refuseType(field, role)
    default: return role
    }
  }

  private func refuseType(_ field: ArrowField, _ role: Role) -> StoreError {
    let remedy: String
    switch role {
    case .symbol, .timeframe: remedy = "cast it to a string type"
    case .timestamp: remedy = "cast it to a timestamp type with a time zone"
    case .json: remedy = "give features as JSON text, or write them with write_features"
    case .bar(let number):
      switch BarColumn.table[number].kind {
      case .number: remedy = "cast it to float64"
      case .flag: remedy = "cast it to bool"
      case .text, .features: remedy = "cast it to a string type"
      }
    case .values, .entries: remedy = "cast it to float64, or give a struct of value and quality"
    }
    return refused(
      "column \(StoreError.quoted(field.name)) is of a type that the store does not take, \(field.typeName);"
        + " \(remedy), or drop it", field.name)
  }

  private func entries(_ field: ArrowField) throws(StoreError) -> Role {
    var (value, quality): (Int?, Int?) = (nil, nil)
    for (number, child) in field.children.enumerated() {
      switch child.type {
      case .structure, .binary, .other: throw refuseType(field, .values)
      default: break
      }
      if child.name.utf8.elementsEqual("value".utf8), value == nil {
        value = number
      } else if child.name.utf8.elementsEqual("quality".utf8), quality == nil {
        quality = number
      } else {
        throw refused(
          "column \(StoreError.quoted(field.name)) is a struct with the field \(StoreError.quoted(child.name));"
            + " a feature has value and quality, each once", field.name)
      }
    }
    if self.quality != nil {
      throw refused(
        "quality is given twice, as an argument and in column \(StoreError.quoted(field.name))", field.name)
    }
    return .entries(value: value, quality: quality)
  }

  /// What a table of rows needs; one of none may be without.
  func checkTypes() throws(StoreError) {
    guard let times = fields.first(where: { isTime($0.name) }) else {
      throw refused(
        "no timestamps; the table needs a column 'timestamp' of a timestamp type with a time zone",
        "timestamp")
    }
    switch times.type {
    case .timestamp(_, let zone) where !zone.isEmpty: break
    case .timestamp:
      throw refused(
        "column '\(time)': the times have no time zone; say which one they are in, e.g. for UTC"
          + " pyarrow.compute.assume_timezone(times, 'UTC') in pyarrow, .dt.replace_time_zone('UTC') in polars, or"
          + " timestamp AT TIME ZONE 'UTC' in DuckDB", "timestamp")
    default:
      throw refused(
        "column 'timestamp' is of type \(times.typeName); cast it to a timestamp type with a time zone",
        "timestamp")
    }
    for (name, argument) in [("symbol", symbol), ("timeframe", timeframe)] {
      if argument == nil, !fields.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
        throw refused("no \(name); name it, or give the table a column '\(name)'", name)
      }
    }
  }

  // MARK: Rows

  /// Small chunks are gathered up to so many rows; larger ones are written where they lie.
  static let gatheredRows = 1 << 16

  static func groups(of chunks: borrowing ArrowChunks) -> [Group] {
    var groups: [Group] = []
    var row = 0
    for index in 0..<chunks.count {
      let rows = Int(chunks[index].pointee.length)
      if let last = groups.last, last.rows + rows <= gatheredRows {
        groups[groups.count - 1].chunks = last.chunks.lowerBound..<(index + 1)
        groups[groups.count - 1].rows += rows
      } else {
        groups.append(Group(chunks: index..<(index + 1), firstRow: row, rows: rows))
      }
      row += rows
    }
    return groups
  }

  /// Lends the rows of a group to `body`, as a batch.
  func lend(
    _ chunks: borrowing ArrowChunks, _ group: Group, _ body: (BorrowedBatch) throws(StoreError) -> Int
  ) throws(StoreError) {
    let lender = Lender()
    let arena = ArrowArena()
    defer {
      withExtendedLifetime(lender) {}
      withExtendedLifetime(arena) {}
    }
    for index in group.chunks { try checkBatch(chunks[index]) }
    var times: UnsafePointer<Int64>?
    var symbols = symbol.map { lender.lend(constant: $0) }
    var timeframes = timeframe.map { lender.lend(constant: $0) }
    var columns = BorrowedColumns()
    var features = BorrowedFeatures()
    let constant = quality.map { lender.lend(constant: $0) }
    try MemoryShortage.expect(fields.count * MemoryLayout<BorrowedFeature>.stride)
    for (number, field) in fields.enumerated() {
      let pieces = try pieces(number, chunks, group, arena)
      switch roles[number] {
      case .symbol: symbols = try pieces.texts()
      case .timeframe: timeframes = try pieces.texts()
      case .timestamp: times = try pieces.times()
      case .json: features.json = try pieces.jsonTexts()
      case .bar(let column):
        switch BarColumn.table[column].kind {
        case .number: columns.numbers[column] = try pieces.doubles()
        case .flag: columns.flags[column] = try pieces.flags()
        case .text: columns.texts[column] = try pieces.texts()
        case .features: break
        }
      case .values:
        features.columns.append(try feature(field, pieces, constant, lender))
      case .entries(let value, let quality):
        let words =
          if let quality { try pieces.child(quality).texts() } else { try noWords(group.rows, arena) }
        features.columns.append(try feature(field, value.map { pieces.child($0) }, words, lender))
      }
    }
    guard let times, let symbols, let timeframes else { return }
    var batch = BorrowedBatch(count: group.rows, timestamps: times, symbol: symbols, timeframe: timeframes)
    batch.columns = columns
    batch.features = features
    batch.firstRow = group.firstRow
    do throws(StoreError) { _ = try body(batch) } catch { throw error.movedDown(by: group.firstRow) }
  }

  private func feature(
    _ field: ArrowField, _ pieces: ArrowPieces?, _ quality: TextColumn?, _ lender: Lender
  ) throws(StoreError) -> BorrowedFeature {
    let values = try pieces?.featureValues()
    return BorrowedFeature(
      key: lender.lend(text: field.name), values: values?.doubles, integers: values?.integers,
      isNull: values?.isNull, quality: quality)
  }

  /// A quality that is not there is none for any row, and does not go by the value.
  private func noWords(_ rows: Int, _ arena: ArrowArena) throws(StoreError) -> TextColumn {
    let codes = try arena.room(rows, Int32.self)
    codes.initialize(repeating: -1, count: rows)
    return TextColumn(codes: codes, values: TextColumn.empty.values)
  }

  /// Checks the array that a chunk's columns are the children of.
  private func checkBatch(_ array: UnsafePointer<ArrowArray>) throws(StoreError) {
    let place = ArrowPlace(series: series, column: "(the record batch)", isFeature: false)
    let batch = try ArrowColumn(
      array,
      ArrowField(name: "", type: .structure, index: nil, typeName: "", children: []), place)
    guard batch.isComplete else {
      let row = (0..<batch.count).first { !batch.isPresent($0) } ?? 0
      throw place.refusal("the whole row is null", "drop it", row: row)
    }
  }

  private func pieces(
    _ number: Int, _ chunks: borrowing ArrowChunks, _ group: Group, _ arena: ArrowArena
  ) throws(StoreError) -> ArrowPieces {
    let place = place(fields[number], firstRow: group.firstRow)
    var pieces: [ArrowColumn] = []
    pieces.reserveCapacity(group.chunks.count)
    for index in group.chunks {
      let batch = chunks[index].pointee
      let children = try ArrowColumn.childPointers(batch, fields.count, place)
      guard let child = children[number] else { throw place.broken("it is NULL") }
      pieces.append(
        try ArrowColumn(
          UnsafePointer(child), fields[number], first: Int(batch.offset), rows: Int(batch.length), place))
    }
    return ArrowPieces(pieces: pieces, rows: group.rows, place: place, arena: arena)
  }
}

extension ArrowPieces {
  /// A field of a struct.
  fileprivate func child(_ number: Int) -> ArrowPieces {
    ArrowPieces(pieces: pieces.map { $0.children[number] }, rows: rows, place: place, arena: arena)
  }
}

extension StoreError {
  /// The same error of a part whose first row is the `rows`-th.
  fileprivate func movedDown(by rows: Int) -> StoreError {
    guard rows > 0, let row else { return self }
    return StoreError(code, message, sqliteCode: sqliteCode, row: row + rows, key: key, reason: reason)
  }
}
