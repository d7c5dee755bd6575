// SPDX-License-Identifier: MIT

/// Where all texts of a series are in the stored form, by the times that are written in them, as of an edition.
struct PlainSpans {
  typealias Written = TimeForms.Written

  var edition: UInt32 = 0
  // In itself, and so without memory of its own; the first is the latest.
  private var first: Written?
  private var second: Written?
  private var third: Written?

  @inline(__always)
  func contain(_ span: Written) -> Bool {
    if let first, first.contains(span) { return true }
    if let second, second.contains(span) { return true }
    if let third, third.contains(span) { return true }
    return false
  }

  /// What is not known of a span, as far as that is one stretch.
  func rest(of span: Written) -> Written {
    var rest = span
    for known in [first, second, third] {
      if let known { rest = rest.without(known) }
    }
    return rest
  }

  /// With one more, which takes in those that it touches.
  mutating func add(_ span: Written) {
    var all = span
    var others: (Written?, Written?)
    for known in [first, second, third] {
      guard let known else { continue }
      if all.touches(known) {
        all = all.joined(known)
      } else if others.0 == nil {
        others.0 = known
      } else if others.1 == nil {
        others.1 = known
      }
    }
    first = all
    (second, third) = others
  }
}
