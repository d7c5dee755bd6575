// SPDX-License-Identifier: MIT
import Glibc

/// What is remembered of each series, found by the bytes of its name without making a key from them.
///
/// It grows with the number of series, up to a bound; from then on new ones replace others.
struct SeriesTable<Value>: ~Copyable {
  private struct Place {
    /// Symbol and timeframe, one behind the other, in a block of their own; nil where the place is free.
    var names: UnsafeMutablePointer<UInt8>?
    var hash: UInt32
    var symbolBytes: UInt16
    var timeframeBytes: UInt16
    var value: Value
  }

  private var places: UnsafeMutablePointer<Place>?
  private var count = 0
  private let empty: Value
  private static var fewest: Int { 64 }
  private static var most: Int { 1 << 18 }
  /// Places that are looked at for one series.
  private static var tries: Int { 4 }
  /// Bytes of the longest names that are remembered.
  private static var longest: Int { 1024 }

  /// `empty` stands where nothing is remembered.
  init(empty: Value) { self.empty = empty }

  deinit {
    guard let places else { return }
    for place in 0..<count { free(places[place].names) }
    places.deinitialize(count: count)
    free(places)
  }

  /// Where a series' value is; nil if there is none.
  @inline(__always)
  func find(_ symbol: Bytes, _ timeframe: Bytes) -> Int? {
    guard let places else { return nil }
    let hash = Self.hash(symbol, timeframe)
    var place = Int(hash) & (count - 1)
    for _ in 0..<Self.tries {
      if places[place].hash == hash, isOf(places + place, symbol, timeframe) { return place }
      place = (place + 1) & (count - 1)
    }
    return nil
  }

  @inline(__always)
  private func isOf(_ place: UnsafeMutablePointer<Place>, _ symbol: Bytes, _ timeframe: Bytes) -> Bool {
    guard let names = place.pointee.names else { return false }
    let symbolBytes = Int(place.pointee.symbolBytes)
    return Bytes(start: names, count: symbolBytes).equalsWord(symbol)
      && Bytes(start: names + symbolBytes, count: Int(place.pointee.timeframeBytes)).equalsWord(timeframe)
  }

  /// The value at a place that `find` gave.
  @inline(__always)
  subscript(_ place: Int) -> Value {
    _read { yield places.unsafelyUnwrapped[place].value }
  }

  mutating func keep(_ value: Value, _ symbol: Bytes, _ timeframe: Bytes) {
    if let places, let known = find(symbol, timeframe) {
      places[known].value = value
      return
    }
    // What is not remembered is found out again: nothing here is worth running out of memory for.
    let bytes = symbol.count + timeframe.count
    guard bytes <= Self.longest, places != nil || grow(to: Self.fewest),
      let names = malloc(max(bytes, 1))?.assumingMemoryBound(to: UInt8.self)
    else { return }
    if let start = symbol.baseAddress { names.update(from: start, count: symbol.count) }
    if let start = timeframe.baseAddress {
      (names + symbol.count).update(from: start, count: timeframe.count)
    }
    let hash = Self.hash(symbol, timeframe)
    while freePlace(hash) == nil, count < Self.most, grow(to: count * 2) {}
    guard let places else { return free(names) }
    let place = freePlace(hash) ?? Int(hash) & (count - 1)
    free(places[place].names)
    places[place] = Place(
      names: names, hash: hash, symbolBytes: UInt16(truncatingIfNeeded: symbol.count),
      timeframeBytes: UInt16(truncatingIfNeeded: timeframe.count), value: value)
  }

  private func freePlace(_ hash: UInt32) -> Int? {
    guard let places else { return nil }
    for step in 0..<Self.tries {
      let place = (Int(hash) + step) & (count - 1)
      if places[place].names == nil { return place }
    }
    return nil
  }

  /// False where there is no memory. Of series that would stand in one place, one goes.
  private mutating func grow(to larger: Int) -> Bool {
    let stride = MemoryLayout<Place>.stride
    guard let block = malloc(larger * stride) else { return false }
    let old = places
    let oldCount = count
    let new = block.bindMemory(to: Place.self, capacity: larger)
    new.initialize(
      repeating: Place(names: nil, hash: 0, symbolBytes: 0, timeframeBytes: 0, value: empty), count: larger)
    (places, count) = (new, larger)
    guard let old else { return true }
    for place in 0..<oldCount where old[place].names != nil {
      guard let free = freePlace(old[place].hash) else {
        Glibc.free(old[place].names)
        continue
      }
      swap(&new[free], &old[place])
    }
    old.deinitialize(count: oldCount)
    free(old)
    return true
  }

  @inline(__always)
  private static func hash(_ symbol: Bytes, _ timeframe: Bytes) -> UInt32 {
    SeriesKeyHash.of(symbol, timeframe)
  }
}

/// What tables of series are ordered by.
enum SeriesKeyHash {
  @inline(__always)
  static func of(_ symbol: Bytes, _ timeframe: Bytes) -> UInt32 {
    let hash = mixed(mixed(14_695_981_039_346_656_037, symbol), timeframe)
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
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
