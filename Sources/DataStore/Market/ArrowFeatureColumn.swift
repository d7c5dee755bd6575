// SPDX-License-Identifier: MIT

extension ArrowStream.Column {
  /// A feature with its qualities: a struct of `value` (float64, NaN is null) and `quality`; null in rows that have no
  /// quality, which have no such entry.
  public static func feature(_ key: String, _ values: [Double], qualities: [FeatureQuality?]) -> Self {
    Self(key, .entries(values, qualities.map { $0?.word }))
  }
}
