// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// What the calls of a thread tell its progress callback. An interval of 0 makes every look a report, so that no test waits.
@Suite struct ProgressTests {
  /// The reports of `body`, whose `stopAt`-th says stop.
  private func reports(
    stopAt: Int? = nil, every interval: Double = 0, of body: () throws -> Void
  ) throws -> [CallProgress] {
    let taken = Kept<[CallProgress]>([])
    try Store.reportProgressOfThisThread(every: interval) { progress in
      taken.value.append(progress)
      return taken.value.count != stopAt
    }
    defer { try? Store.reportProgressOfThisThread(to: nil) }
    try body()
    return taken.value
  }

  /// They go up, and the last one alone says that all is done.
  private func expectWhole(_ reports: [CallProgress], _ count: Int, _ unit: CallProgress.Unit = .rows) {
    #expect(reports.last == CallProgress(done: count, total: count, unit: unit))
    #expect(reports.dropLast().allSatisfy { $0.done != $0.total && $0.unit == unit })
    for (earlier, later) in zip(reports, reports.dropFirst()) { #expect(earlier.done <= later.done) }
  }

  private let many = BarBatch.hourly((0..<5_000).map(Double.init))

  @Test func aWriteOfNewRowsOfStoredRowsAndOfBoth() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let half = BarBatch.hourly((0..<2_500).map(Double.init))
    expectWhole(try reports { try store.market.write(half) }, 2_500)
    let both = try reports { try store.market.write(many) }
    expectWhole(both, 5_000)
    #expect(both.contains { (1..<2_500).contains($0.done) })
    #expect(both.contains { (2_501..<5_000).contains($0.done) })
    expectWhole(try reports { try store.market.write(.hourly((0..<5_000).map { Double($0) + 1 })) }, 5_000)
    expectWhole(try reports { try store.market.write(.hourly([7])) }, 1)
    expectWhole(try reports { try store.market.write(.hourly([])) }, 0)
  }

  @Test func aReadALatestReadAndACheck() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(many)
    let read = try reports { _ = try store.closes() }
    expectWhole(read, 5_000)
    #expect(read.count > 2)
    #expect(read.allSatisfy { $0.total == 5_000 })
    expectWhole(try reports { _ = try store.market.latest(["EURUSD"], "1h", 3_000) }, 3_000)
    expectWhole(try reports { _ = try store.check() }, 10_000)
  }

  @Test(.filesOnly(.internals)) func withoutPagesSQLiteIsAskedHowFarItIs() throws {
    let scratch = try Scratch()
    try scratch.store().market.write(many)
    let store = try Store(scratch.path("bars.db"), StoreOptions(usesFastPaths: false))
    let read = try reports { _ = try store.closes() }
    expectWhole(read, 5_000)
    #expect(read.contains { (1..<5_000).contains($0.done) })
  }

  @Test(.filesOnly(.file)) func aBackupCountsPages() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(many)
    let reports = try reports { try store.backup(to: scratch.path("copy.db")) }
    let pages = try scratch.store("copy.db").query("PRAGMA page_count").columns[0].integers[0]
    expectWhole(reports, Int(pages), .pages)
  }

  @Test func aStopAtAnyReportLeavesNothing() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let count = try reports { try scratch.store("other.db").market.write(many) }.count
    #expect(count > (Places.areOnServer ? 2 : 5))
    for place in [1, 2, count / 2, count - 1, count] {
      try refused(.interrupted) { _ = try reports(stopAt: place) { try store.market.write(many) } }
      #expect(try store.info().marketDataRows == 0)
    }
    try store.market.write(many)
    // A write that is one statement alone: its last report comes from within the commit, which it refuses.
    let changed = BarBatch.hourly((0..<5_000).map { Double($0) + 1 })
    let again = try reports { try scratch.store("other.db").market.write(changed) }.count
    for place in [1, again] {
      try refused(.interrupted) { _ = try reports(stopAt: place) { try store.market.write(changed) } }
      #expect(try store.closes()[0] == 0)
    }
    try refused(.interrupted) { _ = try reports(stopAt: 1) { try store.backup(to: scratch.path("copy.db")) } }
    #expect(try store.check() == [])
  }

  @Test func aCallFromWithinIsRefused() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let codes = Kept<[StoreError.Code]>([])
    try Store.reportProgressOfThisThread(every: 0) { _ in
      do throws(StoreError) { try store.state.set("k", json: "1") } catch { codes.value.append(error.code) }
      do throws(StoreError) {
        try Store.reportProgressOfThisThread(to: nil)
      } catch {
        codes.value.append(error.code)
      }
      return true
    }
    defer { try? Store.reportProgressOfThisThread(to: nil) }
    try store.market.write(many)
    #expect(codes.value.count > 5 && codes.value.allSatisfy { $0 == .invalid })
    #expect(try store.state.get("k") == nil)
  }

  @Test func aLongIntervalLeavesTheLastReport() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let reports = try reports(every: 1_000_000) { try store.market.write(many) }
    #expect(reports.count == 1)
    expectWhole(reports, 5_000)
  }

  @Test(arguments: [-0.001, 1_000_001, .nan, .infinity])
  func anIntervalOutOfRangeIsRefused(interval: Double) throws {
    try refused(.invalid) { try Store.reportProgressOfThisThread(every: interval) { _ in true } }
  }
}
