// SPDX-License-Identifier: MIT
import Glibc

/// The values of a statement's parameters, in binary but for literals, in the order in which they are added. Texts are borrowed: they must
/// live until the statement was sent.
final class Parameters {
  /// How many a statement may have.
  static let most = 64

  private(set) var count = 0
  let values: UnsafeMutablePointer<UnsafePointer<CChar>?>
  let lengths: UnsafeMutablePointer<Int32>
  let formats: UnsafeMutablePointer<Int32>
  /// The types' numbers in pg_type, where a statement is not prepared; 0: as the server finds it.
  let types: UnsafeMutablePointer<UInt32>
  /// Where numbers lie.
  private let words: UnsafeMutablePointer<UInt64>
  /// Texts that were copied.
  private var copies: [UnsafeMutablePointer<UInt8>] = []

  init() {
    values = .allocate(capacity: Self.most)
    lengths = .allocate(capacity: Self.most)
    formats = .allocate(capacity: Self.most)
    types = .allocate(capacity: Self.most)
    words = .allocate(capacity: Self.most)
    values.initialize(repeating: nil, count: Self.most)
    lengths.initialize(repeating: 0, count: Self.most)
    formats.initialize(repeating: 1, count: Self.most)
    types.initialize(repeating: 0, count: Self.most)
    words.initialize(repeating: 0, count: Self.most)
  }

  deinit {
    removeAll()
    values.deallocate()
    lengths.deallocate()
    formats.deallocate()
    types.deallocate()
    words.deallocate()
  }

  func removeAll() {
    count = 0
    for copy in copies { copy.deallocate() }
    copies.removeAll()
  }

  func addNull() { put(nil, 0) }

  /// A text, or JSON; borrowed.
  func add(_ text: Bytes) {
    guard text.count > 0, let base = text.baseAddress else { return put(words, 0) }
    put(base, text.count)
  }

  /// A text, or JSON; borrowed. nil is NULL.
  func add(_ text: Bytes?) {
    if let text { add(text) } else { addNull() }
  }

  /// A text, or JSON, which is copied.
  func add(copying text: String) { text.withBytes { add(copying: $0) } }

  /// The same, or a blob.
  func add(copying bytes: Bytes) {
    guard bytes.count > 0, let base = bytes.baseAddress else { return put(words, 0) }
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
    memcpy(copy, base, bytes.count)
    copies.append(copy)
    put(copy, bytes.count)
  }

  /// A text that the server reads as a value of whatever type the statement has there, a time say; copied.
  func add(literal text: String) {
    text.withBytes { bytes in
      // libpq takes such a value to its first zero byte. In binary the server refuses a text with one.
      guard !bytes.contains(0) else { return add(copying: bytes) }
      let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 1)
      if let base = bytes.baseAddress { memcpy(copy, base, bytes.count) }
      copy[bytes.count] = 0
      copies.append(copy)
      put(copy, bytes.count, format: 0)
    }
  }

  func add(_ value: Int16) { add(word: UInt64(UInt16(bitPattern: value)) << 48, 2) }
  func add(_ value: Int32) { add(word: UInt64(UInt32(bitPattern: value)) << 32, 4) }
  func add(_ value: Int64) { add(word: UInt64(bitPattern: value), 8) }
  func add(_ value: Double) { add(word: value.bitPattern, 8) }
  func add(_ value: Bool) { add(word: value ? 1 << 56 : 0, 1) }

  /// NaN is NULL.
  func add(number: Double) {
    if number.isNaN { addNull() } else { add(number) }
  }

  /// An instant: two parameters, a `timestamptz` and a `smallint`.
  func add(time: Int64) {
    let time = ServerTime(time)
    add(time.microseconds)
    add(time.nanoseconds)
  }

  /// The first bytes of a word, the highest first.
  private func add(word: UInt64, _ length: Int) {
    guard count < Self.most else { return }
    words[count] = word.bigEndian
    put(words + count, length)
  }

  /// Says of which type the last one is, by its number in pg_type.
  func setType(_ type: UInt32) {
    if count > 0 { types[count - 1] = type }
  }

  private func put(_ value: UnsafeRawPointer?, _ length: Int, format: Int32 = 1) {
    guard count < Self.most else { return }
    values[count] = value?.assumingMemoryBound(to: CChar.self)
    lengths[count] = Int32(truncatingIfNeeded: length)
    formats[count] = format
    types[count] = 0
    count += 1
  }
}
