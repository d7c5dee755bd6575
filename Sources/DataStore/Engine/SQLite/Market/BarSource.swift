// SPDX-License-Identifier: MIT
import CSQLite
import Glibc

/// A virtual table over a caller's columns: the rows of the current batch.
///
/// Bulk writes are one `INSERT … SELECT … FROM temp.ds_bars`. SQLite asks for each value and takes it
/// straight from the caller's memory: no bind and no step per row, which is 1.4 to 3 times faster
/// than a loop over a prepared statement. It is asked for as one of the temp schema, which has no other tables, so that no
/// table of the file can stand in for it (build.c: sqlite3LocateTable).
final class BarSource: ProgressMeasure {
  /// symbol, timeframe and timestamp come before the columns of a bar.
  static let keyColumns = 3

  let raw: UnsafeMutablePointer<RawBatch>
  private(set) var batch: BorrowedBatch?
  private var packer: FeaturePacker?
  private var packAhead: FeaturePackAhead?
  var failure: StoreError?
  /// Whether a walk looks for the rows that the file holds already. See `BarOverlap`.
  var isWalking = false

  private let interruption: Interruption
  private var metKeys = FeatureKeys()

  /// The keys of feature columns that were met so far, for the packer of the current call.
  var featureKeys: FeatureKeys {
    if metKeys.isLarge { metKeys = FeatureKeys() }
    return metKeys
  }

  /// `interruption` may ask a write to stop between two rows.
  init(_ interruption: Interruption) {
    self.interruption = interruption
    raw = .allocate(capacity: 1)
    raw.initialize(to: RawBatch())
  }

  deinit {
    raw.pointee.deallocate()
    raw.deallocate()
  }

  /// Lets the statements that `body` runs see `batch`.
  func provide(
    _ batch: BorrowedBatch, _ body: () throws(StoreError) -> Void
  ) throws(StoreError) {
    if batch.carriesFeatures {
      if FeaturePackAhead.isWorthwhile(batch.features, rows: batch.count) {
        packAhead = FeaturePackAhead(try batch.featurePacker(), rows: batch.count)
      }
      if packAhead == nil { packer = try batch.featurePacker(featureKeys) }
    }
    self.batch = batch
    failure = nil
    defer {
      self.batch = nil
      packer = nil
      packAhead?.end()
      packAhead = nil
      raw.pointee.count = 0
      forgetStored()
    }
    raw.pointee.take(batch)
    try body()
  }

  /// Lets `body`, an upsert of the batch, fail with `.missingBar` where it would insert a row.
  func refusingNewRows(
    _ connection: StoreConnection, _ body: () throws(StoreError) -> Void
  ) throws(StoreError) {
    raw.pointee.newRow = -1
    sqlite3_update_hook(
      connection.handle,
      { raw, operation, _, _, _ in
        guard operation == SQLITE_INSERT, let batch = raw?.assumingMemoryBound(to: RawBatch.self) else {
          return
        }
        if batch.pointee.newRow < 0 { batch.pointee.newRow = batch.pointee.row }
      }, raw)
    defer {
      sqlite3_update_hook(connection.handle, nil, nil)
      raw.pointee.newRow = -1
    }
    try body()
  }

  // MARK: Marks of the overlap pass

  /// Makes room to mark the rows that the file holds; none is marked at first. False if there is no memory.
  func makeRoomForMarks() -> Bool {
    guard raw.pointee.isStored == nil else { return true }
    guard let marks = calloc(raw.pointee.count, 1) else {
      failure = .noMemory(raw.pointee.count)
      return false
    }
    raw.pointee.isStored = marks.bindMemory(to: Bool.self, capacity: raw.pointee.count)
    return true
  }

  func forgetStored() {
    free(raw.pointee.isStored)
    raw.pointee.isStored = nil
  }

  // MARK: Failures

  func takeFailure() -> StoreError? {
    defer { failure = nil }
    return failure
  }

