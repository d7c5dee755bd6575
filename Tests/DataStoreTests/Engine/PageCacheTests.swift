// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite(.filesOnly(.internals)) struct PageCacheTests {
  private static let rows = 1500

  /// One row a page.
  private func connection(_ scratch: Scratch) throws -> Connection {
    let raw = try scratch.raw()
    try raw.execute(
      """
      PRAGMA page_size=4096; PRAGMA journal_mode=WAL; CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB);
      WITH RECURSIVE row(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM row WHERE number < \(Self.rows))
      INSERT INTO t SELECT number, zeroblob(3000) FROM row;
      PRAGMA wal_checkpoint(TRUNCATE)
      """)
    let settings = Connection.Settings(timeout: 5, synchronous: "NORMAL", walLimit: 1 << 22)
    let connection = try Connection(scratch.path(), .readWrite, settings, usesShim: true)
    connection.openWAL()
    connection.gatherFrames()
    return connection
  }

  private func size(_ connection: Connection) throws -> Int {
    try -Int(connection.integer("PRAGMA cache_size"))
  }

  private func write(_ connection: Connection, _ key: Int) throws {
    connection.expectRows(1)
    try connection.execute("UPDATE t SET v = zeroblob(2999 + k % 2) WHERE k = \(key)")
  }

  @Test func growsOnceSmallWritesFetchPagesAgain() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let connection = try connection(scratch)
    let first = try size(connection)
    for key in 1...Self.rows { try write(connection, key) }
    #expect(try size(connection) == first, "no page was asked for twice")
    for key in 1...Self.rows { try write(connection, key) }
    let grown = try size(connection)
    #expect(grown > Self.rows * 4, "room for all")
    #expect(grown < 64_000)
    for key in 1...Self.rows { try write(connection, key) }
    #expect(try size(connection) == grown, "enough")
  }

  @Test func doesNotGrowForLongWritesNorWhereAllIsInIt() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let connection = try connection(scratch)
    let first = try size(connection)
    for _ in 0..<3 {
      connection.expectRows(3000)
      _ = try connection.integer("SELECT sum(length(v)) FROM t")
    }
    #expect(try size(connection) == first)
    for round in 0..<1500 { try write(connection, round % 100 + 1) }
    #expect(try size(connection) == first)
  }

  /// Pages in no order, of many more than the largest cache holds.
  @Test func countsWhatACacheOfEachSizeWouldHaveSaved() {
    var random = Seeded()
    let fetches = PageFetches()
    fetches.noteRead(ofDatabase: 0, 4096)
    fetches.begin()
    #expect(fetches.count == 0, "\(random)")
    for page in [1, 2, 3, 1, 2, 3] as [Int64] { fetches.noteRead(ofDatabase: (page - 1) * 4096, 4096) }
    #expect((fetches.count, fetches.saved(byPages: 3), fetches.saved(byPages: 4)) == (6, 0, 3))
    // What is in the WAL is the same page.
    fetches.noteFrame(32 + 24, 4096, of: 3)
    fetches.noteRead(ofWAL: 32 + 24, 4096)
    #expect((fetches.count, fetches.saved(byPages: 2)) == (7, 1))
    fetches.begin()
    for _ in 0..<20_000 {
      fetches.noteRead(ofDatabase: Int64.random(in: 0..<200_000, using: &random) * 4096, 4096)
    }
    #expect(fetches.saved(byPages: 14_000) < fetches.count / 2, "\(random)")
    fetches.end()
    fetches.noteRead(ofDatabase: 0, 4096)
    #expect(fetches.count == 20_000)
  }
}
