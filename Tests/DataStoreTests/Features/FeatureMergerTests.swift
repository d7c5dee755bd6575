// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct FeatureMergerTests {
  private func merged(_ stored: String, _ new: String, _ merger: inout FeatureMerger) throws -> String {
    try withBytes(stored) { stored in
      try withBytes(new) { new in try merger.merge(stored: stored, new: new).text }
    }
  }

  /// `a=1,b=null` as features.
  private func features(_ entries: String) -> String {
    let parts = entries.split(separator: ",").map { entry in
      let sides = entry.split(separator: "=")
      return "\"\(sides[0])@1\":{\"value\":\(sides[1]),\"quality\":\"ready\"}"
    }
    return "{" + parts.joined(separator: ",") + "}"
  }

  @Test(
    arguments: [
      ("", "", ""), ("a=1", "", "a=1"), ("", "a=1", "a=1"), ("a=1", "a=2", "a=2"),
      ("a=1,b=2", "b=3", "a=1,b=3"), ("a=1,b=2,c=3", "c=30,a=10", "a=10,b=2,c=30"),
      ("b=1", "a=2,c=3", "b=1,a=2,c=3"), ("a=1", "a=null", "a=null"), ("a=null", "b=1", "a=null,b=1"),
      ("a=1.50,b=1E2", "c=0.10", "a=1.50,b=1E2,c=0.10"),
      ("a=1.50,b=1E2", "a=2,b=0.10", "a=2,b=0.10"), ("a=1,b=2", "b=3,a=4", "a=4,b=3"),
      ("a=1,b=2,c=3", "a=4,b=5", "a=4,b=5,c=3"), ("a=1,b=2", "a=4,b=5,c=6", "a=4,b=5,c=6"),
      ("c=3,a=1", "b=2,a=9,d=4", "c=3,a=9,b=2,d=4"),
    ] as [(String, String, String)])
  func mentionedKeysAreReplacedInPlaceAndNewOnesFollow(stored: String, new: String, expected: String) throws {
    var merger = FeatureMerger()
    let text = try merged(features(stored), features(new), &merger)
    #expect(text == features(expected))
  }

  @Test func aMentionedKeyIsReplacedWholeAndTheOthersDigitForDigit() throws {
    var merger = FeatureMerger()
    let text = try merged(
      "{\"a@1\":{\"value\":0.1000,\"quality\":\"warmup\"},\"b@1\":{\"value\":1e+05,\"quality\":\"degraded\"}}",
      "{\"a@1\":{\"value\":null,\"quality\":\"missing\"}}", &merger)
    #expect(
      text
        == "{\"a@1\":{\"value\":null,\"quality\":\"missing\"},\"b@1\":{\"value\":1e+05,\"quality\":\"degraded\"}}"
    )
  }

  @Test func spacesOfOtherToolsGoButNothingElse() throws {
    var merger = FeatureMerger()
    let text = try merged(
      "{ \"a@1\" : {\"quality\": \"ready\", \"value\": 1.0} }",
      "{\"b@1\": {\"value\": 2, \"quality\": \"ready\"}}",
      &merger)
    #expect(
      text == "{\"a@1\":{\"value\":1.0,\"quality\":\"ready\"},\"b@1\":{\"value\":2,\"quality\":\"ready\"}}")
  }

  @Test func tellsWhichTextIsDamaged() throws {
    var merger = FeatureMerger()
    let stored = try #require(throws: FeatureMerger.Fault.self) {
      _ = try merged("{\"a\":1}", features("b=1"), &merger)
    }
    guard case .stored(let fault) = stored else {
      Issue.record("the stored text is the damaged one")
      return
    }
    #expect(fault.key == "a")
    let new = try #require(throws: FeatureMerger.Fault.self) {
      _ = try merged(features("b=1"), "[]", &merger)
    }
    guard case .new = new else {
      Issue.record("the new text is the damaged one")
      return
    }
  }

  @Test func isRightForManyBarsInARow() throws {
    var merger = FeatureMerger()
    var random = Seeded()
    let names = (0..<12).map { "k\($0)" }
    for _ in 0..<500 {
      let stored = names.shuffled(using: &random).prefix(6)
      let new = names.shuffled(using: &random).prefix(4)
      let text = try merged(
        features(stored.map { "\($0)=1" }.joined(separator: ",")),
        features(new.map { "\($0)=2" }.joined(separator: ",")), &merger)
      let expected =
        stored.map { new.contains($0) ? "\($0)=2" : "\($0)=1" }
        + new.filter { !stored.contains($0) }.map { "\($0)=2" }
      #expect(text == features(expected.joined(separator: ",")), "\(random)")
    }
  }
}
