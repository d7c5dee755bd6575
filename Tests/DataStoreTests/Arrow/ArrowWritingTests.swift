// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct ArrowWritingTests {
  /// Rows as they are meant, and as chunks of random lengths, types, offsets and validity.
  private struct Table {
    var closes: [Double?] = []
    var sources: [String?] = []
    var gaps: [Bool?] = []
    var chunks: [ArrowProducer.Chunk] = []

    init(_ random: inout some RandomNumberGenerator) {
      let numbers: StaticString = ["g", "f", "l", "i", "S", "C"].randomElement(using: &random) ?? "g"
      let texts: StaticString = ["u", "U", "vu"].randomElement(using: &random) ?? "u"
      let index: StaticString? = [nil, "c", "S", "l"].randomElement(using: &random) ?? nil
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let count = Int.random(in: 0...40, using: &random)
        var columns = [times(from: closes.count, count, &random)]
        columns.append(closes(numbers, count, &random))
        columns.append(sources(texts, index, count, &random))
        columns.append(gaps(count, &random))
        chunks.append(ArrowProducer.Chunk(count: count, columns: columns))
      }
    }

    /// Values with as many strange ones before and behind them as `offset` says, and their validity.
    private static func sliced<Value>(
      _ values: [Value?], _ strange: Value, _ random: inout some RandomNumberGenerator
    ) -> (values: [Value], validity: [UInt8]?, offset: Int) {
      let offset = Int.random(in: 0...11, using: &random)
      let all = [Value?](repeating: nil, count: offset) + values + [nil]
      let hasMap = values.contains { $0 == nil } || Bool.random(using: &random)
      let validity = hasMap ? bitmap(all.map { $0 != nil }) : nil
      return (all.map { $0 ?? strange }, validity, offset)
    }

    private func times(
      from first: Int, _ count: Int, _ random: inout some RandomNumberGenerator
    ) -> ProducedColumn {
      let ticks = (0..<count).map { row in Optional((threeOClock + Int64(first + row) * hour) / 1_000) }
      let (values, validity, offset) = Self.sliced(ticks, 0, &random)
      return ProducedColumn(
        name: "timestamp", format: "tsu:Europe/Madrid", buffers: [validity, bytes(values)], offset: offset)
    }

    private mutating func closes(
      _ format: StaticString, _ count: Int, _ random: inout some RandomNumberGenerator
    ) -> ProducedColumn {
      let values = (0..<count).map { _ in
        Int.random(in: 0..<4, using: &random) == 0 ? nil : Int64.random(in: 0...200, using: &random)
      }
      closes += values.map { $0.map(Double.init) }
      let (all, validity, offset) = Self.sliced(values, 99, &random)
      let buffer: [UInt8] =
        switch "\(format)" {
        case "g": bytes(all.map { Double($0) })
        case "f": bytes(all.map { Float($0) })
        case "l": bytes(all)
        case "i": bytes(all.map { Int32($0) })
        case "S": bytes(all.map { UInt16($0) })
        default: bytes(all.map { UInt8($0) })
        }
      return ProducedColumn(name: "close", format: format, buffers: [validity, buffer], offset: offset)
    }

    private mutating func gaps(
      _ count: Int, _ random: inout some RandomNumberGenerator
    ) -> ProducedColumn {
      let values: [Bool?] = (0..<count).map { _ in [nil, true, false].randomElement(using: &random) ?? nil }
      gaps += values
      let (all, validity, offset) = Self.sliced(values, true, &random)
      return ProducedColumn(name: "is_gap", format: "b", buffers: [validity, bitmap(all)], offset: offset)
    }

    private mutating func sources(
      _ format: StaticString, _ index: StaticString?, _ count: Int, _ random: inout some RandomNumberGenerator
    ) -> ProducedColumn {
      let words = ["feed", "", "é", "a source of more than twelve bytes", nil]
      let values: [String?] = (0..<count).map { _ in words.randomElement(using: &random) ?? nil }
      sources += values
      guard let index else {
        let (all, validity, offset) = Self.sliced(values, "strange", &random)
        return ProducedColumn(
          name: "source", format: format, buffers: [validity] + Self.layOut(all, format), offset: offset)
      }
      // A null may be one of the index, or of the dictionary.
      let dictionary = words.shuffled(using: &random)
      let places = values.map { value -> Int? in
        value == nil && Bool.random(using: &random) ? nil : dictionary.firstIndex { $0 == value }
      }
      let (all, validity, offset) = Self.sliced(places, 0, &random)
      let buffer: [UInt8] =
        switch "\(index)" {
        case "c": bytes(all.map { Int8($0) })
        case "S": bytes(all.map { UInt16($0) })
        default: bytes(all)
        }
      return ProducedColumn(
        name: "source", format: index, buffers: [validity, buffer], offset: offset,
        dictionary: [bitmap(dictionary.map { $0 != nil })]
          + Self.layOut(dictionary.map { $0 ?? "x" }, format),
        dictionaryFormat: format, dictionaryCount: dictionary.count)
    }

    private static func layOut(_ texts: [String], _ format: StaticString) -> [[UInt8]?] {
      let all = texts.flatMap { Array($0.utf8) }
      var ends = [0]
      for text in texts { ends.append((ends.last ?? 0) + text.utf8.count) }
      switch "\(format)" {
      case "u": return [bytes(ends.map { Int32($0) }), all]
      case "U": return [bytes(ends), all]
      default:
        var views: [UInt8] = []
        for (row, text) in texts.enumerated() {
          let text = Array(text.utf8)
          views += bytes([Int32(text.count)])
          if text.count <= 12 {
            views += text + [UInt8](repeating: 0, count: 12 - text.count)
          } else {
            views += text.prefix(4) + bytes([Int32(0), Int32(ends[row])])
          }
        }
        return [views, all, bytes([all.count])]
      }
    }
  }

  @Test(arguments: 0..<60)
  func whatComesInChunksIsWhatIsMeant(seed: UInt64) throws {
    var random = Seeded(seed: seed)
    let table = Table(&random)
    let scratch = try Scratch()
    let store = try scratch.store()
    let producer = ArrowProducer(table.chunks)
    let rows = try producer.lend { stream in
      try store.market.write(arrow: stream, symbol: "EURUSD", timeframe: "1h", replace: false)
    }
    #expect(rows == table.closes.count)
    #expect(producer.released == 1)
    #expect(producer.arraysReleased == producer.arraysMade)
    let bars = try store.market.read(["EURUSD"], "1h")
    #expect(bars.timestamps == table.closes.indices.map { threeOClock + Int64($0) * hour })
    #expect(bars.close.map { $0.isNaN ? nil : $0 } == table.closes)
    #expect(bars.source == table.sources)
    #expect(bars.isGap == table.gaps.map { $0 ?? false })
  }

  @Test(arguments: 0..<3)
  func aStreamThatFailsLeavesNothingAndIsReleased(chunk: Int) throws {
    var random = Seeded(seed: UInt64(chunk))
    var table = Table(&random)
    while table.chunks.count < 3 { table = Table(&random) }
    let scratch = try Scratch()
    let store = try scratch.store()
    let producer = ArrowProducer(table.chunks)
    producer.failsAt = chunk
    let error = try refused(.invalid) {
      try producer.lend { stream in
        try store.market.write(arrow: stream, symbol: "EURUSD", timeframe: "1h", replace: false)
      }
    }
    #expect(error.message.contains("errno 5"))
    #expect(producer.released == 1)
    #expect(producer.arraysReleased == producer.arraysMade)
    #expect(try store.market.series() == [])
  }

  /// What the core takes of a column of doubles is the producer's own memory.
  @Test func doublesWithoutNullsAreNotCopied() throws {
    let place = ArrowPlace(series: "", column: "close", isFeature: false)
    let field = ArrowField(name: "close", type: .float(bytes: 8), index: nil, typeName: "", children: [])
    let values: [Double] = [1, 2, 3, 4]
    try values.withUnsafeBufferPointer { values in
      var buffers: [UnsafeRawPointer?] = [nil, UnsafeRawPointer(values.baseAddress)]
      try buffers.withUnsafeMutableBufferPointer { buffers in
        var array = ArrowArrayOfTwoBuffers(buffers, count: 3, offset: 1)
        let column = try ArrowColumn(array.pointer, field, place)
        let pieces = ArrowPieces(pieces: [column], rows: 3, place: place, arena: ArrowArena())
        #expect(try pieces.doubles() == values.baseAddress.map { $0 + 1 })
        array.free()
      }
    }
  }

  @Test func halvesAreWhatTheProcessorMakesOfThem() {
    for bits in UInt16.min...UInt16.max {
      let exponent = Int(bits >> 10 & 0x1f)
      let fraction = Double(bits & 0x3ff)
      let sign: Double = bits >> 15 == 1 ? -1 : 1
      let expected: Double =
        switch exponent {
        case 0: sign * fraction * 0x1p-24
        case 0x1f: fraction == 0 ? sign * .infinity : .nan
        default: sign * (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        }
      let value = HalfFloat.double(bits)
      #expect(value == expected || value.isNaN && expected.isNaN, "\(bits)")
      #expect(value.sign == (bits >> 15 == 1 ? .minus : .plus))
    }
  }

  @Test(arguments: 0..<40)
  func bitmapsAreReadAndWrittenBitByBit(seed: UInt64) {
    var random = Seeded(seed: seed)
    let count = Int.random(in: 0...200, using: &random)
    let bits = (0..<count).map { _ in Int.random(in: 0..<(seed % 2 == 0 ? 2 : 300), using: &random) != 0 }
    var map = [UInt8](repeating: 0, count: Bits.bytes(count) + 1)
    let zeros = Bits.write(count, to: &map) { bits[$0] }
    #expect(zeros == bits.count { !$0 })
    #expect((0..<count).map { Bits.isSet(map, $0) } == bits)
    for first in 0...min(count, 20) {
      for length in 0...(count - first) {
        #expect(Bits.areSet(map, from: first, length) == bits[first..<(first + length)].allSatisfy { $0 })
      }
    }
    var packed = [UInt8](repeating: 0, count: Bits.bytes(count) + 1)
    bits.map { $0 ? 1 : 0 }.withUnsafeBufferPointer { Bits.pack($0, to: &packed) }
    #expect(packed == map)
  }
}
