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
