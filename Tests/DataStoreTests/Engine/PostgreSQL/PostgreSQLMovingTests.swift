// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// Copies between a file and a server, which keeps the sign of a zero where a file does not.
@Suite(.enabled(if: Server.isThere, "DATA_STORE_POSTGRESQL names no server"))
struct PostgreSQLMovingTests {
  let scratch: Scratch
  let server: Server
  let file: Store
  let remote: Store

  init() throws {
    scratch = try Scratch()
    server = try Server()
    file = try scratch.file()
    remote = try server.store()
  }

  @Test func aNegativeZeroEqualsTheZeroOfAFile() throws {
    let zeros = BarBatch.hourly([-0.0, 0, -0.0])
    try file.market.write(zeros)
    try remote.market.write(zeros)
    #expect(try file.closes().map(\.sign) == [.plus, .plus, .plus])
    #expect(try remote.closes().map(\.sign) == [.minus, .plus, .minus])
    #expect(try file.differences(from: remote).isEmpty)
    #expect(try remote.differences(from: file).isEmpty)
    #expect(try file.hash("EURUSD", "1h") == remote.hash("EURUSD", "1h"))
    // So nothing is written, and the sign stays.
    #expect(try file.copy(to: remote).barsWritten == 0)
    #expect(try remote.copy(to: file).barsWritten == 0)
    #expect(try remote.closes().map(\.sign) == [.minus, .plus, .minus])
  }

  @Test func aNegativeZeroIsCopiedAsWhatTheTargetKeeps() throws {
    try remote.market.write(.hourly([-0.0, 1]))
    #expect(try remote.copy(to: file).barsWritten == 2)
    #expect(try file.closes().map(\.bitPattern) == [0.0, 1].map(\.bitPattern))
    let other = try Server()
    let copy = try other.store()
    #expect(try remote.copy(to: copy).barsWritten == 2)
    #expect(try copy.closes().map(\.bitPattern) == [-0.0, 1].map(\.bitPattern))
    try remote.backup(to: scratch.path("backup.db"))
    #expect(try scratch.file("backup.db").closes().map(\.sign) == [.plus, .plus])
  }

  @Test func aCopyComesBackAsItWas() throws {
    var batch = BarBatch.hourly([1, .nan, .infinity])
    batch.featuresJSON = [#"{"a@1":{"value":1.50,"quality":"ready"}}"#, nil, "{}"]
    try file.market.write(batch)
    try file.state.set("k", json: "[1.10, 1e400]")
    try file.market.record(
      MarketRequest(
        symbol: "A", timeframe: "1h", requestedAt: threeOClock + 1, start: 0, end: 1, providerUsed: "p"))
    try file.copy(to: remote)
    let back = try Store(scratch.path("back.db"))
    try remote.copy(to: back)
    #expect(try file.differences(from: remote).isEmpty)
    #expect(try file.differences(from: back).isEmpty)
    #expect(try back.state.get("k") == "[1.10, 1e400]")
  }

  /// A trigger changes each bar that is stored. After its rounds the copy says so, with the first bar.
  @Test func aCopyThatIsNeverEqualSaysWhichBarDiffers() throws {
    try file.market.write(.hourly([1, 2]))
    try server.run(
      """
      CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.close := NEW.close + 10; RETURN NEW; END $$;
      CREATE TRIGGER more BEFORE INSERT OR UPDATE ON market_data FOR EACH ROW EXECUTE FUNCTION more()
      """)
    let error = try refused(.busy) { try file.copy(to: remote) }
    #expect(
      error.message.contains("EURUSD 1h 2026-03-01T15:00:00+00:00: close is 1.0 here and 11.0 there"),
      "\(error.message)")
    // What it has copied stays, and the next one goes on.
    #expect(try remote.closes() == [11, 12])
    try server.run("DROP TRIGGER more ON market_data")
    #expect(try file.copy(to: remote).barsWritten == 2)
    #expect(try file.differences(from: remote).isEmpty)
  }
}
