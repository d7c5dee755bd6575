// SPDX-License-Identifier: MIT

/// How far a read in chunks has come in a series.
struct ChunkPlace {
  /// The time of the last row, and how many rows of that time were: other tools may have written several.
  private var last: (instant: Int64, rows: Int)?

  /// The next rows of a read that begins at `read`.
  func part(of read: SeriesRead, limit: Int) -> SeriesRead {
    var part = read
    part.limit = limit
    if let last {
      part.range.start = last.instant
      part.skip = last.rows
    }
    return part
  }

  mutating func advance(over times: UnsafeBufferPointer<Int64>) {
    guard let instant = times.last else { return }
    var rows = 0
    while rows < times.count, times[times.count - 1 - rows] == instant { rows += 1 }
    if rows == times.count, let last, last.instant == instant { rows += last.rows }
    last = (instant, rows)
  }
}
