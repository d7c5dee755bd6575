// SPDX-License-Identifier: MIT

/// A state value and when it was written, for a copy of it.
struct StateRecord {
  let key: String
  let json: String
  /// In nanoseconds since 1970-01-01T00:00:00Z.
  let updatedAt: Int64
}
