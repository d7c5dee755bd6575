// SPDX-License-Identifier: MIT
import CSQLite
import IntruderVFS
import Testing

@testable import DataStore

/// A live bar begins without the lock of a reader. Another program that commits, and starts the WAL over, before the bar
/// has the lock on writing may show it a first page that is not of its snapshot: the bar is stored all the same.
@Suite(.filesOnly(.internals)) struct ReadLockSparingTests {
  /// The first page lies in the database, and the other program writes another one there.
  @Test(arguments: ["PASSIVE", "FULL", "RESTART", "TRUNCATE"])
  func storesABarBesideAProgramThatMakesTheFileLonger(checkpoint: String) throws {
    let before = { (other: Other) in
      try other.grow()
      try other.raw.execute(
        "PRAGMA wal_checkpoint; UPDATE system_state SET updated_at = 'later' WHERE key = 'small'")
    }
    try everyMoment(before) { other in
      try other.grow()
      try other.raw.execute("PRAGMA wal_checkpoint(\(checkpoint))")
    }
  }

  /// The first page lies in the WAL, in which other pages take its place.
  @Test(arguments: ["RESTART", "TRUNCATE"])
  func storesABarBesideSomeoneWhoStartsTheWALOver(checkpoint: String) throws {
    try everyMoment(Other.grow, at: "-wal") { other in
      try other.raw.execute("PRAGMA wal_checkpoint(\(checkpoint))")
      try other.grow()
    }
  }

  /// Another program changes the schema: the statement is prepared again, in the midst of it.
  @Test func storesABarBesideSomeoneWhoAddsATable() throws {
    var tables = 0
    try everyMoment(Other.grow) { other in
      tables += 1
      try other.raw.execute("CREATE TABLE other_\(tables) (a); PRAGMA wal_checkpoint(TRUNCATE)")
      try other.grow()
    }
    #expect(tables > 0)
  }

  /// Writes a live bar while the other program acts once, at the bar's first operation on the database, or on its -wal,
  /// then at its second, and so on to its last.
  private func everyMoment(
    _ before: (Other) throws -> Void, at file: String = "", _ act: @escaping (Other) throws -> Void
  ) throws {
    #expect(intruder_vfs_install() == SQLITE_OK)
    var operations = Int32.max
    var moment: Int32 = 0
    var acts = 0
    while moment < operations {
      moment += 1
      let scratch = try Scratch(in: "/dev/shm")
      let path = try StorePath(scratch.path()).resolved
      let store = try Store(path)
      let other = Other(try RawDatabase(path), act)
      try store.market.write(.live, "EURUSD", "1h")
      try other.raw.execute("INSERT INTO system_state VALUES ('small', 1, 'early')")
      try before(other)
      operations = try other.during(moment, path + file) { try store.market.write(.live, "USDJPY", "1h") }
      acts += other.acts
      #expect(try other.raw.integer("SELECT count(*) FROM market_data") == 2)
      #expect(try other.raw.integer("SELECT count(*) FROM system_state") == other.rows + 1)
      #expect(try other.raw.text("PRAGMA integrity_check") == "ok")
    }
    #expect(moment > 2 && acts > 0, "the other program was there: \(acts) of \(moment)")
  }

  private final class Other {
    let raw: RawDatabase
    private let act: (Other) throws -> Void
    private var hasActed = false
    /// How often it got to its end.
    private(set) var acts = 0
    private(set) var rows = 0

    init(_ raw: RawDatabase, _ act: @escaping (Other) throws -> Void) {
      (self.raw, self.act) = (raw, act)
      sqlite3_busy_timeout(raw.handle, 0)
    }

    /// Commits a row of some pages, which makes the file longer: its first page says so.
    static func grow(_ other: Other) throws { try other.grow() }

    func grow() throws {
      try raw.execute("INSERT INTO system_state VALUES (\(rows), printf('\"%.*c\"', 30000, 'a'), '')")
      rows += 1
    }

    func during(_ moment: Int32, _ path: String, _ body: () throws -> Void) throws -> Int32 {
      intruder_vfs_begin(
        path, moment, { me in me.map { Unmanaged<Other>.fromOpaque($0).takeUnretainedValue().intrude() } },
        Unmanaged.passUnretained(self).toOpaque())
      let result = Result { try body() }
      let operations = intruder_vfs_end()
      try result.get()
      return operations
    }

    private func intrude() {
      guard !hasActed else { return }
      hasActed = true
      if (try? act(self)) != nil { acts += 1 }
    }
  }
}

extension Bar {
  fileprivate static var live: Bar {
    var bar = Bar(timestamp: threeOClock)
    bar.close = 1
    return bar
  }
}
