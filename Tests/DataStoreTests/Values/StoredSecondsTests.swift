// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// What reads times of whole seconds eight bytes at a time reads what the parser reads, and nothing else.
@Suite struct StoredSecondsTests {
  private func found(_ text: [UInt8], _ seconds: inout StoredSeconds) -> Int64? {
    text.withUnsafeBufferPointer { bytes in bytes.baseAddress.flatMap { seconds.instant($0) } }
  }

  private func expected(_ text: [UInt8]) -> Int64? {
    text.withUnsafeBufferPointer { TimestampParser.stored($0) }
  }

  /// Of the first and the last day of the range it may give none.
  private func isAtTheEnd(_ instant: Int64) -> Bool {
    let day = Timestamp.secondsPerDay * Timestamp.perSecond
    return instant < Int64.min + day || instant > Int64.max - day
  }

  @Test func itReadsWhatTheParserReads() {
    var random = Seeded()
    var seconds = StoredSeconds()
    var read = 0
    for _ in 0..<200_000 {
      let instant = random.instant() / Timestamp.perSecond * Timestamp.perSecond
      var text = Array(Timestamp.text(random.oneIn(3) ? instant : instant / 100_000).utf8)
      if text.count != StoredSeconds.bytes { continue }
      if random.oneIn(2) {
        let other = random.pick([
          UInt8.random(in: 0...255, using: &random), 0x2F, 0x3A, 0x30, 0x35, 0x36, 0x39, 0xB0,
        ])
        text[Int.random(in: text.indices, using: &random)] = other
      }
      let (found, expected) = (found(text, &seconds), expected(text))
      if found == nil, let expected, isAtTheEnd(expected) { continue }
      #expect(found == expected, "\(String(decoding: text, as: UTF8.self)), \(random)")
      if found != nil { read += 1 }
    }
    #expect(read > 10_000)
  }

  @Test(arguments: [
    "\0\0\0\0\0\0\0\0\0\0\0" + "15:00:00+00:00", "\0\0\0\0\0\0\0\0\0\0T15:00:00+00:00",
    "2026-02-29T15:00:00+00:00", "2026-03-01T24:00:00+00:00", "2026-03-01T15:60:00+00:00",
    "2026-03-01T15:00:60+00:00", "2026-03-01 15:00:00+00:00", "2026-03-01T15:00:00+01:00",
  ])
  func whatIsNoSuchTimeIsRefused(text: String) {
    var seconds = StoredSeconds()
    let bytes = Array(text.utf8)
    #expect(found(bytes, &seconds) == nil)
    #expect(expected(bytes) == nil)
    // After another of the same day.
    _ = found(Array("2026-03-01T00:00:00+00:00".utf8), &seconds)
    #expect(found(bytes, &seconds) == nil)
  }
}
