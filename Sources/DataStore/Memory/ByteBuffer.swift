// SPDX-License-Identifier: MIT
import Glibc

/// A piece of UTF-8 text that another object owns.
typealias Bytes = UnsafeBufferPointer<UInt8>

/// A growing run of bytes in which texts are put together, reused from row to row.
struct ByteBuffer: ~Copyable {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int
  /// True once there was no memory for all of it: what is there now is useless. See `MemoryShortage`.
  private(set) var isIncomplete = false

  init(capacity: Int = 256) {
    self.capacity = max(capacity, 64)
    guard let block = malloc(self.capacity) else { outOfMemory() }
    base = block.assumingMemoryBound(to: UInt8.self)
  }

  deinit { free(base) }

  /// The bytes so far; valid until the next change.
  var bytes: Bytes { Bytes(start: base, count: count) }

  mutating func removeAll() {
    count = 0
    isIncomplete = false
  }

  mutating func truncate(to newCount: Int) { count = min(count, max(newCount, 0)) }

  /// Room for a few more bytes (64 at most); a pointer to the first of them. Follow with `advance(by:)`.
  @inline(__always)
  mutating func reserve(_ extra: Int) -> UnsafeMutablePointer<UInt8> {
    if count + extra > capacity, !grows(count + extra) { count = 0 }
    return base + count
  }

  /// Room for any number of bytes more; nil if there is no memory.
  @inline(__always)
  mutating func reserveMany(_ extra: Int) -> UnsafeMutablePointer<UInt8>? {
    if count + extra > capacity, !grows(count + extra) { return nil }
    return base + count
  }

  @inline(__always)
  mutating func advance(by written: Int) { count += written }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1).pointee = byte
    count += 1
  }

  @inline(__always)
  mutating func append(_ bytes: Bytes) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    guard let target = reserveMany(bytes.count) else { return }
    memcpy(target, source, bytes.count)
    count += bytes.count
  }

  @inline(__always)
  mutating func append(_ text: StaticString) {
    append(Bytes(text))
  }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  private mutating func grows(_ needed: Int) -> Bool {
    let newCapacity = max(needed, capacity * 2)
    // Asked once: the call has failed, and only has to come to its end.
    guard !MemoryShortage.isNoted, let grown = realloc(base, newCapacity) else {
      isIncomplete = true
      MemoryShortage.note()
      return false
    }
    base = grown.assumingMemoryBound(to: UInt8.self)
    guard MemoryShortage.leavesReserve(newCapacity) else {
      if let shrunk = realloc(base, capacity) { base = shrunk.assumingMemoryBound(to: UInt8.self) }
      isIncomplete = true
      MemoryShortage.note()
      return false
    }
    capacity = newCapacity
    return true
  }
}

extension StaticString {
  /// The first eight bytes of a text that has as many, as they are loaded from memory.
  @inline(__always)
  var word: UInt64 { UnsafeRawPointer(utf8Start).loadUnaligned(as: UInt64.self) }
}

extension UnsafeBufferPointer<UInt8> {
  /// The bytes of a NUL-terminated text, without the NUL.
  init(cString: UnsafePointer<CChar>) {
    let start = UnsafeRawPointer(cString).assumingMemoryBound(to: UInt8.self)
    self.init(start: start, count: strlen(cString))
  }

  @inline(__always)
  init(_ text: StaticString) {
    self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  @inline(__always)
  func equals(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard count == other.count else { return false }
    guard let a = baseAddress, let b = other.baseAddress, count > 0 else { return true }
    return memcmp(a, b, count) == 0
  }

  /// `equals` for names and words, which are mostly short: two loads, which may overlap, are less than a call.
  @inline(__always)
  func equalsWord(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard count == other.count else { return false }
    guard let a = UnsafeRawPointer(baseAddress), let b = UnsafeRawPointer(other.baseAddress),
      count >= 4, count <= 16
    else { return equals(other) }
    if count <= 8 {
      return a.loadUnaligned(as: UInt32.self) == b.loadUnaligned(as: UInt32.self)
        && (a + count - 4).loadUnaligned(as: UInt32.self) == (b + count - 4).loadUnaligned(as: UInt32.self)
    }
    return a.loadUnaligned(as: UInt64.self) == b.loadUnaligned(as: UInt64.self)
      && (a + count - 8).loadUnaligned(as: UInt64.self) == (b + count - 8).loadUnaligned(as: UInt64.self)
  }

  @inline(__always)
  func equals(_ text: StaticString) -> Bool { equals(UnsafeBufferPointer(text)) }

  /// Whether these bytes stand at `place`, which has as many. Pieces of JSON are a few words of eight bytes, the last of
  /// which may overlap with the one before: less than a call.
  @inline(__always)
  func stand(at place: UnsafeRawPointer) -> Bool {
    guard let start = UnsafeRawPointer(baseAddress), count >= 8 else {
      return baseAddress.map { memcmp($0, place, count) == 0 } ?? true
    }
    // Most are of 16 to 32 bytes: no loop, whose end a processor would have to guess.
    if count >= 16, count <= 32 {
      let last = count &- 16
      let first = (Self.word(start) ^ Self.word(place)) | (Self.word(start + 8) ^ Self.word(place + 8))
      return first | (Self.word(start + last) ^ Self.word(place + last))
        | (Self.word(start + (last &+ 8)) ^ Self.word(place + (last &+ 8))) == 0
    }
    var offset = 0
    while offset < count - 8 {
      guard Self.word(start + offset) == Self.word(place + offset) else { return false }
      offset += 8
    }
    return Self.word(start + (count - 8)) == Self.word(place + (count - 8))
  }

  /// Copies these bytes to `place`, which has room for them, likewise. Returns where they end.
  @inline(__always)
  func copy(to place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
    let target = UnsafeMutableRawPointer(place)
    guard let start = UnsafeRawPointer(baseAddress), count >= 8 else {
      if let baseAddress { memcpy(place, baseAddress, count) }
      return place + count
    }
    var offset = 0
    while offset < count - 8 {
      (target + offset).storeBytes(of: Self.word(start + offset), as: UInt64.self)
      offset += 8
    }
    (target + (count - 8)).storeBytes(of: Self.word(start + (count - 8)), as: UInt64.self)
    return place + count
  }

  @inline(__always)
  private static func word(_ place: UnsafeRawPointer) -> UInt64 { place.loadUnaligned(as: UInt64.self) }

  var isValidUTF8: Bool {
    isShortASCII || (try? UTF8Span(validating: span)) != nil
  }

  /// Names and words mostly are: to set a validation up takes longer than to look at them.
  @inline(__always)
  private var isShortASCII: Bool {
    guard count <= 32 else { return false }
    guard count >= 4, let start = UnsafeRawPointer(baseAddress) else {
      var bits: UInt8 = 0
      for byte in self { bits |= byte }
      return bits < 0x80
    }
    // By words, the last of which may overlap.
    if count < 8 {
      let last = (start + (count &- 4)).loadUnaligned(as: UInt32.self)
      return (start.loadUnaligned(as: UInt32.self) | last) & 0x8080_8080 == 0
    }
    var bits = Self.word(start + (count &- 8))
    var offset = 0
    while offset < count &- 8 {
      bits |= Self.word(start + offset)
      offset &+= 8
    }
    return bits & 0x8080_8080_8080_8080 == 0
  }

  /// The text as a `String`, with U+FFFD for what is not UTF-8.
  var text: String { String(decoding: self, as: UTF8.self) }
}