  /// The row that SQLite is working on.
  var row: Int { min(raw.pointee.row, max(raw.pointee.count - 1, 0)) }

  /// The bar that SQLite is working on, as a message names it; nil outside a write.
  var place: String? { batch?.place(row) }

  /// The rows that were taken: those that the file held, and those before the one that SQLite is working on.
  var progressSoFar: Int {
    guard batch != nil else { return 0 }
    guard let isStored = raw.pointee.isStored else { return isWalking ? 0 : row }
    var taken = 0
    for place in 0..<raw.pointee.count where isStored[place] || !isWalking && place < row { taken += 1 }
    return taken
  }

  // MARK: The table, as SQLite sees it

  fileprivate struct Table {
    var base = sqlite3_vtab()
    let raw: UnsafeMutablePointer<RawBatch>
    let source: Unmanaged<BarSource>
  }

  fileprivate struct Cursor {
    var base = sqlite3_vtab_cursor()
    let raw: UnsafeMutablePointer<RawBatch>
    let source: Unmanaged<BarSource>
  }

  /// Makes the table known to a connection, which owns this source and outlives its use.
  func register(on connection: StoreConnection) throws(StoreError) {
    let result = sqlite3_create_module_v2(
      connection.handle, "ds_bars", Self.module, Unmanaged.passUnretained(self).toOpaque(), nil)
    guard result == SQLITE_OK else {
      throw .sqlite(result, connection.handle, doing: "registering the bar source")
    }
  }

