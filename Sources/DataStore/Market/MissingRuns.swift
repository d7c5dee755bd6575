// SPDX-License-Identifier: MIT

/// A run of expected bars that are not stored: none of the instants between its ends at which one is expected has one.
public struct MissingRun: Sendable, Equatable {
  /// The first expected instant without a bar, in nanoseconds since 1970-01-01T00:00:00Z.
  public let start: Int64
  /// The last one.
  public let end: Int64
  /// How many expected instants there are from the one to the other.
  public let bars: Int64
}

/// The runs of expected instants at which no bar is stored, as columns.
///
/// Times of bars come in their order, and each is looked up among those expected. So neither the bars nor what is expected
/// takes memory, but for the runs.
package final class MissingRuns: TimesTaker {
  private let expected: ExpectedTimes
  @exclusivity(unchecked) private var columns = Columns()
  /// The first place whose instant has no bar so far.
  @exclusivity(unchecked) private var open: Int64 = 0
  /// No instant before this place has a bar that is still to come.
  @exclusivity(unchecked) private var place: Int64 = 0

  private struct Columns: ~Copyable {
    var starts = ColumnBuffer<Int64>()
    var ends = ColumnBuffer<Int64>()
    var bars = ColumnBuffer<Int64>()
  }

  init(_ expected: ExpectedTimes) { self.expected = expected }

  package var starts: UnsafeBufferPointer<Int64> { columns.starts.elements }
  package var ends: UnsafeBufferPointer<Int64> { columns.ends.elements }
  package var bars: UnsafeBufferPointer<Int64> { columns.bars.elements }

  /// Copies of them.
  var list: [MissingRun] {
    starts.indices.map { MissingRun(start: starts[$0], end: ends[$0], bars: bars[$0]) }
  }

  func restart() {
    columns = Columns()
    (open, place) = (0, 0)
  }

  func take(_ times: UnsafeBufferPointer<Int64>) {
    // In variables of their own: it is gone through once per bar.
    var (open, place) = (open, place)
    let count = expected.count
    for instant in times {
      guard place < count else { break }
      var next = expected[place]
      if next < instant {
        place = expected.place(notBefore: instant, from: place)
        guard place < count else { break }
        next = expected[place]
      }
      // One at which none is expected.
      guard next == instant else { continue }
      if open < place { close(open, place) }
      place += 1
      open = place
    }
    (self.open, self.place) = (open, place)
  }

  func end() {
    if open < expected.count { close(open, expected.count) }
    open = expected.count
  }

  private func close(_ first: Int64, _ end: Int64) {
    columns.starts.append(expected[first])
    columns.ends.append(expected[end - 1])
    columns.bars.append(end - first)
  }
}
