// SPDX-License-Identifier: MIT

/// What comes of a stretch of the survey.
enum SurveyOutcome {
  case more
  /// All is known, or the rest is not to be known this way.
  case end
}

/// Of which series all texts are in the stored form, as of an edition: in the order of the index those before a place, or
/// all. See `IndexSurvey`.
struct SurveyedSeries {
  private(set) var edition: UInt32 = 0
  private(set) var isWhole = false
  /// Up to here all was looked at: symbol, timeframe and time, one behind the other; nothing was if it is empty.
  private(set) var key: [UInt8] = []
  private(set) var symbolBytes = 0
  private(set) var timeframeBytes = 0

  init() {}

  /// Up to an entry.
  init(_ edition: UInt32, upTo entry: IndexEntry) {
    self.edition = edition
    key = Array(entry.symbol) + Array(entry.timeframe) + Array(entry.timestamp)
    symbolBytes = entry.symbol.count
    timeframeBytes = entry.timeframe.count
  }

  /// All there are.
  init(whole edition: UInt32) {
    self.edition = edition
    isWhole = true
  }

  @inline(__always)
  func areAll(_ knowable: CommitLedger.Knowable) -> Bool {
    isWhole && knowable.holds(edition, isPlain: true)
  }

  /// Whether all texts of a series are among them.
  @inline(__always)
  func contain(_ symbol: Bytes, _ timeframe: Bytes, _ knowable: CommitLedger.Knowable) -> Bool {
    guard isWhole || !key.isEmpty, knowable.holds(edition, isPlain: true) else { return false }
    return isWhole || isBeforeEnd(symbol, timeframe)
  }

  /// The series of the last entry may have more of them.
  private func isBeforeEnd(_ symbol: Bytes, _ timeframe: Bytes) -> Bool {
    key.withUnsafeBufferPointer { key in
      let order = symbol.order(Bytes(rebasing: key[..<symbolBytes]))
      if order != 0 { return order < 0 }
      return timeframe.order(Bytes(rebasing: key[symbolBytes..<symbolBytes + timeframeBytes])) < 0
    }
  }
}
