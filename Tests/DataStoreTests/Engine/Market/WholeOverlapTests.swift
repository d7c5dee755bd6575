// SPDX-License-Identifier: MIT
import CSQLite
import Glibc
import IntruderVFS
import Testing

@testable import DataStore

/// Batches whose bars are all stored are written by one statement that is its own transaction; where a bar is missing,
/// or the file is not what it was, nothing of that statement stays.
@Suite(.filesOnly(.internals)) struct WholeOverlapTests {
  private static let rows = 200
  private static let everything = "SELECT * FROM market_data ORDER BY symbol, timestamp"

  private func features(_ value: Double) -> BarBatch {
    var batch = BarBatch.hourly(Array(repeating: 0, count: Self.rows))
    batch.close = nil
    batch.features = [BarBatch.FeatureColumn("a@1", Array(repeating: value, count: Self.rows))]
    return batch
  }

  /// A store whose bars are there but for the rows named.
  private func store(_ scratch: Scratch, without missing: [Int]) throws -> Store {
    let store = try scratch.store()
    try store.market.write(.hourly((0..<Self.rows).map(Double.init)))
    for row in missing {
      let time = threeOClock + Int64(row) * hour
      _ = try store.market.delete("EURUSD", "1h", TimeRange(start: time, end: time))
    }
    return store
  }

  @Test(arguments: [[0], [1], [100], [198], [199], [0, 199], [57, 58, 59]])
  func featuresOfABarThatIsMissingAreRefused(missing: [Int]) throws {
    let scratch = try Scratch()
    let store = try store(scratch, without: missing)
    let before = try scratch.raw().rows(Self.everything)
    let error = try refused(.missingBar) { try store.market.writeFeatures(features(1)) }
    #expect(error.row == missing[0])
    #expect(try scratch.raw().rows(Self.everything) == before)
  }

  @Test(arguments: [[0], [1], [100], [198], [199], [0, 199], [57, 58, 59]])
  func barsThatAreMissingAreInserted(missing: [Int]) throws {
    let scratch = try Scratch()
    let store = try store(scratch, without: missing)
    var batch = features(2)
    batch.close = (0..<Self.rows).map { Double($0) + 0.5 }
    try store.market.write(batch)
    let other = try Scratch()
    try other.store().market.write(batch)
    #expect(try scratch.raw().rows(Self.everything) == other.raw().rows(Self.everything))
  }

  @Test func allIsTakenBackWithTheTransactionAround() throws {
    let scratch = try Scratch()
    let store = try store(scratch, without: [])
    let before = try scratch.raw().rows(Self.everything)
    #expect(throws: StoreError.self) {
      try store.transaction { () throws(StoreError) in
        try store.market.writeFeatures(features(3))
        throw StoreError(.invalid, "no")
      }
    }
    #expect(try scratch.raw().rows(Self.everything) == before)
  }

  /// The file is moved away at each of the write's operations on it in turn: before its commit that is noticed.
  @Test func nothingIsWrittenToAFileThatIsMovedMeanwhile() throws {
    #expect(intruder_vfs_install() == SQLITE_OK)
    var operations = Int32.max
    var moment: Int32 = 0
    var refusals = 0
    while moment < operations {
      moment += 1
      let scratch = try Scratch(in: "/dev/shm")
      let path = try StorePath(scratch.path()).resolved
      let written = try store(scratch, without: [])
      let mover = Mover(path)
      var isRefused = false
      operations = mover.during(moment) {
        do throws(StoreError) {
          try written.market.writeFeatures(features(4))
        } catch {
          #expect(error.code == .closed)
          isRefused = error.message.contains("Nothing was written")
        }
      }
      written.close()
      mover.moveBack()
      let featured = try scratch.raw().integer("SELECT count(features) FROM market_data")
      #expect(featured == 0 || !isRefused && featured == Self.rows)
      refusals += isRefused ? 1 : 0
    }
    #expect(refusals > 0, "none of \(moment)")
  }

  private final class Mover {
    private let path: String
    private var isMoved = false

    init(_ path: String) { self.path = path }

    func during(_ moment: Int32, _ body: () -> Void) -> Int32 {
      intruder_vfs_begin(
        path, moment, { me in me.map { Unmanaged<Mover>.fromOpaque($0).takeUnretainedValue().move() } },
        Unmanaged.passUnretained(self).toOpaque())
      body()
      return intruder_vfs_end()
    }

    private func move() {
      guard !isMoved else { return }
      isMoved = rename(path, path + ".away") == 0
    }

    func moveBack() {
      if isMoved { rename(path + ".away", path) }
    }
  }
}
