// SPDX-License-Identifier: MIT
import DataStore
import DataStoreFoundation
import Foundation
import Testing

private struct Phase: Codable, Equatable {
  var name: String
  var entry: Double?
  var sizes: [Int64]
  var at: Date
}

@Suite struct StateValueTests {
  @Test func aValueComesBackEqual() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let phase = Phase(
      name: "long \"\u{1F600}/\u{e9}", entry: 0.1 + 0.2, sizes: [.min, .max, 0],
      at: Date(timeIntervalSince1970: 0.1))
    try store.state.set("phase", phase)
    #expect(try store.state.get("phase", as: Phase.self) == phase)
    try store.state.set("word", "flat")
    #expect(try store.state.get("word") == "\"flat\"")
    #expect(try store.state.get("word", as: String.self) == "flat")
    try store.state.set("none", Int?.none)
    #expect(try store.state.get("none") == "null")
    #expect(try store.state.get("none", as: Int.self) == nil)
    #expect(try store.state.get("absent", as: Int.self) == nil)
    try store.state.set("list", [1, 2, 3])
    try store.state.set("flag", true)
    #expect(try store.state.get("flag", as: Bool.self) == true)
    try store.state.setMany(["m1": "long", "m2": 3, "m3": [Double?.none]])
    #expect(try store.state.entries(prefix: "m").map(\.json) == ["\"long\"", "3", "[null]"])
    try refused(.invalid) { try store.state.setMany(["m1": "flat", "m2": Double.nan]) }
    #expect(try store.state.get("m1", as: String.self) == "long")
    let instant = Instant(nanoseconds: threeOClock + 1)
    try store.state.set("at", ["at": instant])
    #expect(try store.state.get("at") == #"{"at":"2026-03-01T15:00:00.000000001+00:00"}"#)
    #expect(try store.state.get("at", as: [String: Instant].self) == ["at": instant])
    try store.state.set("at", "today")
    try refused(.invalid) { try store.state.get("at", as: Instant.self) }
    #expect(try store.state.values(prefix: "l", as: [Int].self).map(\.value) == [[1, 2, 3]])
  }

  @Test func integersKeepEachDigit() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for number in [Int64.min, .min + 1, -1, 0, 1 << 53 + 1, .max - 1, .max] {
      try store.state.set("n", number)
      #expect(try store.state.get("n", as: Int64.self) == number)
      try store.state.set("n", [number])
      #expect(try store.state.get("n", as: [Int64].self) == [number])
    }
    try store.state.set("n", [UInt64.max])
    #expect(try store.state.get("n", as: [UInt64].self) == [.max])
    #expect(try refused(.invalid) { try store.state.set("n", UInt64.max) }.key == "n")
  }

  @Test func doublesKeepEachBit() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    var generator = SystemRandomNumberGenerator()
    var numbers: [Double] = [
      0, 0.1, -0.1, 1e16, 1e22, Double.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
      1.0.nextUp, 0x1p63,
      -0x1p63,
      9_007_199_254_740_992, 1e-7, 123_456_789.123_456_789, .pi,
    ]
    while numbers.count < 2_000 {
      let number = Double(bitPattern: generator.next())
      if number.isFinite { numbers.append(number) }
    }
    try store.state.set("all", numbers + [-0.0])
    let all = try #require(try store.state.get("all", as: [Double].self))
    #expect(all.map(\.bitPattern) == (numbers + [-0.0]).map(\.bitPattern))
    for number in numbers.prefix(200) {
      try store.state.set("n", number)
      #expect(try store.state.get("n", as: Double.self)?.bitPattern == number.bitPattern)
    }
  }

  @Test func whatIsNotJSONOrAnotherTypeIsRefused() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for number in [Double.nan, .infinity, -.infinity] {
      #expect(try refused(.invalid) { try store.state.set("n", number) }.key == "n")
      let error = try refused(.invalid) { try store.state.set("n", ["entry": [1, number]]) }
      #expect(error.message.contains("entry"))
    }
    #expect(try store.state.get("n") == nil)
    try store.state.set("n", ["name": "x"])
    let error = try refused(.invalid) { try store.state.get("n", as: Phase.self) }
    #expect(error.key == "n" && error.message.contains("sizes"))
    try refused(.invalid) { try store.state.get("n", as: Int.self) }
    try store.state.set("n", 1.5)
    try refused(.invalid) { try store.state.get("n", as: Int.self) }
    try refused(.invalid) { try store.state.set("", 1) }
  }

  @Test func compareAndSetComparesValues() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(try store.state.compareAndSet("phase", expected: nil, "long"))
    #expect(try !store.state.compareAndSet("phase", expected: nil, "short"))
    #expect(try !store.state.compareAndSet("phase", expected: "flat", "short"))
    #expect(try store.state.compareAndSet("phase", expected: "long", "short"))
    try store.state.set("n", json: #"{"b":2.0,"a":1}"#)
    #expect(try store.state.compareAndSet("n", expected: ["a": 1, "b": 2], ["a": 3]))
    #expect(try store.state.get("n", as: [String: Int].self) == ["a": 3])
  }
}
