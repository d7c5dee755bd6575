// SPDX-License-Identifier: MIT
import Glibc

/// The form in which this library stores a bar's features, with the keys of a bar that was seen before: the text between
/// the numbers is known, and recognised piece by piece.
struct FeatureForm: ~Copyable {
  struct Key: BitwiseCopyable {
    /// Its number in the table of keys.
    let number: Int
    /// `"key":{"value":`
    let opening: Bytes
  }

  /// The keys in the order of their bar.
  private(set) var keys = ColumnBuffer<Key>()

  mutating func forget() { keys.truncate(to: 0) }

  mutating func expect(_ key: Key) { keys.append(key) }

  /// An entry as it stands in the text.
  struct Piece {
    /// Of its key, among those expected.
    let index: Int
    let start: UnsafePointer<UInt8>
    let value: UnsafePointer<UInt8>
    let valueEnd: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    let quality: FeatureQuality
  }

  /// Hands the entries of `text` to `take`, one by one. False if the text is anything else than the stored form with the
  /// expected keys, at the latest behind the last entry. What is taken needs no further check: the keys are known to be
  /// sound and distinct, and the rest is ASCII that is looked at byte by byte.
  ///
  /// `number` moves on behind a JSON number or null, if one that a double can hold is written there.
  @inline(__always)
  func recognise(
    _ text: Bytes, number: (_ index: Int, _ next: inout UnsafePointer<UInt8>, _ edges: Edges) -> Bool,
    take: (Piece) -> Void
  ) -> Bool {
    guard let base = text.baseAddress, keys.count > 0, text.count <= Limits.jsonBytes else { return false }
    let end = base + text.count
    let edges = Edges(start: base, end: end)
    var next = base
    var separator = UInt8(ascii: "{")
    for index in 0..<keys.count {
      guard next < end, next.pointee == separator else { return false }
      separator = UInt8(ascii: ",")
      next += 1
      let start = next
      let opening = keys[index].opening
      guard end - next > opening.count, opening.stand(at: next) else { return false }
      next += opening.count
      let value = next
      guard number(index, &next, edges) else { return false }
      let valueEnd = next
      guard let quality = Self.quality(&next, end) else { return false }
      take(Piece(index: index, start: start, value: value, valueEnd: valueEnd, end: next, quality: quality))
    }
    return end - next == 1 && next.pointee == UInt8(ascii: "}")
  }

  /// `,"quality":"…"}`
  @inline(__always)
  private static func quality(
    _ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> FeatureQuality? {
    let left = end - next
    let raw = UnsafeRawPointer(next)
    // The shortest of them, and a brace that closes the text: 20 bytes.
    guard left >= 20, raw.loadUnaligned(as: UInt64.self) == (",\"qualit" as StaticString).word,
      (raw + 4).loadUnaligned(as: UInt64.self) == ("ality\":\"" as StaticString).word
    else { return nil }
    let word = (raw + 12).loadUnaligned(as: UInt64.self)
    if word << 8 == ("\0ready\"}" as StaticString).word {
      next += 19
      return .ready
    }
    if word == ("warmup\"}" as StaticString).word {
      next += 20
      return .warmup
    }
    if word == ("missing\"" as StaticString).word, left > 20, next[20] == UInt8(ascii: "}") {
      next += 21
      return .missing
    }
    if word == ("degraded" as StaticString).word, left > 21, next[20] == UInt8(ascii: "\""),
      next[21] == UInt8(ascii: "}")
    {
      next += 22
      return .degraded
    }
    return nil
  }
}

extension FeatureForm {
  /// Where a text begins and ends.
  struct Edges {
    let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>

    /// Moves on behind a number that a double can hold, or null. False if neither is written at `next`.
    @inline(__always)
    func skipNumber(_ next: inout UnsafePointer<UInt8>) -> Bool {
      let begin = next
      if let plain = plainDecimal(next) {
        next = plain.end
        return true
      }
      if skipNull(&next) { return true }
      guard let isFinite = DecimalParser.skip(&next, end) else { return false }
      return isFinite || NumberText.double(Bytes(start: begin, count: next - begin)) != nil
    }

    /// The number, NaN for null, likewise; nil if neither is written at `next`.
    @inline(__always)
    func number(_ next: inout UnsafePointer<UInt8>) -> Double? {
      let begin = next
      if let plain = plainDecimal(next) {
        next = plain.end
        return plain.double ?? NumberText.double(Bytes(start: begin, count: next - begin))
      }
      if skipNull(&next) { return .nan }
      guard let decimal = DecimalParser(&next, end) else { return nil }
      return decimal.double ?? NumberText.double(Bytes(start: begin, count: next - begin))
    }

    @inline(__always)
    private func plainDecimal(_ place: UnsafePointer<UInt8>) -> PlainDecimal? {
      guard place - start >= PlainDecimal.bytesBefore, end - place >= PlainDecimal.bytesBehind else {
        return nil
      }
      return PlainDecimal(at: place)
    }

    @inline(__always)
    private func skipNull(_ next: inout UnsafePointer<UInt8>) -> Bool {
      guard next.pointee == UInt8(ascii: "n"), end - next >= 4, memcmp(next, "null", 4) == 0 else {
        return false
      }
      next += 4
      return true
    }
  }
}
