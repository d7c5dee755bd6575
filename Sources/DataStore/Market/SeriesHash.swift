// SPDX-License-Identifier: MIT

/// A hash of the bars of a series, which two stores have in common if they hold the same, whatever their engines are.
///
/// It is XXH64, with seed 0, of the bytes of all rows one after the other. docs/how-to/copying.md says which bytes.
public struct SeriesHash: Sendable, Equatable {
  /// How many bars there are.
  public let bars: Int
  /// The hash; of no bars, that of no bytes.
  public let value: UInt64

  /// The hash as 16 hexadecimal digits.
  public var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Takes rows, and is asked for their hash.
struct SeriesHasher {
  private var hash = XXHash64()
  private(set) var bars = 0

  mutating func append(row bytes: Bytes) {
    hash.append(bytes)
    bars += 1
  }

  var result: SeriesHash { SeriesHash(bars: bars, value: hash.value) }
}

extension MarketRepo {
  /// The hash of the bars of a range, read in chunks.
  func hash(
    _ key: SeriesKey, _ range: TimeRange, chunk: Int, _ call: LongCall
  ) throws(StoreError) -> SeriesHash {
    var rows = SeriesRows(engine, key, range, chunk: chunk)
    var bytes = RowBytes()
    var hasher = SeriesHasher()
    while let chunk = try rows.next() {
      try call.check()
      for row in 0..<chunk.count where chunk.isLastOfInstant(row) {
        hasher.append(row: try bytes.row(chunk, row, of: key))
      }
      withExtendedLifetime(chunk.bars) {}
    }
    return hasher.result
  }
}
