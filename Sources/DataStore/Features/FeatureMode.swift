// SPDX-License-Identifier: MIT

/// What a read brings back of the features.
package enum FeatureMode: Int32 {
  case none = 0
  /// The stored text, a row.
  case json = 1
  /// A column per key: values only.
  case values = 2
  /// A column per key: values and qualities.
  case columns = 3
}
