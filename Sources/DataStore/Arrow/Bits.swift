// SPDX-License-Identifier: MIT

/// Bitmaps as Arrow has them: one bit per row, the lowest first.
enum Bits {
  @inline(__always)
  static func isSet(_ bits: UnsafePointer<UInt8>, _ index: Int) -> Bool {
    bits[index >> 3] >> UInt8(truncatingIfNeeded: index & 7) & 1 == 1
  }

  /// Whether all of the `count` bits from `first` on are set.
  static func areSet(_ bits: UnsafePointer<UInt8>, from first: Int, _ count: Int) -> Bool {
    var index = first
    let end = first + count
    while index < end, index & 7 != 0 {
      if !isSet(bits, index) { return false }
      index += 1
    }
    let bytes = UnsafeRawPointer(bits)
    while end - index >= 64 {
      if bytes.loadUnaligned(fromByteOffset: index >> 3, as: UInt64.self) != UInt64.max { return false }
      index += 64
    }
    while index < end {
      if !isSet(bits, index) { return false }
      index += 1
    }
    return true
  }

  /// Bytes that `count` bits take.
  static func bytes(_ count: Int) -> Int { (count + 7) / 8 }

  /// Writes one bit per row; returns how many are 0.
  @inline(__always)
  static func write(
    _ count: Int, to bits: UnsafeMutablePointer<UInt8>, _ isSet: (_ row: Int) -> Bool
  ) -> Int {
    var ones = 0
    let whole = count / 8
    for byte in 0..<whole {
      // Without a branch, of which a processor would have to guess each.
      var set: UInt8 = 0
      for bit in 0..<8 { set |= (isSet(8 &* byte &+ bit) ? 1 : 0) &<< UInt8(truncatingIfNeeded: bit) }
      bits[byte] = set
      ones &+= set.nonzeroBitCount
    }
    if whole * 8 < count {
      var set: UInt8 = 0
      for bit in 0..<(count - whole * 8) { set |= (isSet(8 * whole + bit) ? 1 : 0) &<< UInt8(bit) }
      bits[whole] = set
      ones += set.nonzeroBitCount
    }
    return count - ones
  }
}

extension Bits {
  /// Writes one bit per byte, of which each is 0 or 1.
  static func pack(_ bytes: UnsafeBufferPointer<UInt8>, to bits: UnsafeMutablePointer<UInt8>) {
    let source = UnsafeRawBufferPointer(bytes)
    var row = 0
    while bytes.count - row >= 8 {
      let word = source.loadUnaligned(fromByteOffset: row, as: UInt64.self)
      bits[row >> 3] = UInt8(truncatingIfNeeded: (word &* 0x0102_0408_1020_4080) &>> 56)
      row += 8
    }
    guard row < bytes.count else { return }
    var last: UInt8 = 0
    for bit in 0..<(bytes.count - row) { last |= bytes[row + bit] &<< UInt8(bit) }
    bits[row >> 3] = last
  }
}

/// Half precision, of which the processor's own conversion is not on every one.
enum HalfFloat {
  static func double(_ bits: UInt16) -> Double {
    let exponent = UInt64(bits >> 10 & 0x1f)
    let fraction = UInt64(bits & 0x3ff)
    let sign = UInt64(bits >> 15) << 63
    switch exponent {
    case 0:
      // A multiple of 2^-24, which a double holds.
      let magnitude = Double(fraction) / Double(1 << 24)
      return Double(bitPattern: magnitude.bitPattern | sign)
    case 0x1f: return Double(bitPattern: sign | 0x7ff << 52 | fraction << 42)
    default: return Double(bitPattern: sign | (exponent + 1008) << 52 | fraction << 42)
    }
  }
}
