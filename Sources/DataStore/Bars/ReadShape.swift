// SPDX-License-Identifier: MIT

/// Which parts of the rows a read brings back.
package struct ReadShape {
  package typealias Features = FeatureMode

  package var columns: BarColumns
  package var features: Features
  /// nil: every key that is found, sorted.
  package var featureKeys: [String]?
  /// The first so many rows of the result; nil: all.
  package var limit: Int?
  /// Of features as columns: which there are, and neither values nor qualities.
  var takesKeysAlone = false

  package init(
    columns: BarColumns = .all, features: Features = .none, featureKeys: [String]? = nil, limit: Int? = nil
  ) {
    self.columns = columns.intersection(.all)
    self.features = features
    self.featureKeys = featureKeys
    self.limit = limit.map { min($0, Limits.rows) }
  }

  /// Whether the keys that are found decide on the columns.
  var takesAllKeys: Bool { (features == .values || features == .columns) && featureKeys == nil }

  func check() throws(StoreError) {
    if let limit, limit < 0 {
      throw .invalid("limit is \(limit); it must be 0 or more")
    }
    guard let featureKeys else { return }
    var seen: Set<ExactText> = []
    for key in featureKeys {
      var key = key
      if let reason = key.withUTF8({ FeatureKey.fault($0) }) {
        throw .invalid("feature key \(StoreError.quoted(key)): \(reason)", key: key)
      }
      guard seen.insert(ExactText(key)).inserted else {
        throw .invalid("feature key \(StoreError.quoted(key)) is asked for twice", key: key)
      }
    }
  }

  /// What is selected after the timestamp, in the order of the schema.
  var selected: BarColumns { features == .none ? columns : columns.union(.features) }
}

/// An inclusive range of time.
package struct TimeRange: Equatable {
  package var start: Int64?
  package var end: Int64?

  package init(start: Int64? = nil, end: Int64? = nil) {
    self.start = start
    self.end = end
  }

  package static let all = TimeRange()

  @inline(__always)
  func contains(_ instant: Int64) -> Bool {
    instant >= start ?? Int64.min && instant <= end ?? Int64.max
  }

  /// A bound given as text: ISO 8601, UTC where it names no offset. A bare date is its first nanosecond as a start
  /// and its last as an end. Instants beyond the range of the store bound nothing, or everything.
  package static func bound(_ text: UnsafeBufferPointer<UInt8>, isEnd: Bool) throws(StoreError) -> Int64 {
    switch TimestampParser.parse(text, dateIsItsEnd: isEnd) {
    case .instant(let instant, _): return instant
    case .beyondRange(let isLate): return isLate ? Int64.max : Int64.min + 1
    case .malformed:
      throw .invalid(
        "\(isEnd ? "end" : "start") \(StoreError.quoted(text.text)) is not an ISO 8601 time, such as 2026-03-01 or"
          + " 2026-03-01T15:00:00+00:00", key: isEnd ? "end" : "start")
    }
  }
}
