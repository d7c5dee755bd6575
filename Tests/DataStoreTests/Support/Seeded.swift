// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Random numbers that can be had again (splitmix64). Every run has a new seed; a failing test names it, and
/// putting that number into `fixed` repeats the run.
struct Seeded: RandomNumberGenerator, CustomStringConvertible {
  static let fixed: UInt64? = nil

  let seed: UInt64
  private var state: UInt64

  init() { self.init(seed: Self.fixed ?? UInt64.random(in: 0...UInt64.max)) }

  init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// True once in `n` times.
  mutating func oneIn(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &self) == 0 }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: elements.indices, using: &self)]
  }

  /// Any instant that can be stored, the interesting ones more often.
  mutating func instant() -> Int64 {
    let any = max(Int64(bitPattern: next()), Int64.min + 1)
    switch Int.random(in: 0..<5, using: &self) {
    case 0: return any / 1_000_000_000 * 1_000_000_000
    case 1: return any / 1_000 * 1_000
    case 2: return Int64.random(in: -2_000_000_000...2_000_000_000, using: &self)
    case 3: return any / 86_400_000_000_000 * 86_400_000_000_000 - (oneIn(2) ? 1 : 0)
    default: return any
    }
  }

  var description: String { "seed \(seed)" }
}
