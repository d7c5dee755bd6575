// SPDX-License-Identifier: MIT

/// How a range of bars was obtained. Times are nanoseconds since 1970-01-01T00:00:00Z.
public struct MarketRequest: Sendable, Equatable {
  /// The series' symbol.
  public var symbol: String
  /// The series' timeframe.
  public var timeframe: String
  /// When it was made. nil when recording: now, or the next microsecond that is free.
  public var requestedAt: Int64?
  /// First instant that was asked for.
  public var start: Int64
  /// Last instant that was asked for.
  public var end: Int64
  /// The provider that answered.
  public var providerUsed: String
  /// Whether that provider was not the first choice.
  public var fallbackUsed = false
  /// How much of the range came, from 0 to 1; nil is NULL.
  public var coverageRatio: Double?
  /// How many bars are missing; nil is NULL.
  public var gapCount: Int64?
  /// How good the answer is, in its producer's words; nil is NULL.
  public var quality: String?
  /// Anything else; nil is NULL.
  public var notes: String?

  /// A request with the fields that are required.
  public init(
    symbol: String, timeframe: String, requestedAt: Int64? = nil, start: Int64, end: Int64,
    providerUsed: String
  ) {
    self.symbol = symbol
    self.timeframe = timeframe
    self.requestedAt = requestedAt
    self.start = start
    self.end = end
    self.providerUsed = providerUsed
  }
}

/// The same in the caller's memory.
package struct BorrowedRequest {
  package var symbol, timeframe, providerUsed: UnsafeBufferPointer<UInt8>
  package var requestedAt: Int64?
  package var start, end: Int64
  package var fallbackUsed = false
  package var coverageRatio: Double?
  package var gapCount: Int64?
  package var quality, notes: UnsafeBufferPointer<UInt8>?

  package init(
    symbol: UnsafeBufferPointer<UInt8>, timeframe: UnsafeBufferPointer<UInt8>, requestedAt: Int64?,
    start: Int64, end: Int64, providerUsed: UnsafeBufferPointer<UInt8>
  ) {
    self.symbol = symbol
    self.timeframe = timeframe
    self.providerUsed = providerUsed
    self.requestedAt = requestedAt
    self.start = start
    self.end = end
  }

  /// Whether it keeps all rules. Of one that does not, `MarketRepo.record` tells which it breaks.
  package var keepsRules: Bool {
    BorrowedRow.isName(symbol) && BorrowedRow.isName(timeframe)
      && requestedAt != Timestamp.none && start != Timestamp.none && end != Timestamp.none
      && Self.isText(providerUsed) && Self.isText(quality) && Self.isText(notes)
  }

  private static func isText(_ text: Bytes?) -> Bool {
    text.map { $0.count <= Limits.textBytes && $0.isValidUTF8 && !$0.contains(0) } ?? true
  }
}

extension MarketRequest {
  /// Lends it to `body`.
  func borrowed<Result>(
    _ body: (BorrowedRequest) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let texts = [symbol, timeframe, providerUsed, quality ?? "", notes ?? ""]
    let block = texts.flatMap { Array($0.utf8) }
    // One block: pointers into several arrays at once are not to be had.
    return try block.withUnsafeBufferPointer { block throws(StoreError) in
      var start = 0
      let pieces = texts.map { text in
        defer { start += text.utf8.count }
        return Bytes(rebasing: block[start..<start + text.utf8.count])
      }
      var request = BorrowedRequest(
        symbol: pieces[0], timeframe: pieces[1], requestedAt: requestedAt, start: self.start, end: end,
        providerUsed: pieces[2])
      request.fallbackUsed = fallbackUsed
      request.coverageRatio = coverageRatio
      request.gapCount = gapCount
      request.quality = quality == nil ? nil : pieces[3]
      request.notes = notes == nil ? nil : pieces[4]
      return try body(request)
    }
  }
}

extension MarketRequest {
  /// Texts are equal where their bytes are.
  public static func == (left: MarketRequest, right: MarketRequest) -> Bool {
    left.texts == right.texts && left.fallbackUsed == right.fallbackUsed
      && (left.requestedAt, left.start, left.end) == (right.requestedAt, right.start, right.end)
      && (left.coverageRatio, left.gapCount) == (right.coverageRatio, right.gapCount)
  }

  private var texts: [ExactText?] {
    [symbol, timeframe, providerUsed, quality, notes].map { $0.map(ExactText.init) }
  }
}
