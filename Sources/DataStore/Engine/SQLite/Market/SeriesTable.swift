// SPDX-License-Identifier: MIT
import Glibc

/// What is remembered of each series, found by the bytes of its name without making a key from them.
///
/// It grows with the number of series, up to a bound; from then on new ones replace others.
struct SeriesTable<Value> {
  private struct Place {
    /// Empty where the place is free.
    var symbol: [UInt8] = []
    var timeframe: [UInt8] = []
    var value: Value
  }

  private var places: [Place] = []
  private let free: Place
  private static var fewest: Int { 64 }
  private static var most: Int { 1 << 15 }
  /// Places that are looked at for one series.
  private static var tries: Int { 4 }
  /// Bytes of the longest names that are remembered.
  private static var longest: Int { 1024 }

  /// `empty` stands where nothing is remembered.
  init(empty: Value) { free = Place(value: empty) }

  /// Where a series' value is; nil if there is none.
  @inline(__always)
  func find(_ symbol: Bytes, _ timeframe: Bytes) -> Int? {
    guard !places.isEmpty else { return nil }
    var place = Self.hash(symbol, timeframe) & (places.count - 1)
    for _ in 0..<Self.tries {
      if isOf(place, symbol, timeframe) { return place }
      place = (place + 1) & (places.count - 1)
    }
    return nil
  }

  @inline(__always)
  private func isOf(_ place: Int, _ symbol: Bytes, _ timeframe: Bytes) -> Bool {
    places[place].symbol.withUnsafeBufferPointer { $0.equalsWord(symbol) }
      && places[place].timeframe.withUnsafeBufferPointer { $0.equalsWord(timeframe) }
  }

  /// The value at a place that `find` gave.
  @inline(__always)
  subscript(_ place: Int) -> Value {
    _read { yield places[place].value }
  }

  mutating func keep(_ value: Value, _ symbol: Bytes, _ timeframe: Bytes) {
    if let known = find(symbol, timeframe) {
      places[known].value = value
      return
    }
    // What is not remembered is found out again: nothing here is worth running out of memory for.
    guard symbol.count + timeframe.count <= Self.longest else { return }
    let entry = Place(symbol: Array(symbol), timeframe: Array(timeframe), value: value)
    if places.isEmpty {
      guard hasMemory(for: Self.fewest) else { return }
      places = Array(repeating: free, count: Self.fewest)
    }
    while !put(entry), places.count < Self.most, hasMemory(for: places.count * 2) {
      let old = places
      places = Array(repeating: free, count: old.count * 2)
      for kept in old where !kept.symbol.isEmpty { _ = put(kept) }
    }
    guard find(symbol, timeframe) == nil else { return }
    places[Self.hash(symbol, timeframe) & (places.count - 1)] = entry
  }

  /// Swift's own arrays end the process where there is no memory.
  private func hasMemory(for count: Int) -> Bool {
    guard let block = malloc(count * MemoryLayout<Place>.stride) else { return false }
    Glibc.free(block)
    return true
  }

  private mutating func put(_ entry: Place) -> Bool {
    let hash = entry.symbol.withUnsafeBufferPointer { symbol in
      entry.timeframe.withUnsafeBufferPointer { Self.hash(symbol, $0) }
    }
    for step in 0..<Self.tries {
      let place = (hash + step) & (places.count - 1)
      if places[place].symbol.isEmpty {
        places[place] = entry
        return true
      }
    }
    return false
  }

  @inline(__always)
  private static func hash(_ symbol: Bytes, _ timeframe: Bytes) -> Int {
    let hash = mixed(mixed(14_695_981_039_346_656_037, symbol), timeframe)
    return Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0x7fff_ffff)
  }

  /// FNV-1a by words, the last of which may overlap.
  @inline(__always)
  private static func mixed(_ hash: UInt64, _ text: Bytes) -> UInt64 {
    let prime: UInt64 = 1_099_511_628_211
    var hash = (hash ^ UInt64(truncatingIfNeeded: text.count)) &* prime
    guard let start = UnsafeRawPointer(text.baseAddress) else { return hash }
    if text.count >= 8 {
      var offset = 0
      while offset < text.count {
        let word = (start + min(offset, text.count - 8)).loadUnaligned(as: UInt64.self)
        hash = (hash ^ word) &* prime
        offset += 8
      }
    } else if text.count >= 4 {
      let first = UInt64(start.loadUnaligned(as: UInt32.self))
      let last = UInt64((start + text.count - 4).loadUnaligned(as: UInt32.self))
      hash = (hash ^ (first << 32 | last)) &* prime
    } else {
      for byte in text { hash = (hash ^ UInt64(byte)) &* prime }
    }
    // The low bits, which choose the place, are to depend on all of a word.
    return hash ^ hash >> 29
  }
}
