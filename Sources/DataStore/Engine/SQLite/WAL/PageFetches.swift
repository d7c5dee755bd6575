// SPDX-License-Identifier: MIT
import Glibc

/// The pages that a connection fetches once more, and how many it fetched in between: what a larger cache would spare it.
///
/// A page that is fetched again after `n` fetches would still have been in a cache with room for `n` pages. So a few
/// counts, by `n`, tell of each size how many fetches it would save, before any memory is spent on it.
///
/// Which page a frame of the WAL holds is known of those that the connection itself has written. Entries share places, and
/// a page that lost its place to another counts as new: it is an estimate, a little too low.
final class PageFetches {
  /// Counts are kept for distances of each power of two in quarters; what is beyond is not told apart.
  private static let counts = 4 * 17
  private static let places = 1 << 15
  private static let mostFrames = 1 << 14
  private static let beyondAll: UInt32 = 1 << 20

  private struct Fetch {
    var page: UInt32
    var number: UInt32
  }

  /// Whether fetches are counted. Nothing is kept before the first time, and little is done.
  private(set) var isCounting = false
  /// How many there were since `begin()`.
  private(set) var count = 0
  /// Bytes of the pages that were fetched; 0 before the first one.
  private(set) var pageSize = 0
  /// By the distance, see `place(of:)`.
  @exclusivity(unchecked) private var again = [Int](repeating: 0, count: PageFetches.counts)
  @exclusivity(unchecked) private var number: UInt32 = 0
  /// From calloc, which may refuse it.
  @exclusivity(unchecked) private var last: UnsafeMutablePointer<Fetch>?
  @exclusivity(unchecked) private var pagesOfFrames: UnsafeMutablePointer<UInt32>?

  deinit {
    free(last)
    free(pagesOfFrames)
  }

  /// Counts from here on, from nothing.
  func begin() {
    if last == nil {
      last = calloc(Self.places, MemoryLayout<Fetch>.stride)?
        .bindMemory(to: Fetch.self, capacity: Self.places)
    }
    if pagesOfFrames == nil {
      pagesOfFrames = calloc(Self.mostFrames, MemoryLayout<UInt32>.stride)?
        .bindMemory(to: UInt32.self, capacity: Self.mostFrames)
    }
    guard last != nil, pagesOfFrames != nil else { return }
    for place in again.indices { again[place] = 0 }
    count = 0
    // What was fetched meanwhile is not known.
    if !isCounting { number &+= Self.beyondAll }
    isCounting = true
  }

  func end() { isCounting = false }

  /// How many of the fetches a cache with room for so many pages would have saved.
  func saved(byPages pages: Int) -> Int {
    again[..<Self.place(of: UInt32(clamping: pages))].reduce(0, +)
  }

  /// The two bits behind the highest one, and its place: longer distances have later places.
  private static func place(of distance: UInt32) -> Int {
    guard distance >= 4 else { return Int(distance) }
    let bits = UInt32.bitWidth - 1 - distance.leadingZeroBitCount
    return min(4 * (bits - 1) + Int(distance >> UInt32(bits - 2) & 3), counts - 1)
  }

  // MARK: What the connection does

  /// A read of the database.
  @inline(__always)
  func noteRead(ofDatabase offset: Int64, _ bytes: Int32) {
    guard isCounting, bytes >= 512 else { return }
    note(UInt32(truncatingIfNeeded: offset / Int64(bytes)) &+ 1, Int(bytes))
  }

  /// A read of the WAL.
  @inline(__always)
  func noteRead(ofWAL offset: Int64, _ bytes: Int32) {
    guard isCounting, bytes >= 512, let frame = Self.frame(offset, Int(bytes)),
      let page = pagesOfFrames?[frame], page > 0
    else { return }
    note(page, Int(bytes))
  }

  /// A frame whose page is written at this place of the WAL.
  @inline(__always)
  func noteFrame(_ offset: Int64, _ bytes: Int, of page: UInt32) {
    guard isCounting, let frame = Self.frame(offset, bytes) else { return }
    pagesOfFrames?[frame] = page
  }

  /// https://sqlite.org/fileformat2.html#the_write_ahead_log
  private static func frame(_ offset: Int64, _ bytes: Int) -> Int? {
    let frame = (Int(offset) - 56) / (24 + bytes)
    return frame >= 0 && frame < mostFrames ? frame : nil
  }

  private func note(_ page: UInt32, _ bytes: Int) {
    guard let last else { return }
    pageSize = bytes
    count += 1
    number &+= 1
    // Fibonacci hashing: neighbours in the file are of neighbouring series.
    let place = Int((page &* 2_654_435_769) >> (32 - UInt32(Self.places.trailingZeroBitCount)))
    if last[place].page == page {
      again[Self.place(of: number &- last[place].number)] += 1
    }
    last[place] = Fetch(page: page, number: number)
  }
}
