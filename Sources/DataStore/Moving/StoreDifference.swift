// SPDX-License-Identifier: MIT

/// Something in which two stores differ, as ``Store/differences(from:limit:chunk:)`` finds it: a bar, a request or a state
/// value that only one of them has, or a column of it that has two values.
public struct StoreDifference: Sendable {
  /// What differs.
  public enum Part: Int32, Sendable {
    /// A bar.
    case bar = 0
    /// A request.
    case request = 1
    /// A state value.
    case state = 2
  }

  /// How it differs.
  public enum Kind: Int32, Sendable {
    /// Both have it, with different values of ``StoreDifference/column``.
    case value = 0
    /// Only the store that was asked has it.
    case onlyHere = 1
    /// Only the other one has it.
    case onlyThere = 2
  }

  /// What differs.
  public let part: Part
  /// How it differs.
  public let kind: Kind
  /// The symbol; nil for a state value.
  public var symbol: String?
  /// The timeframe; nil for a state value.
  public var timeframe: String?
  /// The bar's time, or when the request was made, in nanoseconds since 1970-01-01T00:00:00Z; nil for a state value.
  public var time: Int64?
  /// The key of a state value; else nil.
  public var key: String?
  /// The column that differs; nil if only one of the stores has the bar, the request or the key.
  public var column: String?
  /// The value in the store that was asked: numbers in their shortest form that reads back to the same bits, times as ISO
  /// 8601 text, features and state values as JSON. nil for NULL, and where ``column`` is nil.
  public var here: String?
  /// The value in the other store, likewise.
  public var there: String?

  init(_ part: Part, _ kind: Kind) {
    self.part = part
    self.kind = kind
  }

  /// As ``StoreDifference/column`` of both has a value.
  func with(_ column: StaticString, _ here: String?, _ there: String?) -> StoreDifference {
    var difference = self
    difference.column = "\(column)"
    difference.here = here
    difference.there = there
    return difference
  }
}

extension StoreDifference: CustomStringConvertible {
  /// A sentence, such as "EURUSD 1h 2026-03-01T15:00:00+00:00: close is 1.5 here and 1.6 there".
  public var description: String {
    switch kind {
    case .onlyHere: "\(place): it is here and not there"
    case .onlyThere: "\(place): it is there and not here"
    case .value: "\(place): \(column ?? "it") is \(Self.shown(here)) here and \(Self.shown(there)) there"
    }
  }

  private var place: String {
    switch part {
    case .bar: series
    case .request: "the request for \(series)"
    case .state: "state key \(StoreError.quoted(key ?? ""))"
    }
  }

  private var series: String {
    "\(symbol ?? "") \(timeframe ?? "") \(time.map { Timestamp.text($0) } ?? "")"
  }

  private static func shown(_ text: String?) -> String {
    guard let text else { return "NULL" }
    let shown = text.unicodeScalars.prefix(200)
    return String(shown) + (shown.endIndex < text.unicodeScalars.endIndex ? "…" : "")
  }
}

/// Findings, up to as many as are wanted.
struct Findings {
  let limit: Int
  private(set) var list: [StoreDifference] = []

  init(limit: Int) { self.limit = limit }

  var isFull: Bool { list.count >= limit }

  mutating func add(_ difference: StoreDifference) {
    if !isFull { list.append(difference) }
  }
}
