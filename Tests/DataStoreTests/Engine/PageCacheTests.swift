// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct PageCacheTests {
  @Test func growsWhileSmallWritesMissPagesAndNoLongWriteCounts() throws {
    let scratch = try Scratch()
    let raw = try scratch.raw()
    try raw.execute(
      """
      PRAGMA page_size=4096; PRAGMA cache_size=-2000; CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB);
      WITH RECURSIVE row(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM row WHERE number < 3000)
      INSERT INTO t SELECT number, zeroblob(3000) FROM row
      """)
    var cache = PageCache()
    func round(rowsACall: Int) throws -> Int {
      for key in stride(from: 1, through: 3000, by: rowsACall) {
        cache.note(rowsACall, raw.handle)
        _ = try raw.integer("SELECT sum(length(v)) FROM t WHERE k >= \(key) AND k < \(key + rowsACall)")
      }
      return try -raw.integer("PRAGMA cache_size")
    }
    #expect(try round(rowsACall: 3000) == 2000)
    let grown = try round(rowsACall: 1)
    #expect(grown > 2000)
    #expect(grown <= 64_000)
    // Nine megabytes are all in the cache by now.
    let enough = try round(rowsACall: 1)
    #expect(try round(rowsACall: 1) == enough)
    #expect(enough < 64_000)
  }
}
