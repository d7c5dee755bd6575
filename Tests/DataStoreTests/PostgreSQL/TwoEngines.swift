// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// A store in a file and one on a server, which answer alike.
struct TwoEngines {
  let file: Store
  let server: Store

  /// What a call brings. Messages name the place, and what to do about it, so they differ.
  private enum Outcome<Value: Equatable>: Equatable {
    case result(Value)
    case failure(code: Int32, row: Int?, key: String?)

    init(_ body: () throws(StoreError) -> Value) {
      do throws(StoreError) {
        self = .result(try body())
      } catch {
        self = .failure(code: error.code.rawValue, row: error.row, key: error.key)
      }
    }
  }

  /// Makes a call of both.
  func agree<Value: Equatable>(
    _ comment: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation,
    _ call: (Store) throws(StoreError) -> Value
  ) throws {
    let found = Outcome { () throws(StoreError) in try call(server) }
    let expected = Outcome { () throws(StoreError) in try call(file) }
    guard found != expected else { return }
    // Cut short: thousands of rows would be printed.
    let told = "\("\(found)".prefix(2_000)) instead of \("\(expected)".prefix(2_000))"
    try #require(Bool(false), "\(comment()): \(told)", sourceLocation: sourceLocation)
  }
}
