// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Two stores on one file: one takes the fast paths, the other goes through SQLite alone. What a caller sees is the same.
struct TwoWays {
  let fast: Store
  let plain: Store

  init(_ path: String) throws {
    fast = try Store(path, StoreOptions(durability: .normal, timeout: 5))
    plain = try Store(path, StoreOptions(durability: .normal, timeout: 5, usesFastPaths: false))
  }

  /// What a call brings: a result, or an error in a form that can be compared.
  enum Outcome<Value: Equatable>: Equatable {
    case result(Value)
    case failure(code: Int32, message: String)

    init(_ body: () throws(StoreError) -> Value) {
      do throws(StoreError) {
        self = .result(try body())
      } catch {
        self = .failure(code: error.code.rawValue, message: error.message)
      }
    }
  }

  /// Makes a call of both; returns what the plain store gives where they agree.
  @discardableResult
  func agree<Value: Equatable>(
    _ comment: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation,
    _ call: (Store) throws(StoreError) -> Value
  ) throws -> Outcome<Value> {
    let (found, expected) = (outcome(of: call, fast), outcome(of: call, plain))
    // In parentheses: a failure would print thousands of rows.
    try #require((found == expected), "\(comment())", sourceLocation: sourceLocation)
    return expected
  }

  private func outcome<Value: Equatable>(
    of call: (Store) throws(StoreError) -> Value, _ store: Store
  ) -> Outcome<Value> {
    Outcome { () throws(StoreError) in try call(store) }
  }
}

/// The rows that a read brought, in a form that can be compared to the bit.
struct ReadRows: Equatable {
  let times: [Int64]
  let numbers: [[UInt64]]
  let texts: [[String?]]
  let gaps: [Bool]
  let features: [String?]

  init(_ bars: Bars) {
    times = bars.timestamps
    numbers = [bars.open, bars.high, bars.low, bars.close, bars.volume, bars.latencySec].map { column in
      column.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern }
    }
    texts = [bars.source, bars.quality]
    gaps = bars.isGap
    features = (0..<bars.count).map { bars.featuresJSON($0) }
  }
}

extension Store {
  /// The hourly bars of a symbol with the JSON of their features.
  func rows(_ symbol: String, _ range: TimeRange = .all) throws(StoreError) -> ReadRows {
    ReadRows(try market.read([symbol], "1h", range, ReadShape(features: .json)))
  }
}