  /// One table of functions for all connections; never changed after it was made.
  private nonisolated(unsafe) static let module: UnsafePointer<sqlite3_module> = {
    let module = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
    module.initialize(to: sqlite3_module())
    // Without xCreate there is one table of the module's name, which is made when a statement first names it.
    module.pointee.xConnect = { database, context, _, _, out, _ in connect(database, context, out) }
    module.pointee.xDisconnect = disconnect
    module.pointee.xDestroy = disconnect
    module.pointee.xBestIndex = { _, plan in
      plan?.pointee.estimatedCost = 1e6
      plan?.pointee.estimatedRows = 1_000_000
      return SQLITE_OK
    }
    module.pointee.xOpen = { table, out in
      guard let table, let out else { return SQLITE_ERROR }
      let owner = UnsafeMutableRawPointer(table).assumingMemoryBound(to: Table.self)
      let cursor = UnsafeMutablePointer<Cursor>.allocate(capacity: 1)
      cursor.initialize(to: Cursor(raw: owner.pointee.raw, source: owner.pointee.source))
      out.pointee = UnsafeMutableRawPointer(cursor).assumingMemoryBound(to: sqlite3_vtab_cursor.self)
      return SQLITE_OK
    }
    module.pointee.xClose = { cursor in
      cursor.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: Cursor.self).deallocate() }
      return SQLITE_OK
    }
    module.pointee.xFilter = { cursor, _, _, _, _ in
      let batch = raw(cursor)
      batch.pointee.row = batch.pointee.nextNew(from: 0)
      return SQLITE_OK
    }
    module.pointee.xNext = { cursor in
      let batch = raw(cursor)
      let isLookDue = batch.pointee.row % rowsBetweenLooks == 0
      if isLookDue || batch.pointee.newRow >= 0 {
        let result = source(cursor)._withUnsafeGuaranteedRef { $0.look() }
        if result != SQLITE_OK { return result }
      }
      batch.pointee.row = batch.pointee.nextNew(from: batch.pointee.row + 1)
      return SQLITE_OK
    }
    module.pointee.xEof = { cursor in
      let batch = raw(cursor)
      return batch.pointee.row >= batch.pointee.count ? 1 : 0
    }
    module.pointee.xRowid = { cursor, out in
      out?.pointee = Int64(raw(cursor).pointee.row)
      return SQLITE_OK
    }
    module.pointee.xColumn = column
    return UnsafePointer(module)
  }()

  private static func connect(
    _ database: OpaquePointer?, _ context: UnsafeMutableRawPointer?,
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab>?>?
  ) -> Int32 {
    guard let context, let out else { return SQLITE_ERROR }
    let result = sqlite3_declare_vtab(
      database, "CREATE TABLE ds_bars(symbol, timeframe, timestamp, \(BarColumn.nameList))")
    guard result == SQLITE_OK else { return result }
    let source = Unmanaged<BarSource>.fromOpaque(context)
    let table = UnsafeMutablePointer<Table>.allocate(capacity: 1)
    table.initialize(to: Table(raw: source.takeUnretainedValue().raw, source: source))
    out.pointee = UnsafeMutableRawPointer(table).assumingMemoryBound(to: sqlite3_vtab.self)
    return SQLITE_OK
  }

  private static let disconnect: @convention(c) (UnsafeMutablePointer<sqlite3_vtab>?) -> Int32 = { table in
    table.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: Table.self).deallocate() }
    return SQLITE_OK
  }

  @inline(__always)
  private static func raw(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> UnsafeMutablePointer<
    RawBatch
  > {
    // SQLite passes what xOpen made, never NULL.
    UnsafeMutableRawPointer(cursor.unsafelyUnwrapped).assumingMemoryBound(to: Cursor.self).pointee.raw
  }

  private static func source(
    _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?
  ) -> Unmanaged<BarSource> {
    UnsafeMutableRawPointer(cursor.unsafelyUnwrapped).assumingMemoryBound(to: Cursor.self).pointee.source
  }

  static let rowsBetweenLooks = 256

  /// Whether the write may go on to the next row. SQLITE_ERROR, unlike SQLITE_INTERRUPT, takes back the statement alone.
  func look() -> Int32 {
    if raw.pointee.newRow >= 0 {
      failure = missingBar(raw.pointee.newRow)
      return SQLITE_ERROR
    }
    guard interruption.shouldStop() else { return SQLITE_OK }
    failure = .isInterrupted
    return SQLITE_ERROR
  }

  func missingBar(_ row: Int) -> StoreError { .missingBar(batch?.place(row) ?? "a bar", row: row) }

  private static var featuresPlace: Int32 { Int32(keyColumns + BarColumns.features.number) }

  private static let column:
    @convention(c) (UnsafeMutablePointer<sqlite3_vtab_cursor>?, OpaquePointer?, Int32) -> Int32 = {
      cursor, context, column in
      let batch = raw(cursor)
      let row = batch.pointee.row
      switch column {
      case 0: RawBatch.give(batch.pointee.symbol.text(row), context)
      case 1: RawBatch.give(batch.pointee.timeframe.text(row), context)
      case 2: batch.pointee.giveTimestamp(row, context)
      case featuresPlace: return source(cursor)._withUnsafeGuaranteedRef { $0.giveFeatures(row, context) }
      default: batch.pointee.give(Int(column) - keyColumns, row, context)
      }
      return SQLITE_OK
    }

  /// The features of a row as they are stored, valid until the next call; nil if it says nothing of features.
  func features(_ row: Int) throws(StoreError) -> Bytes? {
    do throws(FeaturePackFault) {
      if let packAhead { return try packAhead.text(row) }
      return try packer?.pack(row) ?? nil
    } catch {
      throw error.error { batch?.place($0) ?? "a bar" }
    }
  }

  private func giveFeatures(_ row: Int, _ context: OpaquePointer?) -> Int32 {
    do throws(StoreError) {
      RawBatch.give(try features(row), context)
      return SQLITE_OK
    } catch {
      failure = error
      return SQLITE_ERROR
    }
  }
}

extension StoreError {
  /// `place` names the bar.
  static func missingBar(_ place: String, row: Int) -> StoreError {
    StoreError(
      .missingBar,
      "\(place): there is no such bar to hold features. Nothing of the call was written; write the bar first, or drop the"
        + " row", row: row)
  }
}
