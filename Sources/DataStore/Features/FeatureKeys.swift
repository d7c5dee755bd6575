// SPDX-License-Identifier: MIT

/// The feature keys that were met so far, by number, each with what is the same wherever it occurs. One table may
/// serve several parsers, so that they know a key by the same number, and several batches, one after the other.
final class FeatureKeys {
  // One thread at a time uses a table, so Swift need not keep accesses apart: that took a third of a short write's packing.
  @exclusivity(unchecked) private var interner = TextInterner()
  /// By key: `"key":{"value":` as it is stored, in memory that stays.
  @exclusivity(unchecked) private(set) var openings: [Bytes] = []
  /// By key: what is wrong with it; nil if it is sound.
  @exclusivity(unchecked) private var faults: [String?] = []
  /// By key: the last batch that had a column of it.
  @exclusivity(unchecked) private var batches: [Int] = []
  @exclusivity(unchecked) private var batch = 0
  @exclusivity(unchecked) private var openingBytes = 0
  private static let mostKept = 1 << 10
  private static let mostKeptBytes = 1 << 18

  deinit {
    for opening in openings { UnsafeMutableRawPointer(mutating: opening.baseAddress)?.deallocate() }
  }

  var count: Int { interner.count }

  /// The key itself; it ends with a NUL that is not counted.
  func text(_ key: Int) -> Bytes { interner.texts[key] }

  /// The number of a key, which is looked into at its first sight. `guess` is tried first.
  @inline(__always)
  func number(of key: Bytes, guess: Int = -1) -> Int {
    let number = interner.intern(key, guess: guess)
    if number == openings.count { add(key) }
    return number
  }

  /// Whether a key has this number.
  @inline(__always)
  func holds(_ key: Bytes, at number: Int) -> Bool { interner.holds(key, at: number) }

  func fault(_ key: Int) -> String? { faults[key] }

  /// Whether the table is too large to be kept for the batches that follow.
  var isLarge: Bool { count > Self.mostKept || openingBytes > Self.mostKeptBytes }

  func beginBatch() { batch += 1 }

  /// Notes a column of the current batch; false if there is one of the same key.
  func isFirstInBatch(_ key: Int) -> Bool {
    defer { batches[key] = batch }
    return batches[key] != batch
  }

  private func add(_ key: Bytes) {
    // With every byte escaped. A key is short, or `FeatureGrammar` refuses it.
    var opening = ByteBuffer(capacity: 6 * key.count + 16)
    JSONText.appendLiteral(key, to: &opening)
    opening.append(":{\"value\":")
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: opening.count)
    _ = copy.initialize(from: opening.bytes)
    openings.append(Bytes(copy))
    openingBytes += opening.count
    batches.append(0)
    faults.append(FeatureKey.fault(key))
  }
}
