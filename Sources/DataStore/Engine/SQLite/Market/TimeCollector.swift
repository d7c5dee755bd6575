// SPDX-License-Identifier: MIT
import CSQLite

/// Counts the bars of a range, or gathers their times, from the entries of the index alone: those of pages, or what SQLite
/// hands to the aggregate function `ds_times(timestamp)`.
final class TimeCollector: EntrySink {
  /// In memory of its own, as that of `BarCollector`.
  private let collection: UnsafeMutablePointer<TimeCollection>

  init() {
    collection = .allocate(capacity: 1)
    collection.initialize(to: TimeCollection())
  }

  deinit {
    collection.deinitialize(count: 1)
    collection.deallocate()
  }

  func register(on connection: StoreConnection) throws(StoreError) {
    let result = sqlite3_create_function_v2(
      connection.handle, "ds_times", 1, SQLFunctions.flags, collection, nil,
      { context, _, values in
        guard let values, let collection = sqlite3_user_data(context) else { return }
        collection.assumingMemoryBound(to: TimeCollection.self).pointee.collect(context, values[0])
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

  func take(_ page: BTreePage, _ first: Int, _ end: Int, of series: SeriesNames) -> Bool {
    collection.pointee.take(page, first, end, series)
  }

  // MARK: A call, from begin to end

  /// Begins to count (without a taker), or to hand times over as they come, as long as they ascend.
  func begin(_ series: SeriesKey, _ range: TimeRange, _ taker: (any TimesTaker)?) {
    collection.pointee.begin(series, range, taker)
  }

  /// Begins once more. Times are kept now, and handed over at the end.
  func restart() { collection.pointee.restart() }

  /// Forgets what was found since `beginPart`.
  func beginPart() { collection.pointee.beginPart() }
  func restartPart() { collection.pointee.restartPart() }

  var count: Int { collection.pointee.count }
  /// Whether the times have come in their order so far.
  var isAscending: Bool { collection.pointee.isAscending }

  /// Hands over what is left.
  func end() { collection.pointee.end() }

  /// Lets go of everything.
  func abandon() { collection.pointee.abandon() }
}

/// What was found so far, and what is needed to take the next entry.
private struct TimeCollection: ~Copyable {
  private(set) var count = 0
  private(set) var isAscending = true
  var failure: StoreError?
  private var series: SeriesKey?
  private var range = TimeRange.all
  private var taker: (any TimesTaker)?
  private var last = Int64.min
  /// Times that are still to be handed over.
  private let room = UnsafeMutablePointer<Int64>.allocate(capacity: Self.roomCount)
  private var filled = 0
  private static let roomCount = 512
  /// Those of rows that do not come in their order.
  private var kept = ColumnBuffer<Int64>()
  private var keeps = false
  private var part = (count: 0, kept: 0)
  private var dates = TimestampParser.DateMemo()
  private var seconds = StoredSeconds()
  private var memo = EntryMemo()

  deinit { room.deallocate() }

  mutating func begin(_ series: SeriesKey, _ range: TimeRange, _ taker: (any TimesTaker)?) {
    abandon()
    self.series = series
    self.range = range
    self.taker = taker
    memo.forget()
  }

  mutating func abandon() {
    (series, taker, failure) = (nil, nil, nil)
    kept = ColumnBuffer()
    keeps = false
    forget()
    beginPart()
  }

  private mutating func forget() {
    (count, filled, last, isAscending) = (0, 0, .min, true)
  }

  mutating func restart() {
    taker?.restart()
    keeps = taker != nil
    forget()
    beginPart()
  }

  mutating func beginPart() { part = (count, kept.count) }

  mutating func restartPart() {
    if keeps {
      kept.truncate(to: part.kept)
    } else if let taker {
      taker.restart()
      forget()
    }
    count = part.count
  }

  mutating func end() {
    if keeps {
      if !isAscending {
        var times = UnsafeMutableBufferPointer(start: kept.base, count: kept.count)
        times.sort()
      }
      taker?.take(kept.elements)
    } else {
      handOver()
    }
    taker?.end()
  }

  // MARK: Entries

  mutating func take(_ page: BTreePage, _ first: Int, _ end: Int, _ series: SeriesNames) -> Bool {
    taker == nil ? count(page, first, end, series) : gather(page, first, end, series)
  }

  private mutating func count(_ page: BTreePage, _ first: Int, _ end: Int, _ series: SeriesNames) -> Bool {
    var cell = first
    while cell < end {
      let plain = page.plainTimes(of: series, from: cell, to: end)
      // Times in the stored form ascend as their texts do.
      if plain > 0, isWithin(cell, of: page), isWithin(cell + plain - 1, of: page) {
        count += plain
        cell += plain
        continue
      }
      for _ in 0..<max(plain, 1) {
        // One of another series: the index is out of order, and SQLite's to go through.
        guard let entry = page.indexEntry(cell), series.isOf(entry), take(entry.timestamp) else {
          return false
        }
        cell += 1
      }
    }
    return true
  }

  private mutating func isWithin(_ cell: Int, of page: BTreePage) -> Bool {
    guard let entry = page.indexEntry(cell), let instant = TimestampParser.stored(entry.timestamp, &dates)
    else {
      return false
    }
    return range.contains(instant)
  }

  private mutating func gather(_ page: BTreePage, _ first: Int, _ end: Int, _ series: SeriesNames) -> Bool {
    if !memo.isOf(series.symbol, series.timeframe) { memo.forget() }
    var cell = first
    while cell < end {
      let pattern = memo.pattern
      if memo.isKnown, pattern.timeBytes == StoredSeconds.bytes {
        // In a variable of its own: it is gone through once per row.
        var seconds = seconds
        while cell < end, let (time, _) = pattern.match(cell, of: page), let instant = seconds.instant(time) {
          take(instant)
          cell &+= 1
        }
        self.seconds = seconds
        if cell == end { break }
      }
      guard let entry = page.indexEntry(cell), series.isOf(entry), take(entry.timestamp) else { return false }
      memo.learn(entry, cell, of: page)
      cell += 1
      guard !MemoryShortage.isNoted else { return false }
    }
    return true
  }

  /// False if it is not a time that int64 nanoseconds hold.
  private mutating func take(_ text: Bytes) -> Bool {
    if text.count == StoredSeconds.bytes, let start = text.baseAddress, let instant = seconds.instant(start) {
      take(instant)
      return true
    }
    if let stored = TimestampParser.stored(text, &dates) {
      take(stored)
      return true
    }
    guard case .instant(let instant, _) = TimestampParser.parse(text) else { return false }
    take(instant)
    return true
  }

  @inline(__always)
  private mutating func take(_ instant: Int64) {
    guard range.contains(instant) else { return }
    count &+= 1
    guard taker != nil else { return }
    if instant < last { isAscending = false }
    last = instant
    if keeps { return kept.append(instant) }
    if filled == Self.roomCount { handOver() }
    room[filled] = instant
    filled &+= 1
  }

  private mutating func handOver() {
    // Those that do not ascend will come again.
    if isAscending { taker?.take(UnsafeBufferPointer(start: room, count: filled)) }
    filled = 0
  }

  // MARK: Values

  mutating func collect(_ context: OpaquePointer?, _ value: OpaquePointer?) {
    let isText = sqlite3_value_type(value) == SQLITE_TEXT
    let text = isText ? SQLFunctions.textAsItLies(value) : SQLFunctions.bytes(value)
    if isText, take(text) { return }
    let failure = StoreError.corruptTime(
      isText ? TimestampParser.parse(text) : nil, text, of: series?.text ?? "")
    SQLFunctions.fail(context, failure.message)
    self.failure = failure
  }
}
