// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct StateTests {
  @Test(
    arguments: [
      ("null", "null"), ("true", "true"), ("\"text\"", "\"text\""), ("\"12\"", "\"12\""), ("[]", "[]"),
      (" { \"a\" : [ 1.50 , 1e400 ] } ", "{ \"a\" : [ 1.50 , 1e400 ] }"), ("0", "0"), ("-1", "-1"),
      ("1.5", "1.5"),
      ("1.0", "1"), ("1e2", "100"), ("1e16", "10000000000000000"), ("9007199254740993.0", "9007199254740992"),
      ("9223372036854774784.0", "9223372036854774784"), ("9223372036854775808.0", "9.223372036854776e+18"),
      ("-9223372036854774784.0", "-9223372036854774784"),
      ("-9223372036854775808.0", "-9.223372036854776e+18"),
      ("-0.0", "0"), ("9223372036854775807", "9223372036854775807"),
      ("-9223372036854775808", "-9223372036854775808"), ("0.1", "0.1"), ("5e-324", "5e-324"),
      ("1e300", "1e+300"),
      ("1.7976931348623157e308", "1.7976931348623157e+308"),
      ("[123456789012345678901234567890]", "[123456789012345678901234567890]"),
      ("0.30000000000000004", "0.30000000000000004"), ("\"\u{1F600}\\u0000\"", "\"\u{1F600}\\u0000\""),
    ] as [(String, String)])
  func comesBackAsAnEqualValue(json: String, expected: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.state.set("k", json: json)
    #expect(try store.state.get("k") == expected)
    #expect(try store.state.compareAndSet("k", expected: json, json: "2"), "it equals what was set")
  }

  @Test func firstReadsSeeWhatOthersHaveStoredAndKeepNobodyWaiting() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 10)
    let other = try scratch.store()
    for value in 0..<20 {
      try other.state.set("k", json: "\(value)")
      #expect(try store.state.get("k") == "\(value)")
      #expect(try store.state.updatedAt("k") == other.state.updatedAt("k"))
    }
    #expect(try store.checkpoint().heldBack == 0)
    try store.beginTransaction()
    try store.state.set("k", json: "-1")
    #expect(try store.state.get("k") == "-1")
    #expect(try other.state.get("k") == "19")
    try store.rollBackTransaction()
    #expect(try store.state.get("k") == "19")
  }

  @Test func aReadBesideATransactionOfAnotherThreadSeesTheLastCommit() throws {
    let scratch = try Scratch()
    let store = try scratch.store(timeout: 10)
    try store.state.set("k", json: "1")
    try store.beginTransaction()
    try store.state.set("k", json: "2")
    let seen = try elsewhere { try store.state.get("k") }
    #expect(seen == "1")
    try store.commitTransaction()
    #expect(try store.state.get("k") == "2")
  }

  @Test func anyDoubleThatStandsAloneKeepsItsBits() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var random = Seeded()
    for _ in 0..<150 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite, value != 0 else { continue }
      try store.state.set("k", json: "\(value)")
      let text = try #require(try store.state.get("k"))
      #expect(Double(text)?.bitPattern == value.bitPattern, "\(random): \(text)")
    }
  }

  @Test(arguments: [
    "", "nan", "NaN", "Infinity", "[1,]", "{\"a\"}", "1 2", "1e400", "9223372036854775808", "'x'",
    String(repeating: "[", count: 501) + String(repeating: "]", count: 501),
  ])
  func whatIsNoStorableJSONIsRefused(json: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let error = try refused(.invalid) { try store.state.set("k", json: json) }
    #expect(error.key == "k")
    #expect(error.reason?.isEmpty == false)
    try refused(.invalid) { try store.state.setMany([("fine", "1"), ("k", json)]) }
    try refused(.invalid) { try store.state.compareAndSet("k", expected: nil, json: json) }
    #expect(try store.state.entries().isEmpty)
  }

  @Test func keysAreSortedAndPrefixesAreNoPatterns() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.state.setMany(["b%", "a_1", "aX1", "b", "é", "B"].map { ($0, "1") })
    #expect(try store.state.entries().map(\.key) == ["B", "aX1", "a_1", "b", "b%", "é"])
    #expect(try store.state.entries(prefix: "a_").map(\.key) == ["a_1"])
    #expect(try store.state.entries(prefix: "b%").map(\.key) == ["b%"])
    #expect(try store.state.entries(prefix: "x").isEmpty)
    #expect(
      try store.state.entries(prefix: "b", values: false) == [
        StateRepo.Entry(key: "b", json: nil), StateRepo.Entry(key: "b%", json: nil),
      ])
    try refused(.invalid) { try store.state.entries(prefix: "\0") }
  }

  @Test func deletingTellsWhetherThereWasSomething() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.state.set("k", json: "1")
    #expect(try store.state.delete("k"))
    #expect(try !store.state.delete("k"))
    #expect(try store.state.get("k") == nil)
    #expect(try store.state.updatedAt("k") == nil)
  }

  @Test func updatedAtIsTheTimeOfTheWrite() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let before = Timestamp.now()
    try store.state.set("k", json: "1")
    let time = try #require(try store.state.updatedAt("k"))
    #expect((before...Timestamp.now()).contains(time))
  }

  @Test(.filesOnly(.text)) func updatedAtIsStoredInTheOneForm() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.state.set("k", json: "1")
    let time = try #require(try store.state.updatedAt("k"))
    #expect(try scratch.raw().text("SELECT updated_at FROM system_state") == Timestamp.text(time))
  }

  @Test func compareAndSetStoresOnlyOverWhatWasExpected() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(try !store.state.compareAndSet("k", expected: "1", json: "2"))
    #expect(try store.state.compareAndSet("k", expected: nil, json: "{\"a\":1,\"b\":[true]}"))
    #expect(try !store.state.compareAndSet("k", expected: nil, json: "9"))
    #expect(try !store.state.compareAndSet("k", expected: "{\"a\":1,\"b\":[1]}", json: "9"))
    #expect(try store.state.compareAndSet("k", expected: "{\"b\":[true],\"a\":1.0}", json: "null"))
    #expect(
      try store.state.compareAndSet("k", expected: nil, json: "1"), "a stored null equals an absent key")
    try refused(.invalid) { try store.state.compareAndSet("k", expected: "{", json: "1") }
  }

  @Test func compareAndSetIsOneStepAmongManyThreads() throws {
    let scratch = try Scratch()
    let stores = try (0..<2).map { _ in try scratch.store(timeout: 600) }
    let workers = (0..<6).map { number in
      Worker {
        let state = stores[number % 2].state
        var done = 0
        while done < 40 {
          let old = try state.get("counter")
          let next = (old.flatMap { Int($0) } ?? 0) + 1
          if try state.compareAndSet("counter", expected: old, json: "\(next)") { done += 1 }
        }
      }
    }
    for worker in workers { try worker.join() }
    #expect(try stores[0].state.get("counter") == "240")
  }

  @Test(.filesOnly(.text), arguments: ["'not json'", "x'00'", "9e999", "'[1'", "CAST(x'FF' AS TEXT)"])
  func aDamagedValueIsCorruptAndReported(value: String) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try scratch.raw().execute("INSERT INTO system_state VALUES ('k', \(value), '2026-03-01T15:00:00+00:00')")
    #expect(try refused(.corrupt) { try store.state.get("k") }.message.contains("'k'"))
    try refused(.corrupt) { try store.state.entries() }
    try refused(.corrupt) { try store.state.compareAndSet("k", expected: nil, json: "1") }
    #expect(try store.state.entries(values: false).map(\.key) == ["k"])
    #expect(try store.check().count == 1)
    try store.state.set("k", json: "1")
    #expect(try store.check() == [])
  }
}
