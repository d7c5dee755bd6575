// SPDX-License-Identifier: MIT
import Glibc

/// Gives each distinct text a small number, in the order of first sight, and keeps one NUL-terminated
/// copy of it that stays where it is.
struct TextInterner: ~Copyable {
  private(set) var texts: [Bytes] = []
  /// Open addressing: 1 + the text's number, 0 where free. nil until there is a text: most are never given one.
  private var slots: UnsafeMutablePointer<Int32>?
  private var mask = 0

  deinit {
    slots?.deallocate()
    for text in texts { UnsafeMutableRawPointer(mutating: text.baseAddress)?.deallocate() }
  }

  var count: Int { texts.count }

  func find(_ text: Bytes) -> Int? {
    guard let slots else { return nil }
    let entry = slots[slot(of: text, in: slots)]
    return entry == 0 ? nil : Int(entry) - 1
  }

  /// Whether `guess` is the text's number: rows tend to repeat what the row before them had.
  @inline(__always)
  func holds(_ text: Bytes, at guess: Int) -> Bool {
    guess >= 0 && guess < texts.count && texts[guess].equalsWord(text)
  }

  /// The same for a text that may be new.
  @inline(__always)
  mutating func intern(_ text: Bytes, guess: Int = -1) -> Int {
    if holds(text, at: guess) { return guess }
    return internUnguessed(text)
  }

  private mutating func internUnguessed(_ text: Bytes) -> Int {
    let slots = slots ?? makeSlots(16)
    let place = slot(of: text, in: slots)
    if slots[place] != 0 { return Int(slots[place]) - 1 }
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: text.count + 1)
    if let source = text.baseAddress { memcpy(copy, source, text.count) }
    copy[text.count] = 0
    texts.append(Bytes(start: copy, count: text.count))
    slots[place] = Int32(truncatingIfNeeded: texts.count)
    if texts.count * 2 > mask { grow() }
    return texts.count - 1
  }

  /// Where `text` is, or belongs.
  private func slot(of text: Bytes, in slots: UnsafeMutablePointer<Int32>) -> Int {
    var place = Self.hash(text) & mask
    while slots[place] != 0, !texts[Int(slots[place]) - 1].equals(text) { place = (place + 1) & mask }
    return place
  }

  private mutating func makeSlots(_ count: Int) -> UnsafeMutablePointer<Int32> {
    slots?.deallocate()
    let made = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    made.initialize(repeating: 0, count: count)
    slots = made
    mask = count - 1
    return made
  }

  private mutating func grow() {
    let slots = makeSlots(2 * (mask + 1))
    for number in texts.indices {
      slots[slot(of: texts[number], in: slots)] = Int32(truncatingIfNeeded: number + 1)
    }
  }

  /// FNV-1a, 64 bits.
  private static func hash(_ text: Bytes) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: hash ^ (hash >> 32)) & Int.max
  }
}
