// SPDX-License-Identifier: MIT

/// XXH64 with seed 0, fed piece by piece: a hash of 64 bits that is the same on every machine, and fast.
///
/// It is written from the algorithm's description, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md: four
/// lanes each take eight bytes of every 32, little-endian, and are folded into one number at the end. It tells apart what
/// differs by accident, not what was made to have the same hash.
struct XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
  private static let stripe = 32

  private var lane1 = prime1 &+ prime2
  private var lane2 = prime2
  private var lane3: UInt64 = 0
  private var lane4 = 0 &- prime1
  private var length: UInt64 = 0
  /// Bytes that do not fill a stripe yet.
  private var rest = InlineArray<32, UInt8>(repeating: 0)
  private var restCount = 0

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    length &+= UInt64(bytes.count)
    var piece = bytes[...]
    if restCount > 0 {
      let missing = min(Self.stripe - restCount, piece.count)
      keep(piece.prefix(missing))
      piece = piece.dropFirst(missing)
      guard restCount == Self.stripe else { return }
      let full = rest
      full.span.withUnsafeBytes { takeStripe($0) }
      restCount = 0
    }
    while piece.count >= Self.stripe {
      takeStripe(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: piece.prefix(Self.stripe))))
      piece = piece.dropFirst(Self.stripe)
    }
    keep(piece)
  }

  private mutating func keep(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
    for byte in bytes {
      rest[restCount] = byte
      restCount += 1
    }
  }

  /// `bytes` are one stripe.
  @inline(__always)
  private mutating func takeStripe(_ bytes: UnsafeRawBufferPointer) {
    lane1 = Self.round(lane1, Self.word(bytes, 0))
    lane2 = Self.round(lane2, Self.word(bytes, 8))
    lane3 = Self.round(lane3, Self.word(bytes, 16))
    lane4 = Self.round(lane4, Self.word(bytes, 24))
  }

  /// The hash of all bytes so far.
  var value: UInt64 {
    var hash: UInt64
    if length >= UInt64(Self.stripe) {
      hash =
        Self.turned(lane1, 1) &+ Self.turned(lane2, 7) &+ Self.turned(lane3, 12) &+ Self.turned(lane4, 18)
      for lane in [lane1, lane2, lane3, lane4] {
        hash = (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
      }
    } else {
      hash = Self.prime5
    }
    hash &+= length
    var place = 0
    rest.span.withUnsafeBytes { bytes in
      while place + 8 <= restCount {
        hash ^= Self.round(0, Self.word(bytes, place))
        hash = Self.turned(hash, 27) &* Self.prime1 &+ Self.prime4
        place += 8
      }
      if place + 4 <= restCount {
        let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        hash ^= UInt64(half) &* Self.prime1
        hash = Self.turned(hash, 23) &* Self.prime2 &+ Self.prime3
        place += 4
      }
      while place < restCount {
        hash ^= UInt64(bytes[place]) &* Self.prime5
        hash = Self.turned(hash, 11) &* Self.prime1
        place += 1
      }
    }
    hash = (hash ^ (hash >> 33)) &* Self.prime2
    hash = (hash ^ (hash >> 29)) &* Self.prime3
    return hash ^ (hash >> 32)
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    turned(lane &+ word &* prime2, 31) &* prime1
  }

  @inline(__always)
  private static func turned(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }

  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
  }
}
