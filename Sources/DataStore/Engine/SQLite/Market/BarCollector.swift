// SPDX-License-Identifier: MIT
import CSQLite

/// `ds_collect(timestamp, …)`: an aggregate function that gathers the selected columns.
///
/// Reading through an aggregate keeps the loop over the rows inside SQLite, which is up to 1.7 times
/// faster than stepping a statement and fetching each column.
final class BarCollector: RecordSink, ProgressMeasure {
  /// In memory of its own: SQLite reaches it once per row, and Swift's checks for exclusive access to a class's
  /// properties would cost a tenth of the read.
  private let collection: UnsafeMutablePointer<BarCollection>
  /// A new one costs as much as a few rows.
  @exclusivity(unchecked) private var isNew = true

  init() {
    collection = .allocate(capacity: 1)
    collection.initialize(to: BarCollection())
  }

  deinit {
    collection.deinitialize(count: 1)
    collection.deallocate()
  }

  func register(on connection: StoreConnection) throws(StoreError) {
    let result = sqlite3_create_function_v2(
      connection.handle, "ds_collect", -1, SQLFunctions.flags, collection, nil,
      { context, _, values in
        guard let values, let collection = sqlite3_user_data(context) else { return }
        collection.assumingMemoryBound(to: BarCollection.self).pointee.collect(context, values)
      },
      { context in sqlite3_result_null(context) }, nil)
    guard result == SQLITE_OK else {
      throw .sqlite(result, connection.handle, doing: "registering functions")
    }
  }

  func takeFailure() -> StoreError? {
    defer { collection.pointee.failure = nil }
    return collection.pointee.failure
  }

  /// Takes a row of which the time and the record are known; false if something about it is not as it should be.
  /// `block` is what the record lies in, where it may be held.
  @inline(__always)
  func append(timestamp: Bytes, _ record: Bytes, in block: ByteBlock.Reference?) -> Bool {
    (try? collection.pointee.append(timestamp, record, block)) ?? false
  }

  /// Likewise rows whose times are known.
  func append(_ rows: UnsafeMutableBufferPointer<FoundRow>, in block: ByteBlock.Reference?) -> Bool {
    (try? collection.pointee.append(rows, block)) ?? false
  }

  /// Likewise one, whose record goes with the next.
  func append(_ row: LatestPages.Row) -> Bool {
    guard let start = row.record.baseAddress else { return false }
    var found = FoundRow(
      instant: row.instant, record: start, bytes: Int32(truncatingIfNeeded: row.record.count))
    return withUnsafeMutablePointer(to: &found) {
      append(UnsafeMutableBufferPointer(start: $0, count: 1), in: nil)
    }
  }

  // MARK: A read, from begin to end

  func begin(_ shape: ReadShape) {
    collection.pointee.begin(shape)
    isNew = false
  }

  /// `skip` rows at the front, all of the range's first instant, will be left out at the end.
  func beginSymbol(_ series: SeriesKey, _ range: TimeRange, skip: Int) {
    collection.pointee.series = series
    collection.pointee.range = range
    collection.pointee.skipped = (range.start ?? .min, skip)
    collection.pointee.leftToSkip = skip
    collection.pointee.rows.beginSymbol()
  }

  func endSymbol(skip: Int, limit: Int?, fromEnd: Bool) {
    collection.pointee.rows.endSymbol(skip: skip, limit: limit, fromEnd: fromEnd)
  }

  /// Unpacks the features of the rows so far; to be called before a symbol ends or starts again.
  func settle() throws(StoreError) { try collection.pointee.settle() }

  func expect(rows: Int) { collection.pointee.rows.expect(rows: rows) }

  /// Forgets the rows of the current symbol, to begin again with those of `range`.
  func restartSymbol(_ range: TimeRange) {
    collection.pointee.rows.restartSymbol()
    collection.pointee.leftToSkip = collection.pointee.skipped.rows
    collection.pointee.range = range
  }

  var count: Int { collection.pointee.rows.count }
  var progressSoFar: Int { count }
  /// The time of a row; nil if there is no such row.
  func instant(_ row: Int) -> Int64? {
    row >= 0 && row < count ? collection.pointee.rows.timestamps[row] : nil
  }
  func instants(from row: Int) -> [Int64] { Array(collection.pointee.rows.timestamps.elements[row...]) }
  var metForeignForm: Bool { collection.pointee.rows.metForeignForm }

  /// The rows; the collector is empty afterwards.
  func end() -> BarAccumulator {
    isNew = true
    return collection.pointee.finished()
  }

  /// Releases what was collected.
  func abandon() {
    guard !isNew else { return }
    collection.pointee.abandon()
    isNew = true
  }
}

