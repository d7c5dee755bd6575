// SPDX-License-Identifier: MIT

/// Instants at which bars are expected, ascending and each once.
struct ExpectedTimes {
  private enum Times {
    /// From `first` on, one each `step` nanoseconds.
    case grid(first: Int64, step: UInt64)
    case listed(UnsafePointer<Int64>)
  }

  private let times: Times
  let count: Int64

  /// A regular grid from `start` to `end`, both included; nil if it has more instants than an int64 counts.
  init?(from start: Int64, to end: Int64, step: Int64) {
    times = .grid(first: start, step: UInt64(bitPattern: max(step, 1)))
    guard start <= end else {
      count = 0
      return
    }
    let steps = UInt64(bitPattern: end &- start) / UInt64(bitPattern: max(step, 1))
    guard steps < UInt64(Int64.max) else { return nil }
    count = Int64(steps) + 1
  }

  /// Those of a list that ascends strictly and lie between the bounds. The list outlives this.
  init(_ list: UnsafeBufferPointer<Int64>, within range: TimeRange) {
    func firstPlace(where isBehind: (Int64) -> Bool) -> Int {
      var (low, high) = (0, list.count)
      while low < high {
        let middle = low + (high - low) / 2
        if isBehind(list[middle]) { high = middle } else { low = middle + 1 }
      }
      return low
    }
    let begin = firstPlace { $0 >= range.start ?? .min }
    let end = range.end.map { last in firstPlace { $0 > last } } ?? list.count
    // Without an element it points to nothing.
    times = list.baseAddress.map { .listed($0 + begin) } ?? .grid(first: 0, step: 1)
    count = Int64(max(end - begin, 0))
  }

  /// The instant of a place below `count`.
  @inline(__always)
  subscript(_ place: Int64) -> Int64 {
    switch times {
    case .grid(let first, let step):
      Int64(bitPattern: UInt64(bitPattern: first) &+ UInt64(bitPattern: place) &* step)
    case .listed(let list): list[Int(place)]
    }
  }

  /// From the first to the last of them; nil if there are none.
  var range: TimeRange? { count > 0 ? TimeRange(start: self[0], end: self[count - 1]) : nil }

  /// The first place from `place` on whose instant is not before `instant`; `count` if there is none.
  func place(notBefore instant: Int64, from place: Int64) -> Int64 {
    guard place < count, self[place] < instant else { return place }
    switch times {
    case .grid(let first, let step):
      let (steps, remainder) = UInt64(bitPattern: instant &- first).quotientAndRemainder(dividingBy: step)
      let found = steps + (remainder == 0 ? 0 : 1)
      return found < UInt64(bitPattern: count) ? Int64(found) : count
    case .listed:
      // In leaps that grow: it is near, mostly.
      var (low, leap) = (place, Int64(1))
      while leap < count - low, self[low + leap] < instant {
        low += leap
        leap *= 2
      }
      var high = leap < count - low ? low + leap : count
      low += 1
      while low < high {
        let middle = low + (high - low) / 2
        if self[middle] < instant { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }
}
