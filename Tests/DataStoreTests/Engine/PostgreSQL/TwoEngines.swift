// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// A store in a file and one on a server, which answer alike.
struct TwoEngines {
  let file: Store
  let server: Store

  /// Messages name the place, and what to do about it, so they differ.
  private struct Failure: Equatable {
    let error: StoreError

    static func == (left: Failure, right: Failure) -> Bool {
      let (left, right) = (left.error, right.error)
      return (left.code, left.row, left.key) == (right.code, right.row, right.key)
    }
  }

  /// What a call brings.
  private enum Outcome<Value: Equatable>: Equatable {
    case result(Value)
    case failure(Failure)

    init(_ body: () throws(StoreError) -> Value) {
      do throws(StoreError) {
        self = .result(try body())
      } catch {
        self = .failure(Failure(error: error))
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