/// The rows of a read that is under way, and what is needed to take the next one.
private struct BarCollection: ~Copyable {
  var rows: BarAccumulator
  /// What is taken of each row, in this order. In the structure itself: it is gone through once per row.
  private var selected = PerColumn<Selected>(repeating: Selected(column: 0, kind: .number))
  private var selectedCount = 0
  var range = TimeRange.all
  /// Rows that will be left out. Their features are not unpacked: the result has no columns for keys of theirs.
  var skipped = (instant: Int64.min, rows: 0)
  var leftToSkip = 0
  /// The series that is read, for messages.
  var series: SeriesKey?
  var failure: StoreError?
  private var dates = TimestampParser.DateMemo()
  private var fields = RecordFields(count: BarSource.keyColumns + BarColumns.names.count)
  private var decoder = RecordDecoder()

  private struct Selected {
    var column: UInt8
    var kind: BarColumn.Kind
  }

  init() { rows = BarAccumulator(ReadShape()) }

  mutating func begin(_ shape: ReadShape) {
    abandon(for: shape)
    decoder.beginRead()
    for column in BarColumn.table.indices where shape.selected.contains(column: column) {
      selected[selectedCount] = Selected(column: UInt8(column), kind: BarColumn.table[column].kind)
      selectedCount += 1
    }
  }

  mutating func finished() -> BarAccumulator {
    var finished = BarAccumulator(ReadShape())
    swap(&finished, &rows)
    abandon()
    finished.finish()
    return finished
  }

  mutating func abandon(for shape: ReadShape = ReadShape()) {
    rows = BarAccumulator(shape)
    selectedCount = 0
    (range, skipped, leftToSkip) = (.all, (.min, 0), 0)
    series = nil
    failure = nil
  }

  mutating func collect(_ context: OpaquePointer?, _ values: UnsafeMutablePointer<OpaquePointer?>) {
    do throws(StoredBarFault) {
      guard let instant = try Self.instant(values[0], range, &dates) else { return }
      try append(ArgumentRow(values: values), instant, in: nil)
    } catch {
      let failure = described(error, values)
      SQLFunctions.fail(context, failure.message)
      self.failure = failure
    }
  }

  // MARK: A row

  // A fault becomes a message outside of the loop: a method that borrows `self` makes Swift copy all of it at each call,
  // which once cost a sixth of the read.

  private typealias Instant = (nanoseconds: Int64, isForeign: Bool)

  /// The same from the bytes of a row's record. False, too, where that is not a whole record.
  @inline(__always)
  fileprivate mutating func append(
    _ timestamp: Bytes, _ record: Bytes, _ block: ByteBlock.Reference?
  ) throws(StoredBarFault) -> Bool {
    guard let instant = try Self.instant(timestamp, range, &dates) else { return true }
    guard fields.read(record) else { return false }
    try append(fields.row, instant, in: block)
    return true
  }

  @inline(__always)
  private mutating func append(
    _ row: some StoredBar, _ instant: Instant, in block: ByteBlock.Reference?
  ) throws(StoredBarFault) {
    for place in 0..<selectedCount {
      let column = Int(selected[unchecked: place].column)
      let kind = selected[unchecked: place].kind
      // Not a switch, which would jump by a table: nearly all columns are numbers.
      if kind == .number {
        rows.numbers[unchecked: column].append(try row.number(column, place))
      } else if kind == .text {
        guard rows.texts[unchecked: column].append(try row.text(column, place)) else {
          throw .notText(column)
        }
      } else if kind == .flag {
        rows.flags[unchecked: column].append(try row.flag(column, place))
      } else {
        let text = try row.text(column, place)
        try appendFeatures(text, at: instant.nanoseconds, row: rows.count, in: block)
      }
    }
    rows.append(timestamp: instant.nanoseconds, isForeign: instant.isForeign)
  }

  /// Takes rows of which the times are known, and in the stored form.
  mutating func append(
    _ found: UnsafeMutableBufferPointer<FoundRow>, _ block: ByteBlock.Reference?
  ) throws(StoredBarFault) -> Bool {
    guard let start = found.baseAddress, !found.isEmpty else { return true }
    let ascend = ascend(found)
    var row = 0
    while row < found.count {
      if ascend, let rows = decoder.rows(found, from: row) {
        guard try append(rows, block) else { return false }
        row += rows.count
        continue
      }
      let one = start[row]
      row += 1
      guard range.contains(one.instant) else { continue }
      guard fields.read(Bytes(start: one.record, count: Int(one.bytes))) else { return false }
      try append(fields.row, (one.instant, false), in: block)
    }
    return true
  }

