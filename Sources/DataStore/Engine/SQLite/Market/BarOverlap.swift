// SPDX-License-Identifier: MIT
import CSQLite

/// The bars of a batch that the file holds already, brought up to date in one walk over the index:
/// `UPDATE … SET open = ds_new(0), … WHERE <series and range> AND ds_differs(timestamp, open, …)`.
///
/// An upsert looks for each row from the root of the index, checks it against all constraints, and finds it once more
/// in the table. If a batch overlaps with what is stored, both ascend, so a merge join will do: it takes a
/// third of the instructions for rows that are the same, and less than half for rows that changed. Rows that are the
/// same are left alone, and so are their pages.
final class BarOverlap {
  /// How many bars may lie between those of the batch before the walk is given up: a batch of few rows over a long
  /// time is better off with a search for each.
  private static let patience = 1000

  private struct State {
    let batch: UnsafeMutablePointer<RawBatch>
    let owner: Unmanaged<BarOverlap>
    /// What the arguments of `ds_differs` after the timestamp are.
    var columns = PerColumn<Int>(repeating: 0)
    var columnCount = 0
    var dates = TimestampParser.DateMemo()
    /// The row of the batch that is expected next.
    var next = 0
    var found = 0
    var outside = 0
    /// The features that the current row will have; the merger's or the packer's memory.
    var features: Bytes?
    var isGivenUp = false
    /// Whether a row in another form ends the walk: it may be of an instant of the batch.
    var refusesOtherForms = false
    /// Whether the file has to hold all rows of the batch.
    var isWhole = false
  }

  private let state: UnsafeMutablePointer<State>
  private let source: BarSource
  private let merger: FeatureMerging
  private var change = FeatureChange.merge
  /// Asked at the first row of a statement that is its own transaction: whether the walk would meet all rows of the batch.
  private var meetsAll: (() throws(StoreError) -> Bool)?

  init(_ source: BarSource, _ merger: FeatureMerging) {
    self.source = source
    self.merger = merger
    state = .allocate(capacity: 1)
    state.initialize(to: State(batch: source.raw, owner: Unmanaged.passUnretained(self)))
  }

  deinit { state.deallocate() }

  func register(on connection: StoreConnection) throws(StoreError) {
    // Neither is deterministic: what they give depends on the current row.
    let flags = SQLITE_UTF8 | SQLITE_DIRECTONLY
    var result = sqlite3_create_function_v2(
      connection.handle, "ds_differs", -1, flags, state,
      { context, _, values in
        guard let values, let state = sqlite3_user_data(context) else { return }
        BarOverlap.compare(context, values, state.assumingMemoryBound(to: State.self))
      }, nil, nil, nil)
    if result == SQLITE_OK {
      result = sqlite3_create_function_v2(
        connection.handle, "ds_new", 1, flags, state,
        { context, _, values in
          guard let values, let state = sqlite3_user_data(context)?.assumingMemoryBound(to: State.self) else {
            return
          }
          let column = Int(sqlite3_value_int(values[0]))
          if column == BarColumns.features.number { return RawBatch.give(state.pointee.features, context) }
          state.pointee.batch.pointee.give(column, state.pointee.batch.pointee.row, context)
        }, nil, nil, nil)
    }
    guard result == SQLITE_OK else {
      throw .sqlite(result, connection.handle, doing: "registering functions")
    }
  }

  enum Outcome {
    /// The file held all rows.
    case all
    /// Rows are left that the file did not hold.
    case some
    /// All rows are left to an upsert.
    case givenUp
  }

  /// Runs `update` over the bars of the batch that `source` provides, which are of one series and ascend in time.
  func bringUpToDate(
    _ columns: BarColumns, _ change: FeatureChange, refusesOtherForms: Bool, _ update: Statement
  ) throws(StoreError) -> Outcome {
    begin(columns, change, isWhole: false)
    state.pointee.refusesOtherForms = refusesOtherForms
    defer { end() }
    do throws(StoreError) {
      try update.run()
    } catch {
      guard state.pointee.isGivenUp else { throw error }
      // Rows that it came to are up to date or not: the upsert sees to all of them.
      source.forgetStored()
      return .givenUp
    }
    return state.pointee.found < source.raw.pointee.count ? .some : .all
  }

  /// The same, where `update` is its own transaction. Returns whether the file held all rows; where it did not, nothing
  /// is written.
  ///
  /// Within a transaction SQLite keeps a copy of each page that a statement changes, in memory, to take that statement
  /// back alone (btree.c: sqlite3BtreeBeginStmt): a seventh of the time that a merge takes, and as much memory as the
  /// batch has pages.
  func bringAllUpToDate(
    _ columns: BarColumns, _ change: FeatureChange, _ update: Statement,
    where meetsAll: @escaping () throws(StoreError) -> Bool
  ) throws(StoreError) -> Bool {
    begin(columns, change, isWhole: true)
    state.pointee.refusesOtherForms = true
    self.meetsAll = meetsAll
    defer { end() }
    do throws(StoreError) {
      try update.run()
    } catch {
      guard state.pointee.isGivenUp else { throw error }
      return false
    }
    return true
  }

