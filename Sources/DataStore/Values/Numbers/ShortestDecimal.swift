// SPDX-License-Identifier: MIT

/// The shortest decimal that reads back to a double, and of those the nearest: `digits · 10^exponent`.
///
/// The method is Raffaello Giulietti's Schubfach ("The Schubfach way to render doubles", 2020): the interval of reals
/// that round to the double is scaled by a power of ten to integers, where at most four candidates lie.
struct ShortestDecimal {
  /// At most 17 digits, not ending in zero (unless it is 0).
  let digits: UInt64
  let exponent: Int

  /// `value` is finite; its sign does not count.
  @inline(__always)
  init(_ value: Double) {
    let bits = value.bitPattern
    let fraction = bits & 0xF_FFFF_FFFF_FFFF
    let biased = Int(bits >> 52 & 0x7FF)
    if biased == 0, fraction == 0 {
      self.init(digits: 0, exponent: 0)
      return
    }
    // value = significand · 2^scale
    let significand = biased == 0 ? fraction : fraction | 1 << 52
    let scale = biased == 0 ? -1074 : biased - 1075
    if scale <= 0, scale > -53, significand & ((1 << UInt64(-scale)) - 1) == 0 {
      // A whole number below 2^53 is its own shortest decimal, once its zeros are gone.
      self.init(significand >> UInt64(-scale), 0)
      return
    }
    self.init(significand, scale, isLowerNeighbourCloser: fraction == 0 && biased > 1)
  }

  private init(_ significand: UInt64, _ scale: Int, isLowerNeighbourCloser: Bool) {
    // The bounds of the interval belong to it where round-half-even prefers this double.
    let excluded: UInt64 = significand & 1
    let left = 4 &* significand &- (isLowerNeighbourCloser ? 1 : 2)
    let middle = 4 &* significand
    let right = 4 &* significand &+ 2
    // floor(log10(2^scale)), or of 3/4 of it
    let power = (scale * 1_262_611 - (isLowerNeighbourCloser ? 524_031 : 0)) >> 22
    let shift = UInt64(truncatingIfNeeded: scale + PowersOfTen.binaryExponent(-power) + 1)
    let isExact = -power >= 0 && -power <= PowersOfTen.largestExact
    let high = PowersOfTen.high(-power)
    let low = PowersOfTen.low(-power) &+ (isExact ? 0 : 1)
    let highCarry: UInt64 = !isExact && low == 0 ? 1 : 0
    let scaled = Self.roundToOdd(middle << shift, high &+ highCarry, low)
    let lower = Self.roundToOdd(left << shift, high &+ highCarry, low) &+ excluded
    let upper = Self.roundToOdd(right << shift, high &+ highCarry, low) &- excluded
    let whole = scaled / 4
    if whole >= 10 {
      let tenth = whole / 10
      let isDownInside = lower <= 40 &* tenth
      let isUpInside = 40 &* tenth &+ 40 <= upper
      if isDownInside != isUpInside {
        self.init(tenth &+ (isUpInside ? 1 : 0), power + 1)
        return
      }
    }
    let isDownInside = lower <= 4 &* whole
    let isUpInside = 4 &* whole &+ 4 <= upper
    if isDownInside != isUpInside {
      self.init(whole &+ (isUpInside ? 1 : 0), power)
      return
    }
    let half = 4 &* whole &+ 2
    let roundsUp = scaled > half || (scaled == half && whole & 1 != 0)
    self.init(whole &+ (roundsUp ? 1 : 0), power)
  }

  /// Without the zeros at the end of `digits`.
  @inline(__always)
  private init(_ digits: UInt64, _ exponent: Int) {
    var digits = digits
    var exponent = exponent
    if digits % 100_000_000 == 0 {
      digits /= 100_000_000
      exponent += 8
    }
    while digits % 10 == 0 {
      digits /= 10
      exponent += 1
    }
    self.init(digits: digits, exponent: exponent)
  }

  private init(digits: UInt64, exponent: Int) {
    self.digits = digits
    self.exponent = exponent
  }

  /// factor · (high·2^64 + low) / 2^128, its last bit set where a remainder was cut off.
  @inline(__always)
  private static func roundToOdd(_ factor: UInt64, _ high: UInt64, _ low: UInt64) -> UInt64 {
    let carried = factor.multipliedFullWidth(by: low).high
    let product = factor.multipliedFullWidth(by: high)
    let (sum, overflow) = product.low.addingReportingOverflow(carried)
    let result = product.high &+ (overflow ? 1 : 0)
    return result | (sum > 1 ? 1 : 0)
  }
}