  /// Whether all are within the range, and in order.
  @inline(__always)
  private func ascend(_ found: UnsafeMutableBufferPointer<FoundRow>) -> Bool {
    guard range.contains(found[0].instant), range.contains(found[found.count - 1].instant) else {
      return false
    }
    for row in 1..<found.count where found[row].instant < found[row - 1].instant { return false }
    return rows.isInOrder(found[0].instant)
  }

  private mutating func append(
    _ taken: RecordDecoder.Rows, _ block: ByteBlock.Reference?
  ) throws(StoredBarFault) -> Bool {
    let count = taken.count
    guard let times = rows.reserveTimes(count) else { return false }
    for place in 0..<selectedCount {
      let column = Int(selected[unchecked: place].column)
      switch selected[unchecked: place].kind {
      case .number:
        guard let out = rows.numbers[unchecked: column].reserve(count),
          decoder.numbers(column, of: taken, to: out)
        else { return false }
        rows.numbers[unchecked: column].advance(by: count)
      case .text:
        guard let out = rows.texts[unchecked: column].codes.reserve(count),
          decoder.codes(column, of: taken, to: out, &rows.texts[unchecked: column])
        else { return false }
        rows.texts[unchecked: column].codes.advance(by: count)
      case .flag:
        guard let out = rows.flags[unchecked: column].reserve(count),
          decoder.flags(column, of: taken, to: out)
        else { return false }
        rows.flags[unchecked: column].advance(by: count)
      case .features:
        let first = rows.count
        for row in 0..<count {
          try appendFeatures(
            decoder.features(of: taken.start[row]), at: taken.start[row].instant, row: first + row, in: block)
        }
      }
    }
    for row in 0..<count { times[row] = taken.start[row].instant }
    rows.advanceTimes(by: count)
    return true
  }

  @inline(__always)
  private mutating func appendFeatures(
    _ text: Bytes?, at instant: Int64, row: Int, in block: ByteBlock.Reference?
  ) throws(StoredBarFault) {
    var text = text
    if leftToSkip > 0, instant == skipped.instant {
      leftToSkip -= 1
      text = nil
    }
    do throws(FeatureAccumulator.RowFault) {
      try rows.features.append(text, row: row, in: block)
    } catch {
      throw .features(error)
    }
  }

  /// The row's time; nil where it lies outside the range that is read.
  @inline(__always)
  private static func instant(
    _ value: OpaquePointer?, _ range: TimeRange, _ dates: inout TimestampParser.DateMemo
  ) throws(StoredBarFault) -> Instant? {
    guard sqlite3_value_type(value) == SQLITE_TEXT else { throw .noTime }
    return try instant(SQLFunctions.bytes(value), range, &dates)
  }

  @inline(__always)
  private static func instant(
    _ text: Bytes, _ range: TimeRange, _ dates: inout TimestampParser.DateMemo
  ) throws(StoredBarFault) -> Instant? {
    if let stored = TimestampParser.stored(text, &dates) {
      return range.contains(stored) ? (stored, false) : nil
    }
    switch TimestampParser.parse(text) {
    case .instant(let instant, let form):
      return range.contains(instant) ? (instant, form != .stored) : nil
    case .beyondRange: throw .timeBeyondRange
    default: throw .noTime
    }
  }

  /// Unpacks the features that were taken in so far.
  mutating func settle() throws(StoreError) {
    do throws(FeatureAccumulator.RowFault) { try rows.features.settle() } catch {
      throw damaged(error, at: nil)
    }
  }

  // MARK: Messages

  private func described(_ fault: StoredBarFault, _ values: UnsafeMutablePointer<OpaquePointer?>)
    -> StoreError
  {
    let series = series?.text ?? ""
    let time = SQLFunctions.bytes(values[0]).text
    switch fault {
    case .column(let column, let what):
      let place = (0..<selectedCount).first { selected[$0].column == column } ?? 0
      let shown = SQLFunctions.bytes(values[place + 1]).text
      return StoredBarFault.error(column, what, holding: shown, in: "\(series) \(time)")
    case .timeBeyondRange, .noTime:
      let text = SQLFunctions.bytes(values[0])
      let isText = sqlite3_value_type(values[0]) == SQLITE_TEXT
      return .corruptTime(isText ? TimestampParser.parse(text) : nil, text, of: series)
    case .features(let damage):
      return damaged(damage, at: damage.row == rows.count ? time : nil)
    }
  }

  private func damaged(_ fault: FeatureAccumulator.RowFault, at time: String?) -> StoreError {
    let series = series?.text ?? ""
    let time = time ?? Timestamp.text(rows.timestamps[fault.row])
    let key = fault.fault.key.map { ", key \(StoreError.quoted($0))" } ?? ""
    return .corrupt(
      "\(series) \(time): its stored features are damaged\(key): \(fault.fault.reason). Write them again with"
        + " replace, or fix them with an SQLite tool")
  }
}
