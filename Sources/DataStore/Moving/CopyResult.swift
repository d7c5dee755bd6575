// SPDX-License-Identifier: MIT

/// What a copy has done, as ``Store/copy(to:chunk:)`` gives it.
public struct CopyResult: Sendable, Equatable {
  /// Series that were looked at.
  public var series = 0
  /// Bars of these.
  public var bars = 0
  /// Of the bars those that the target had not, or with other values.
  public var barsWritten = 0
  /// Requests, and of them those that were written.
  public var requests = 0
  /// Requests that the target had not, or with other values.
  public var requestsWritten = 0
  /// State values.
  public var stateValues = 0
  /// State values that the target had not, or with another value or time.
  public var stateValuesWritten = 0
}
