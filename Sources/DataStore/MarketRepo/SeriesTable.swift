// SPDX-License-Identifier: MIT

/// What is remembered of each series, found by the bytes of its name without making a key of them.
///
/// It grows as long as series come in, up to a bound; from then on new ones take the places of others.
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

  /// `empty` stands where nothing is remembered.
  init(empty: Value) { free = Place(value: empty) }

  /// Where a series' value is; nil where there is none.
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
    let entry = Place(symbol: Array(symbol), timeframe: Array(timeframe), value: value)
    if places.isEmpty { places = Array(repeating: free, count: Self.fewest) }
    while !put(entry), places.count < Self.most {
      let old = places
      places = Array(repeating: free, count: old.count * 2)
      for kept in old where !kept.symbol.isEmpty { _ = put(kept) }
    }
    guard find(symbol, timeframe) == nil else { return }
    places[Self.hash(symbol, timeframe) & (places.count - 1)] = entry
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

  /// FNV-1a.
  @inline(__always)
  private static func hash(_ symbol: Bytes, _ timeframe: Bytes) -> Int {
    var hash: UInt32 = 2_166_136_261
    for byte in symbol { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    for byte in timeframe { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int(hash ^ hash >> 16)
  }
}
