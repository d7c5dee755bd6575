// SPDX-License-Identifier: MIT

/// One series' part of a read.
struct SeriesRead {
  let key: SeriesKey
  var range: TimeRange
  /// The first so many rows, or with `isFromEnd` the last.
  var limit: Int?
  /// Rows at the front that are left out.
  var skip = 0
  var isFromEnd = false
}
