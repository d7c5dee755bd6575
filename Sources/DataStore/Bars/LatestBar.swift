// SPDX-License-Identifier: MIT

/// The fields of the latest bar, borrowed from the row that an engine is at.
package struct LatestBar {
  package let timestamp: Int64
  /// Open, high, low, close, volume, latency; NaN for NULL.
  package let doubles: (Double, Double, Double, Double, Double, Double)
  package let source: UnsafeBufferPointer<UInt8>?
  package let quality: UnsafeBufferPointer<UInt8>?
  package let isGap: Bool
  package let features: UnsafeBufferPointer<UInt8>?
}
