// SPDX-License-Identifier: MIT
import CSQLite

/// `ds_bar_time(nanoseconds)`: the stored text of a live bar's time, or of a request's: where that is NULL, of now.
///
/// It is called by the statement that writes the row. Where that is its own transaction, nobody else can commit from there
/// on: so here is where rows of that instant in other forms are looked for. Where there are any the statement fails with
/// `.otherForm`, and has written nothing.
final class BarTime {
  private let source: BarSource
  /// It owns this, and outlives its use.
  @exclusivity(unchecked) private unowned(unsafe) var connection: StoreConnection?
  /// The row that is written, borrowed while the statement runs.
  @exclusivity(unchecked) private var row: (symbol: Bytes, timeframe: Bytes, instant: Int64)?
  @exclusivity(unchecked) private var looksForOtherForms = false
  /// It is a request, and no bar.
  @exclusivity(unchecked) private var isRequest = false
  /// The instant whose text was given last.
  @exclusivity(unchecked) private(set) var given: Int64 = 0

  init(_ source: BarSource) { self.source = source }

  func register(on connection: StoreConnection) throws(StoreError) {
    self.connection = connection
    let result = sqlite3_create_function_v2(
      connection.handle, "ds_bar_time", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
      Unmanaged.passUnretained(self).toOpaque(),
      { context, _, values in
        guard let values, let me = sqlite3_user_data(context) else { return }
        Unmanaged<BarTime>.fromOpaque(me)._withUnsafeGuaranteedRef {
          let isGiven = sqlite3_value_type(values[0]) != SQLITE_NULL
          $0.give(isGiven ? sqlite3_value_int64(values[0]) : Timestamp.now(), context)
        }
      }, nil, nil, nil)
    guard result == SQLITE_OK else {
      throw .sqlite(result, connection.handle, doing: "registering functions")
    }
  }

  /// Runs `body`, a statement over one bar.
  func giving(
    _ row: BorrowedRow, lookingForOtherForms: Bool, _ body: () throws(StoreError) -> Void
  ) throws(StoreError) {
    self.row = (row.symbol, row.timeframe, row.bar.timestamp)
    looksForOtherForms = lookingForOtherForms
    defer { self.row = nil }
    try body()
  }

  /// Runs `body`, a statement over one request, which is its own transaction.
  func givingRequest(
    _ symbol: Bytes, _ timeframe: Bytes, _ body: () throws(StoreError) -> Void
  ) throws(StoreError) {
    row = (symbol, timeframe, Timestamp.none)
    looksForOtherForms = true
    isRequest = true
    defer {
      row = nil
      isRequest = false
    }
    try body()
  }

  /// The bar that is written, as a message names it; nil outside of such a write.
  var place: String? {
    isRequest ? nil : row.map { BorrowedBatch.place($0.symbol, $0.timeframe, $0.instant, row: 0) }
  }

  private func give(_ instant: Int64, _ context: OpaquePointer?) {
    do throws(StoreError) {
      given = instant
      if looksForOtherForms, let row, let connection {
        let isFound =
          isRequest
          ? try connection.foreignRequests.mean(instant...instant, row.symbol, row.timeframe, connection)
          : try connection.foreignForms.mean(instant...instant, row.symbol, row.timeframe, connection)
        if isFound { throw .otherForm }
      }
      RawBatch.give(source.raw.pointee.text(of: instant), context)
    } catch {
      source.failure = error
      SQLFunctions.fail(context, error.message)
    }
  }
}