  /// Asked before each commit of the connection.
  func mayCommit() -> Bool {
    guard state.pointee.isWhole, state.pointee.found < source.raw.pointee.count else { return true }
    state.pointee.isGivenUp = true
    return false
  }

  private func begin(_ columns: BarColumns, _ change: FeatureChange, isWhole: Bool) {
    self.change = change
    state.pointee.columnCount = 0
    for column in columns.indices {
      state.pointee.columns[state.pointee.columnCount] = column
      state.pointee.columnCount += 1
    }
    state.pointee.next = 0
    state.pointee.found = 0
    state.pointee.outside = 0
    state.pointee.isGivenUp = false
    state.pointee.isWhole = isWhole
    source.isWalking = true
  }

  private func end() {
    state.pointee.features = nil
    state.pointee.isWhole = false
    source.isWalking = false
    meetsAll = nil
  }

  // MARK: A row

  /// Compares a stored bar with the batch. The result is true if the batch has it, with other values.
  private static func compare(
    _ context: OpaquePointer?, _ values: UnsafeMutablePointer<OpaquePointer?>,
    _ state: UnsafeMutablePointer<State>
  ) {
    let place = row(SQLFunctions.bytes(values[0]), state)
    // Rows before this one that the walk did not meet are not there.
    if state.pointee.isWhole, state.pointee.next > state.pointee.found + (place == nil ? 0 : 1) {
      return giveUp(context, state)
    }
    guard let row = place else {
      if state.pointee.isGivenUp { return giveUp(context, state) }
      state.pointee.outside += 1
      if state.pointee.outside > patience, state.pointee.outside / 4 > state.pointee.found {
        return giveUp(context, state)
      }
      return sqlite3_result_int(context, 0)
    }
    let batch = state.pointee.batch
    batch.pointee.row = row
    state.pointee.found += 1
    if state.pointee.found % BarSource.rowsBetweenLooks == 1 || batch.pointee.isStored == nil {
      let mayGoOn = state.pointee.owner._withUnsafeGuaranteedRef { $0.look() }
      guard mayGoOn else { return SQLFunctions.fail(context, "stopped") }
    }
    batch.pointee.isStored?[row] = true
    var differs = false
    for place in 0..<state.pointee.columnCount {
      let column = state.pointee.columns[place]
      let stored = values[place + 1]
      if column == BarColumns.features.number {
        // What is not text cannot be handed back as it was; the upsert leaves it in its place.
        guard [SQLITE_TEXT, SQLITE_NULL].contains(sqlite3_value_type(stored)) else {
          return giveUp(context, state)
        }
        do throws(StoreError) {
          state.pointee.features = try state.pointee.owner.takeUnretainedValue().features(row, stored)
        } catch {
          state.pointee.owner.takeUnretainedValue().source.failure = error
          return SQLFunctions.fail(context, error.message)
        }
        differs = differs || !RawBatch.equals(state.pointee.features, stored)
      } else if !differs {
        differs = !batch.pointee.holds(column, row, stored)
      }
    }
    sqlite3_result_int(context, differs ? 1 : 0)
  }

  /// Leaves the rest to the upsert.
  private static func giveUp(_ context: OpaquePointer?, _ state: UnsafeMutablePointer<State>) {
    state.pointee.isGivenUp = true
    SQLFunctions.fail(context, "left to the upsert")
  }

  /// The batch's row of a stored timestamp; nil if it has none, or if the timestamp is in another form.
  @inline(__always)
  private static func row(_ text: Bytes, _ state: UnsafeMutablePointer<State>) -> Int? {
    let batch = state.pointee.batch
    guard let time = TimestampParser.stored(text, &state.pointee.dates) else {
      if state.pointee.refusesOtherForms { state.pointee.isGivenUp = true }
      return nil
    }
    guard let timestamps = batch.pointee.timestamps else { return nil }
    let count = batch.pointee.count
    var next = state.pointee.next
    if next < count, timestamps[next] == time {
      state.pointee.next = next + 1
      return next
    }
    // Elsewhere: the first row that is not before it.
    next = 0
    var end = count
    while next < end {
      let middle = next + (end - next) / 2
      if timestamps[middle] < time { next = middle + 1 } else { end = middle }
    }
    guard next < count, timestamps[next] == time else {
      state.pointee.next = next
      return nil
    }
    state.pointee.next = next + 1
    return next
  }

  /// False if the write is to stop, or the walk. Also makes room for the marks, at the first bar that is found.
  private func look() -> Bool {
    guard source.look() == SQLITE_OK else { return false }
    if let meetsAll {
      self.meetsAll = nil
      do throws(StoreError) { state.pointee.isGivenUp = try !meetsAll() } catch { source.failure = error }
      if state.pointee.isGivenUp || source.failure != nil { return false }
    }
    return source.makeRoomForMarks()
  }

  /// The features that a stored bar will have. Where the batch says nothing of them they stay, in the merger's memory.
  private func features(_ row: Int, _ stored: OpaquePointer?) throws(StoreError) -> Bytes? {
    let new = try source.features(row)
    switch change {
    case .merge: return try merger.merged(stored, new)
    case .replace: return new
    case .replaceWhereGiven: return new == nil ? try merger.merged(stored, nil) : new
    }
  }
}
