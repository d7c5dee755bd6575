// SPDX-License-Identifier: MIT
import CSQLite

/// `ds_bar_time(nanoseconds)`: the stored text of a live bar's time.
///
/// It is called by the statement that writes the bar. Where that is its own transaction, nobody else can commit from there
/// on: so here is where rows of that instant in other forms are looked for. Where there are any the statement fails with
/// `.otherForm`, and has written nothing.
final class BarTime {
  private let source: BarSource
  /// It owns this, and outlives its use.
  @exclusivity(unchecked) private unowned(unsafe) var connection: StoreConnection?
  /// The bar that is written, borrowed while the statement runs.
  @exclusivity(unchecked) private var row: (symbol: Bytes, timeframe: Bytes, instant: Int64)?
  @exclusivity(unchecked) private var looksForOtherForms = false

  init(_ source: BarSource) { self.source = source }

  func register(on connection: StoreConnection) throws(StoreError) {
    self.connection = connection
    let result = sqlite3_create_function_v2(
      connection.handle, "ds_bar_time", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
      Unmanaged.passUnretained(self).toOpaque(),
      { context, _, values in
        guard let values, let me = sqlite3_user_data(context) else { return }
        Unmanaged<BarTime>.fromOpaque(me)._withUnsafeGuaranteedRef {
          $0.give(sqlite3_value_int64(values[0]), context)
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

  /// The bar that is written, as a message names it; nil outside of such a write.
  var place: String? {
    row.map { BorrowedBatch.place($0.symbol, $0.timeframe, $0.instant, row: 0) }
  }

  private func give(_ instant: Int64, _ context: OpaquePointer?) {
    do throws(StoreError) {
      if looksForOtherForms, let row, let connection,
        try connection.foreignForms.mean(instant...instant, row.symbol, row.timeframe, connection)
      {
        throw .otherForm
      }
      RawBatch.give(source.raw.pointee.text(of: instant), context)
    } catch {
      source.failure = error
      SQLFunctions.fail(context, error.message)
    }
  }
}
