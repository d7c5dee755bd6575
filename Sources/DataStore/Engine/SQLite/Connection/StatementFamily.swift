// SPDX-License-Identifier: MIT

/// Statements are kept by number: the lower forty bits tell the variants of a family apart, the upper ones the families.
/// Two with the same number would be taken for each other.
enum StatementFamily: UInt64 {
  case upsert = 0
  case lastBounded
  case firstBounded
  case collected
  case collectedInWindow
  case latestBar
  case foreignForms
  case state
  case requests
  case schemaCookie
  case countedTexts
  case times

  /// The number of the family's first variant.
  @inline(__always)
  var first: UInt64 { rawValue << 40 }
}
