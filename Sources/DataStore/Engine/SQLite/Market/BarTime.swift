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
  /// Borrowed while the statement runs.
  @exclusivity(unchecked) private var series: (symbol: Bytes, timeframe: Bytes)?

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

  /// Runs `body`, a statement of its own over one bar of a series.
  func lookingForOtherForms(
    _ symbol: Bytes, _ timeframe: Bytes, _ body: () throws(StoreError) -> Void
  ) throws(StoreError) {
    series = (symbol, timeframe)
    defer { series = nil }
    try body()
  }

  private func give(_ instant: Int64, _ context: OpaquePointer?) {
    do throws(StoreError) {
      if let series, let connection,
        try connection.foreignForms.mean(instant...instant, series.symbol, series.timeframe, connection)
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
