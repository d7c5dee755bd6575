// SPDX-License-Identifier: MIT
import CSQLite

/// `ds_merge_features(stored, new)`: what an upsert leaves in the features column; `ds_nanoseconds(symbol, timeframe,
/// timestamp)`: the instant of a timestamp in any form; `ds_is_foreign(timestamp)`: whether it is in another form than ours.
final class FeatureMerging {
  private var merger = FeatureMerger()
  private var failure: StoreError?
  /// Names the bar that SQLite is working on.
  private unowned var connection: StoreConnection?

  func takeFailure() -> StoreError? {
    defer { failure = nil }
    return failure
  }

  func register(on connection: StoreConnection) throws(StoreError) {
    self.connection = connection
    let me = Unmanaged.passUnretained(self).toOpaque()
    var result = sqlite3_create_function_v2(
      connection.handle, "ds_merge_features", 2, SQLFunctions.flags, me,
      { context, _, values in
        guard let values, let me = sqlite3_user_data(context) else { return }
        Unmanaged<FeatureMerging>.fromOpaque(me).takeUnretainedValue().merge(context, values[0], values[1])
      }, nil, nil, nil)
    if result == SQLITE_OK {
      result = sqlite3_create_function_v2(
        connection.handle, "ds_nanoseconds", 3, SQLFunctions.flags, me,
        { context, _, values in
          guard let values, let me = sqlite3_user_data(context) else { return }
          Unmanaged<FeatureMerging>.fromOpaque(me).takeUnretainedValue().nanoseconds(context, values)
        }, nil, nil, nil)
    }
    if result == SQLITE_OK {
      result = sqlite3_create_function_v2(
        connection.handle, "ds_is_foreign", 1, SQLFunctions.flags, nil,
        { context, _, values in
          guard let values else { return }
          let isStored =
            sqlite3_value_type(values[0]) == SQLITE_TEXT
            && TimestampParser.stored(SQLFunctions.textAsItLies(values[0])) != nil
          sqlite3_result_int(context, isStored ? 0 : 1)
        }, nil, nil, nil)
    }
    guard result == SQLITE_OK else {
      throw .sqlite(result, connection.handle, doing: "registering functions")
    }
  }

  private func merge(_ context: OpaquePointer?, _ stored: OpaquePointer?, _ new: OpaquePointer?) {
    if sqlite3_value_type(new) == SQLITE_NULL { return sqlite3_result_value(context, stored) }
    do throws(StoreError) {
      RawBatch.give(try merged(stored, SQLFunctions.bytes(new)), context)
    } catch {
      fail(context, error)
    }
  }

  /// What `stored` becomes with `new` merged into it; nil is NULL. Valid until the next call, and as long as `new`.
  func merged(_ stored: OpaquePointer?, _ new: Bytes?) throws(StoreError) -> Bytes? {
    switch sqlite3_value_type(stored) {
    case SQLITE_NULL: return new
    case SQLITE_TEXT: break
    default: throw .corrupt(storedFault("they are not text"))
    }
    let text = SQLFunctions.textAsItLies(stored)
    do throws(FeatureMerger.Fault) {
      guard let new else { return try merger.kept(text) }
      return try merger.merge(stored: text, new: new)
    } catch {
      switch error {
      case .stored(let fault):
        let key = fault.key.map { " (key \(StoreError.quoted($0)))" } ?? ""
        throw .corrupt(storedFault(fault.reason + key))
      case .noMemory: throw .noMemory()
      case .new(let fault): throw StoreError(.internalError, "packed features: \(fault.reason)")
      }
    }
  }

  private func storedFault(_ reason: String) -> String {
    "\(connection?.source.place ?? connection?.barTime.place ?? "a bar"): its stored features are damaged: \(reason). They were left as they"
      + " are, nothing of the call was written. Write them with replace, or fix them with an SQLite tool"
  }

  private func nanoseconds(_ context: OpaquePointer?, _ values: UnsafeMutablePointer<OpaquePointer?>) {
    let text = SQLFunctions.bytes(values[2])
    let isText = sqlite3_value_type(values[2]) == SQLITE_TEXT
    if isText, case .instant(let instant, _) = TimestampParser.parse(text) {
      return sqlite3_result_int64(context, instant)
    }
    let series = "\(SQLFunctions.bytes(values[0]).text) \(SQLFunctions.bytes(values[1]).text)"
    fail(context, .corruptTime(isText ? TimestampParser.parse(text) : nil, text, of: series))
  }

  private func fail(_ context: OpaquePointer?, _ error: StoreError) {
    failure = error
    SQLFunctions.fail(context, error.message)
  }
}

extension StoreError {
  /// A stored time that is not one, or that cannot be read as one. `outcome` is nil if it is not text at all.
  static func corruptTime(_ outcome: TimestampParser.Outcome?, _ text: Bytes, of series: String) -> StoreError
  {
    let remedy = "Delete or fix the row with an SQLite tool; check() lists such rows"
    let shown = "\(series): the stored timestamp \(quoted(text.text))"
    switch outcome {
    case nil: return .corrupt("\(shown) is not text. \(remedy)")
    case .beyondRange:
      return .corrupt(
        "\(shown) lies outside 1677-09-21 to 2262-04-11, which int64 nanoseconds can hold. \(remedy)")
    default: return .corrupt("\(shown) is not an ISO 8601 time. \(remedy)")
    }
  }
}
