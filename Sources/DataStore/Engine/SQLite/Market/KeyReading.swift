// SPDX-License-Identifier: MIT

/// Which features there are, without their values.
extension StoreConnection {
  /// Rows that are looked at together: what is kept of them does not grow with the range.
  private static let keyChunk = 1 << 16

  /// The keys of the features that the rows of each series have, at most `limit` rows in all, sorted by bytes. To be called
  /// within a snapshot; `notices` as for `collect`.
  func featureKeys(_ reads: [SeriesRead], limit: Int?, notices: Int?) throws(StoreError) -> [String] {
    var shape = ReadShape(columns: [], features: .values)
    shape.takesKeysAlone = true
    let hasPages = try beginPages(notices: notices)
    defer { if hasPages { seriesPages?.end() } }
    var keys: Set<ExactText> = []
    var left = limit ?? Int.max
    for read in reads {
      var place = ChunkPlace()
      while left > 0 {
        let asked = min(Self.keyChunk, left)
        let part = place.part(of: read, limit: asked)
        collector.begin(shape)
        defer { collector.abandon() }
        _ = try collect(part, shape, hasPages: hasPages)
        let rows = collector.end()
        if rows.features.table.columnCount > 0 {
          for key in rows.features.table.columnKeys { keys.insert(ExactText(key.text)) }
        }
        place.advance(over: rows.timestamps.elements)
        left -= rows.count
        if rows.count < asked { break }
      }
    }
    return keys.sorted().map(\.text)
  }
}
