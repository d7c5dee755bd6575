// SPDX-License-Identifier: MIT
import CArrow
import Testing

@testable import DataStore

/// `ArrowStream` at the edge to C: another library's stream is released once, and its arrays each.
@Suite struct ArrowOwnershipTests {
  /// Three chunks of two rows; each first row's close is the second in its buffer, and the other one is null.
  private func producer() -> ArrowProducer {
    var chunks: [ArrowProducer.Chunk] = []
    for chunk in 0..<3 {
      let times: [Int64] = [Int64(2 * chunk) * hour, Int64(2 * chunk + 1) * hour]
      let closes: [Double] = [-1, Double(chunk), -1]
      let columns = [
        ProducedColumn(name: "timestamp", format: "tsn:UTC", buffers: [nil, bytes(times)]),
        ProducedColumn(
          name: "close", format: "g", buffers: [bitmap([false, true, false]), bytes(closes)], offset: 1),
      ]
      chunks.append(ArrowProducer.Chunk(count: 2, columns: columns))
    }
    return ArrowProducer(chunks)
  }

  @Test func aStreamIsReleasedOnceHoweverItEnds() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let unread = producer()
    try unread.lend { pointer in _ = try ArrowStream(moving: pointer) }
    #expect(unread.released == 1 && unread.arraysMade == 0)

    let partly = producer()
    try partly.lend { pointer in
      var stream = try ArrowStream(moving: pointer)
      let batch = try #require(try stream.next())
      #expect(try batch["close", as: Double?.self] == [0, nil])
      #expect(partly.arraysReleased == 0)
    }
    #expect(partly.released == 1 && partly.arraysMade == 1 && partly.arraysReleased == 1)

    let whole = producer()
    try whole.lend { pointer in
      var stream = try ArrowStream(moving: pointer)
      var closes: [Double?] = []
      while let batch = try stream.next() { closes += try batch["close"] }
      #expect(closes == [0, nil, 1, nil, 2, nil])
      // At its end, not first when it goes out of scope.
      #expect(whole.released == 1)
      #expect(try stream.next() == nil)
    }
    #expect(whole.released == 1 && whole.arraysReleased == 3)

    let written = producer()
    try written.lend { pointer in
      let rows = try store.market.write(arrow: ArrowStream(moving: pointer), symbol: "A", timeframe: "1h")
      #expect(rows == 6)
    }
    #expect(written.released == 1 && written.arraysReleased == 3)

    let failing = producer()
    failing.failsAt = 1
    try failing.lend { pointer in
      var stream = try ArrowStream(moving: pointer)
      #expect(try stream.next()?.count == 2)
      try refused(.invalid) { _ = try stream.next() }
      #expect(failing.released == 1)
      #expect(try stream.next() == nil)
    }
    #expect(failing.released == 1 && failing.arraysReleased == 1)

    let refusedWrite = producer()
    try refusedWrite.lend { pointer in
      _ = try refused(.invalid) {
        try store.market.write(arrow: ArrowStream(moving: pointer), symbol: "", timeframe: "1h")
      }
    }
    #expect(refusedWrite.released == 1)
  }

  @Test func aStreamGoesThroughCAndBack() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try store.market.write(.hourly([1, 2]))
    var slot = ArrowArrayStream()
    try withUnsafeMutablePointer(to: &slot) { pointer in
      let raw = UnsafeMutableRawPointer(pointer)
      try store.market.read(["EURUSD"], "1h").arrow().move(to: raw)
      #expect(pointer.pointee.release != nil)
      var back = try ArrowStream(moving: raw)
      #expect(pointer.pointee.release == nil)
      #expect(try back.next()?["close", as: Double.self] == [1, 2])
      try refused(.invalid) { _ = try ArrowStream(moving: raw) }
    }
  }

  @Test func dictionariesAndViewsOfOtherLibrariesAreRead() throws {
    var word = ProducedColumn(name: "word", format: "c", buffers: [nil, bytes([1, 0, 1] as [Int8])])
    word.dictionary = [nil, bytes([0, 1, 3] as [Int32]), Array("abc".utf8)]
    word.dictionaryCount = 2
    let columns = [
      word, ProducedColumn(name: "small", format: "C", buffers: [nil, [0, 255, 7]]),
      ProducedColumn(name: "huge", format: "L", buffers: [nil, bytes([.max, 1, 2] as [UInt64])]),
      ProducedColumn(name: "naive", format: "tss:", buffers: [nil, bytes([0, 1, 2] as [Int64])]),
      ProducedColumn(
        name: "seconds", format: "tss:Europe/Madrid", buffers: [nil, bytes([0, 1, .max] as [Int64])]),
      ProducedColumn(name: "bytes", format: "z", buffers: [nil, bytes([0, 1, 1, 2] as [Int32]), [8, 9]]),
      ProducedColumn(name: "day", format: "tdD", buffers: [nil, bytes([0, 1, 2] as [Int32])]),
    ]
    let producer = ArrowProducer([ArrowProducer.Chunk(count: 3, columns: columns)])
    try producer.lend { pointer in
      var stream = try ArrowStream(moving: pointer)
      let batch = try #require(try stream.next())
      #expect(try batch["word", as: String.self] == ["bc", "a", "bc"])
      #expect(try batch["small", as: Int.self] == [0, 255, 7])
      #expect(try refused(.invalid) { try batch["huge", as: Int.self] }.row == 0)
      try refused(.invalid) { try batch["naive", as: Instant.self] }
      #expect(try refused(.invalid) { try batch["seconds", as: Instant.self] }.row == 2)
      #expect(try batch["bytes", as: [UInt8].self] == [[8], [], [9]])
      #expect(try refused(.invalid) { try batch["day", as: Int.self] }.message.contains("date32"))
    }
    #expect(producer.released == 1 && producer.arraysReleased == 1)
  }
}
