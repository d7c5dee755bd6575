// SPDX-License-Identifier: MIT
import CSQLite
import FaultVFS
import Testing

@testable import DataStore

/// Disks that fail. One operation of the disk after the other is made to fail, until a run meets no failure any
/// more; each run must end in typed errors, with every acknowledged call in the file and nothing of the others.
@Suite(.serialized, .filesOnly(.file)) struct FaultTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    let operations: Int32
    let code: Int32
    let isForGood: Bool

    var testDescription: String { name + (isForGood ? ", for good" : ", once") }
  }

  static let faults: [Fault] = [
    fault("a write fails", FAULT_WRITE, SQLITE_IOERR | (3 << 8)),
    fault("the disk is full", FAULT_WRITE, SQLITE_FULL),
    fault("a sync fails", FAULT_SYNC, SQLITE_IOERR | (4 << 8)),
    fault("a truncate fails", FAULT_TRUNCATE, SQLITE_IOERR | (6 << 8)),
    fault("a read fails", FAULT_READ, SQLITE_IOERR | (1 << 8)),
    fault("an open fails", FAULT_OPEN, SQLITE_CANTOPEN),
  ].flatMap { $0 }

  private static func fault(_ name: String, _ operations: Int, _ code: Int32) -> [Fault] {
    [false, true].map { Fault(name: name, operations: Int32(operations), code: code, isForGood: $0) }
  }

  /// What a run was told.
  private struct Log {
    var acknowledged: Set<String> = []
    var refused: Set<String> = []
    var codes: Set<StoreError.Code> = []

    mutating func call(_ name: String, _ body: () throws(StoreError) -> Void) {
      do throws(StoreError) {
        try body()
        acknowledged.insert(name)
      } catch {
        refused.insert(name)
        codes.insert(error.code)
      }
    }
  }

  private static func bars(_ name: String, rows: Int) -> BarBatch {
    var batch = BarBatch(
      symbol: name, timeframe: "1h", timestamps: (0..<rows).map { threeOClock + Int64($0) * hour })
    batch.close = (0..<rows).map { Double($0) }
    batch.features = [BarBatch.FeatureColumn("k@1", (0..<rows).map { Double($0) / 3 })]
    return batch
  }

  /// A day at the desk in small; each call leaves something to look for under its own name.
  private static func work(_ store: Store, _ log: inout Log, backup: String) {
    log.call("bars") { () throws(StoreError) in try store.market.write(bars("bars", rows: 60)) }
    log.call("state") { () throws(StoreError) in try store.state.set("state", json: "1") }
    log.call("transaction") { () throws(StoreError) in
      try store.transaction { () throws(StoreError) in
        try store.market.write(bars("transaction", rows: 3))
        try store.state.set("transaction", json: "2")
      }
    }
    log.call("read") { () throws(StoreError) in
      _ = try store.market.read(["before", "bars"], "1h", features: .all)
    }
    log.call("checkpoint") { () throws(StoreError) in try store.checkpoint() }
    log.call("again") { () throws(StoreError) in try store.market.write(bars("again", rows: 60)) }
    log.call("delete") { () throws(StoreError) in try store.market.delete("before", "1h") }
    log.call("backup") { () throws(StoreError) in try store.backup(to: backup) }
    log.call("info") { () throws(StoreError) in
      _ = try store.info()
      _ = try store.check()
    }
  }

  private static let stored = ["bars", "state", "transaction", "again"]

  @Test(arguments: faults)
  func everyAcknowledgedCallIsInTheFileAndNothingOfTheOthers(fault: Fault) throws {
    let file = try Self.fileOfBefore()
    var runs = 0
    var n: Int32 = 1
    while true {
      let scratch = try Scratch()
      try write(file, to: scratch.path())
      var log = Log()

      fault_vfs_arm(scratch.folder + "/", fault.operations, n, fault.code, fault.isForGood ? 1 : 0)
      let store = try? Store(scratch.path())
      if let store { Self.work(store, &log, backup: scratch.path("copy.db")) }
      let failed = fault_vfs_disarm()

      checkTold(log, n)
      // The disk is well again, and so is the store that met the fault.
      if let store {
        try store.state.set("after", json: "3")
        #expect(try store.check() == [], "\(fault.testDescription), n = \(n)")
        store.close()
      }
      try checkFile(scratch, log, hadStore: store != nil, "\(fault.testDescription), n = \(n)")
      runs += 1
      if failed == 0 { break }
      n += 1
    }
    #expect(runs > 1, "the fault was met at least once")
  }

  /// A store with five bars in it, as bytes.
  private static func fileOfBefore() throws -> [UInt8] {
    #expect(fault_vfs_install() == SQLITE_OK)
    let scratch = try Scratch()
    try scratch.store().market.write(bars("before", rows: 5))
    return try contents(scratch.path())
  }

  private func checkTold(_ log: Log, _ n: Int32) {
    // Neither a bug nor a busy writer nor a damaged file: the disk.
    let strange = log.codes.subtracting([.storage])
    #expect(strange.isEmpty, "n = \(n): codes \(strange.map(\.rawValue)), refused \(log.refused.sorted())")
  }

  private func checkFile(_ scratch: Scratch, _ log: Log, hadStore: Bool, _ run: String) throws {
    let store = try scratch.store()
    defer { store.close() }
    #expect(try store.check() == [], "\(run)")
    for name in Self.stored {
      let expected = log.acknowledged.contains(name)
      let rows = try store.market.read([name], "1h", features: .all)
      let fullRows = name == "transaction" ? 3 : name == "state" ? 0 : 60
      #expect(rows.count == (expected ? fullRows : 0), "\(run): \(name)")
      if name == "state" || name == "transaction" {
        #expect((try store.state.get(name) != nil) == expected, "\(run): \(name)")
      }
      if rows.count > 0 { #expect(rows.features.first?.values.last == Double(rows.count - 1) / 3, "\(run)") }
    }
    let before = try store.closes("before").count
    #expect(before == (log.acknowledged.contains("delete") ? 0 : 5), "\(run)")
    #expect((try store.state.get("after") != nil) == hadStore, "\(run)")
    // A backup is there whole, or not at all, and nothing else is left lying about.
    #expect(
      scratch.names.filter { $0.hasPrefix("copy") }
        == (log.acknowledged.contains("backup") ? ["copy.db"] : []),
      "\(run)")
    if log.acknowledged.contains("backup") {
      let copy = try scratch.store("copy.db")
      #expect(try copy.check() == [], "\(run)")
    }
  }

  @Test(arguments: faults)
  func aStoreWhoseMakingFailedCanBeMadeAfterwards(fault: Fault) throws {
    #expect(fault_vfs_install() == SQLITE_OK)
    var n: Int32 = 1
    while true {
      let scratch = try Scratch()
      var made = false
      fault_vfs_arm(scratch.folder + "/", fault.operations, n, fault.code, fault.isForGood ? 1 : 0)
      do throws(StoreError) {
        let store = try Store(scratch.path())
        made = true
        store.close()
      } catch {
        #expect(error.code == .storage, "n = \(n): \(error.message)")
      }
      let failed = fault_vfs_disarm()
      let store = try scratch.store()
      try store.state.set("k", json: "1")
      #expect(try store.check() == [], "\(fault.testDescription), n = \(n)")
      store.close()
      if failed == 0 {
        #expect(made)
        return
      }
      n += 1
    }
  }

  @Test func aTransactionThatTheDiskTookBackSaysSoUntilItIsEnded() throws {
    #expect(fault_vfs_install() == SQLITE_OK)
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.beginTransaction()
    try store.state.set("lost", json: "1")
    fault_vfs_arm(scratch.folder + "/", Int32(FAULT_WRITE), 1, SQLITE_FULL, 1)
    try refused(.storage) { try store.commitTransaction() }
    #expect(fault_vfs_disarm() > 0)
    try store.rollBackTransaction()
    try refused(.invalid) { try store.commitTransaction() }
    #expect(try store.state.get("lost") == nil)
    try store.state.set("kept", json: "1")
    #expect(try store.state.entries().map(\.key) == ["kept"])
  }
}
