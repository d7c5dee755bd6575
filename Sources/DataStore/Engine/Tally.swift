// SPDX-License-Identifier: MIT

/// Findings of a check that are of one kind: a few of them with their places, and how many there are.
struct Tally {
  private static let shown = 10

  private let what: String
  private var places: [String] = []
  private var count = 0

  init(_ what: String) { self.what = what }

  mutating func add(_ place: String) {
    count += 1
    if places.count < Self.shown { places.append(place) }
  }

  func report(_ table: String, to texts: inout [String]) {
    guard count > 0 else { return }
    let more = count > places.count ? "; and \(count - places.count) more" : ""
    texts.append("\(table): \(count) \(what): \(places.joined(separator: "; "))\(more)")
  }
}
