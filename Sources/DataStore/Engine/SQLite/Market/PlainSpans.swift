// SPDX-License-Identifier: MIT

/// Where all texts of a series are in the stored form, by the times that are written in them, as of an edition.
struct PlainSpans {
  typealias Written = TimeForms.Written

  var edition: UInt32 = 0
  // In themselves, and so without memory of their own; the first is the latest.
  private var first = Written.none
  private var second = Written.none
  private var third = Written.none

  @inline(__always)
  func contain(_ span: Written) -> Bool {
    first.contains(span) || second.contains(span) || third.contains(span)
  }

  /// What is not known of a span, as far as that is one stretch.
  func rest(of span: Written) -> Written { span.without(first).without(second).without(third) }

  /// With one more, which takes in those that it touches.
  mutating func add(_ span: Written) {
    var all = span
    var others = (Written.none, Written.none)
    func take(_ known: Written) {
      if all.touches(known) {
        all = all.joined(known)
      } else if others.0.isNone {
        others.0 = known
      } else if others.1.isNone {
        others.1 = known
      }
    }
    take(first)
    take(second)
    take(third)
    first = all
    (second, third) = others
  }
}
