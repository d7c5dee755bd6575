// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// What is known of rows in other forms holds until another connection commits, however often the store itself does.
@Suite struct OtherCommitsTests {
  /// By the count that SQLite keeps for a connection: the way of a store without fast paths.
  @Test func ownCommitsAndCheckpointsDoNotLookLikeAnothers() throws {
    let scratch = try Scratch()
    let raw = try scratch.specifiedFile(pageSize: 4096)
    let connection = try plainWriter(scratch)
    let version = try versionSeen(by: connection)
    for step in 0..<20 {
      try connection.execute("INSERT INTO system_state VALUES ('own\(step)', 1, '')")
      // What a checkpoint does right behind a commit.
      try connection.beginWriting()
      try connection.execute("ROLLBACK")
      if step % 3 == 0 {
        try connection.beginWriting()
        try connection.execute("COMMIT")
        try connection.beginWriting()
        try connection.execute("COMMIT")
        #expect(try versionSeen(by: connection) == version, "step \(step), commits of nothing")
      }
      if step % 4 == 0 {
        try connection.execute("BEGIN; INSERT INTO system_state VALUES ('gone', 1, ''); ROLLBACK")
      }
      if step % 5 == 0 {
        try connection.execute(
          "BEGIN; SAVEPOINT s; INSERT INTO system_state VALUES ('gone', 1, ''); ROLLBACK TO s;"
            + " INSERT INTO system_state VALUES ('kept\(step)', 1, ''); COMMIT")
      }
      #expect(throws: StoreError.self) {
        try connection.execute("INSERT INTO system_state VALUES ('own\(step)', 1, '')")
      }
      #expect(try versionSeen(by: connection) == version, "step \(step)")
    }
    for step in 0..<20 {
      let before = try versionSeen(by: connection)
      try connection.execute("INSERT INTO system_state VALUES ('again\(step)', 1, '')")
      try raw.execute("INSERT INTO system_state VALUES ('other\(step)', 1, '')")
      if step % 2 == 0 { try raw.execute("PRAGMA wal_checkpoint(RESTART)") }
      if step % 3 == 0 { try connection.execute("BEGIN IMMEDIATE; ROLLBACK") }
      #expect(try versionSeen(by: connection) != before, "step \(step)")
    }
  }

  private func plainWriter(_ scratch: Scratch) throws -> StoreConnection {
    let settings = Connection.Settings(
      timeout: 5, synchronous: "NORMAL", walLimit: 1 << 22, fastPaths: [])
    let connection = try StoreConnection(scratch.path(), .readWrite, settings)
    connection.waitFairly()
    connection.openWAL()
    return connection
  }

  private func versionSeen(by connection: StoreConnection) throws -> UInt32 {
    try connection.execute("BEGIN")
    _ = try connection.integer("SELECT count(*) FROM main.sqlite_schema")
    let version = connection.dataVersion
    try connection.execute("COMMIT")
    return version
  }
}
