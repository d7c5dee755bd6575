// SPDX-License-Identifier: MIT

/// One instant is one row: before an instant is written, the rows that other tools wrote of it become one in the stored form.
///
/// The row that is in the stored form already stays, else the one that reads give last; its rowid and its values stay with
/// it, and the others go.
extension ForeignForms {
  /// Rewrites the rows of those instants of `range` for which `isWritten`. To be called within a transaction that has the lock
  /// on writing.
  func fix(
    _ range: ClosedRange<Int64>, _ symbol: Bytes, _ timeframe: Bytes, _ connection: StoreConnection,
    _ isWritten: (Int64) -> Bool = { _ in true }
  ) throws(StoreError) {
    guard try mean(range, symbol, timeframe, connection) else { return }
    var found = try rows(symbol, timeframe, range, connection).filter { isWritten($0.instant) }
    guard !found.isEmpty else { return }
    beginRemoval()
    // Those of one instant stay in the order of texts.
    let order = found.indices.sorted { (found[$0].instant, $0) < (found[$1].instant, $1) }
    found = order.map { found[$0] }
    for (place, row) in found.enumerated() {
      if place & 255 == 255, connection.interruption.shouldStop() { throw .isInterrupted }
      let isLast = place + 1 == found.count || found[place + 1].instant != row.instant
      let stored = Timestamp.text(row.instant)
      let stays = isLast ? try !isThere(stored, symbol, timeframe, connection) : false
      let statement = try connection.statement(
        (stays ? "UPDATE \(table.name) SET \(table.column) = ?4" : "DELETE FROM \(table.name)")
          + " WHERE symbol = ?1 AND timeframe = ?2 AND \(table.column) = ?3")
      statement.bind(1, symbol)
      statement.bind(2, timeframe)
      row.text.withUnsafeBufferPointer { statement.bindCopy(3, text: $0) }
      if stays { statement.bind(4, copying: stored) }
      try statement.run()
    }
  }

  private func isThere(
    _ text: String, _ symbol: Bytes, _ timeframe: Bytes, _ connection: StoreConnection
  ) throws(StoreError) -> Bool {
    let statement = try connection.statement(
      "SELECT 1 FROM \(table.name) WHERE symbol = ?1 AND timeframe = ?2 AND \(table.column) = ?3")
    statement.bind(1, symbol)
    statement.bind(2, timeframe)
    statement.bind(3, copying: text)
    defer { statement.reset() }
    return try statement.step()
  }

  /// Rewrites the rows of all instants of a batch.
  func fix(_ batch: BorrowedBatch, _ connection: StoreConnection) throws(StoreError) {
    if areAllPlain(connection) { return }
    for series in BatchStretches(batch).series {
      guard let symbol = batch.symbol.text(series.row),
        let timeframe = batch.timeframe.text(series.row)
      else { continue }
      var instants: Set<Int64>?
      for stretch in series.merged {
        try fix(stretch, symbol, timeframe, connection) { instant in
          if instants == nil { instants = series.instants(of: batch) }
          return instants?.contains(instant) ?? true
        }
      }
    }
  }
}

/// Where in time the rows of each series of a batch lie: a batch of few rows over a long time is to be looked for near
/// each of them, and not all over that time.
struct BatchStretches {
  private(set) var series: [Series] = []

  struct Series {
    /// One of its rows.
    let row: Int
    fileprivate let codes: Codes
    fileprivate var stretches: [ClosedRange<Int64>]
    /// Days that are looked at around an instant anyhow.
    private static let gap = 2 * Timestamp.secondsPerDay * Timestamp.perSecond

    fileprivate mutating func take(_ instant: Int64) {
      let last = stretches.count - 1
      let stretch = stretches[last]
      if stretch.contains(instant) { return }
      if Self.isNear(instant, stretch.upperBound), instant > stretch.upperBound {
        stretches[last] = stretch.lowerBound...instant
      } else if Self.isNear(stretch.lowerBound, instant), instant < stretch.lowerBound {
        stretches[last] = instant...stretch.upperBound
      } else {
        stretches.append(instant...instant)
      }
    }

    /// Ascending, and apart from each other.
    var merged: [ClosedRange<Int64>] {
      guard stretches.count > 1 else { return stretches }
      var merged: [ClosedRange<Int64>] = []
      for stretch in stretches.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if let last = merged.last, Self.isNear(stretch.lowerBound, last.upperBound) {
          merged[merged.count - 1] = last.lowerBound...max(last.upperBound, stretch.upperBound)
        } else {
          merged.append(stretch)
        }
      }
      return merged
    }

    private static func isNear(_ later: Int64, _ earlier: Int64) -> Bool {
      let (distance, overflow) = later.subtractingReportingOverflow(earlier)
      return !overflow && distance <= gap
    }

    func instants(of batch: BorrowedBatch) -> Set<Int64> {
      var instants: Set<Int64> = []
      for row in 0..<batch.count where Codes(batch, row) == codes { instants.insert(batch.timestamps[row]) }
      return instants
    }
  }

  fileprivate struct Codes: Hashable {
    let symbol: Int
    let timeframe: Int

    init(_ batch: BorrowedBatch, _ row: Int) {
      symbol = batch.symbol.code(row)
      timeframe = batch.timeframe.code(row)
    }
  }

  init(_ batch: BorrowedBatch) {
    var places: [Codes: Int] = [:]
    var last: (codes: Codes, place: Int)?
    for row in 0..<batch.count {
      let codes = Codes(batch, row)
      let instant = batch.timestamps[row]
      if let last, last.codes == codes {
        series[last.place].take(instant)
      } else if let place = places[codes] {
        series[place].take(instant)
        last = (codes, place)
      } else {
        places[codes] = series.count
        last = (codes, series.count)
        series.append(Series(row: row, codes: codes, stretches: [instant...instant]))
      }
    }
  }
}
