// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct BarAccumulatorTests {
  /// Rows of one symbol with the close 10 times the time, ended as asked.
  private func accumulated(
    _ times: [Int64], skip: Int = 0, limit: Int? = nil, fromEnd: Bool = false
  ) -> (times: [Int64], closes: [Double]) {
    var rows = BarAccumulator(ReadShape(columns: .close))
    add(times, to: &rows, skip: skip, limit: limit, fromEnd: fromEnd)
    rows.finish()
    return (Array(rows.timestamps.elements), Array(rows.numbers[BarColumns.close.number].elements))
  }

  private func add(
    _ times: [Int64], to rows: inout BarAccumulator, skip: Int = 0, limit: Int? = nil, fromEnd: Bool = false
  ) {
    rows.beginSymbol()
    for time in times {
      rows.numbers[BarColumns.close.number].append(Double(time) * 10)
      rows.append(timestamp: time, isForeign: false)
    }
    rows.endSymbol(skip: skip, limit: limit, fromEnd: fromEnd)
  }

  @Test(
    arguments: [
      ([1, 2, 3], 0, nil, false, [1, 2, 3]), ([3, 1, 2], 0, nil, false, [1, 2, 3]),
      ([1, 2, 3, 4], 0, 2, false, [1, 2]),
      ([1, 2, 3, 4], 0, 2, true, [3, 4]), ([4, 3, 2, 1], 0, 2, false, [1, 2]),
      ([4, 3, 2, 1], 0, 2, true, [3, 4]),
      ([1, 2, 3, 4], 1, nil, false, [2, 3, 4]), ([1, 2, 3, 4], 1, 2, false, [2, 3]),
      ([4, 1, 3, 2], 3, 9, false, [4]),
      ([1, 2], 2, nil, false, []), ([1, 2], 5, 1, false, []), ([1, 2], 0, 0, false, []),
      ([], 0, 3, false, []),
      ([], 2, nil, true, []), ([2, 2, 1], 1, 1, false, [2]),
    ] as [([Int64], Int, Int?, Bool, [Int64])])
  func ordersThenSkipsThenLimits(times: [Int64], skip: Int, limit: Int?, fromEnd: Bool, expected: [Int64]) {
    let rows = accumulated(times, skip: skip, limit: limit, fromEnd: fromEnd)
    #expect(rows.times == expected)
    #expect(rows.closes == expected.map { Double($0) * 10 })
  }

  @Test func rowsOfTheSameInstantKeepTheirOrder() {
    var rows = BarAccumulator(ReadShape(columns: .close))
    rows.beginSymbol()
    for (time, close) in [(5, 1.0), (3, 2.0), (5, 3.0), (3, 4.0)] as [(Int64, Double)] {
      rows.numbers[BarColumns.close.number].append(close)
      rows.append(timestamp: time, isForeign: true)
    }
    rows.endSymbol(skip: 0, limit: nil, fromEnd: false)
    let closes = Array(rows.numbers[BarColumns.close.number].elements)
    let metForeignForm = rows.metForeignForm
    #expect(closes == [2, 4, 1, 3])
    #expect(metForeignForm)
  }

  @Test func eachSymbolIsOrderedAndCutByItself() {
    var rows = BarAccumulator(ReadShape(columns: .close))
    add([9, 8, 7], to: &rows, limit: 2)
    add([], to: &rows)
    add([1, 2, 3], to: &rows, limit: 2, fromEnd: true)
    add([5, 4], to: &rows)
    let times = Array(rows.timestamps.elements)
    let starts = rows.starts
    #expect(times == [7, 8, 2, 3, 4, 5])
    #expect(starts == [0, 2, 2, 4])
  }

  @Test func startingASymbolAgainForgetsItsRowsAlone() {
    var rows = BarAccumulator(ReadShape(columns: .close))
    add([1, 2], to: &rows)
    rows.beginSymbol()
    for time in [9, 8] as [Int64] {
      rows.numbers[BarColumns.close.number].append(0)
      rows.append(timestamp: time, isForeign: true)
    }
    rows.restartSymbol()
    let count = rows.count
    rows.numbers[BarColumns.close.number].append(30)
    rows.append(timestamp: 3, isForeign: false)
    rows.endSymbol(skip: 0, limit: nil, fromEnd: false)
    let times = Array(rows.timestamps.elements)
    #expect(count == 2)
    #expect(times == [1, 2, 3])
  }

  @Test func allColumnsMoveTogether() throws {
    var rows = BarAccumulator(ReadShape(columns: .all, features: .columns))
    rows.beginSymbol()
    for time in [2, 0, 1] as [Int64] {
      let value = Double(time)
      for column in [.open, .high, .low, .close, .volume, .latencySec] as [BarColumns] {
        rows.numbers[column.number].append(value)
      }
      rows.flags[BarColumns.isGap.number].append(UInt8(time))
      #expect(withBytes("s\(time)") { rows.texts[BarColumns.source.number].append($0) })
      #expect(
        time == 1
          ? rows.texts[BarColumns.quality.number].append(nil)
          : withBytes("q\(time)") { rows.texts[BarColumns.quality.number].append($0) })
      let row = rows.count
      try withBytes("{\"k\(time)@1\":{\"value\":\(time),\"quality\":\"ready\"}}") {
        try rows.features.append($0, row: row, in: nil)
      }
      rows.append(timestamp: time, isForeign: false)
    }
    try rows.features.settle()
    rows.endSymbol(skip: 0, limit: nil, fromEnd: false)
    rows.finish()
    for column in [.open, .high, .low, .close, .volume, .latencySec] as [BarColumns] {
      let numbers = Array(rows.numbers[column.number].elements)
      #expect(numbers == [0, 1, 2])
    }
    let flags = Array(rows.flags[BarColumns.isGap.number].elements)
    #expect(flags == [0, 1, 2])
    let sources = rows.texts[BarColumns.source.number].codes.elements.map {
      rows.texts[BarColumns.source.number].dictionary.texts[Int($0)].text
    }
    #expect(sources == ["s0", "s1", "s2"])
    let qualities = rows.texts[BarColumns.quality.number].codes.elements.map {
      $0 < 0 ? nil : rows.texts[BarColumns.quality.number].dictionary.texts[Int($0)].text
    }
    #expect(qualities == ["q0", nil, "q2"])
    let order = rows.features.table.order
    for (place, column) in order.enumerated() {
      let values = Array(rows.features.table.columns[column].values.elements)
      #expect(same(values, (0..<3).map { $0 == place ? Double(place) : .nan }))
    }
    #expect(order.count == 3)
  }

  @Test func textThatIsNoneIsTold() {
    var codes = BarAccumulator.TextCodes()
    let answers = [
      withBytes("fine") { codes.append($0) }, codes.append(nil), withBytes([0xFF]) { codes.append($0) },
      withBytes("a\0b") { codes.append($0) },
    ]
    #expect(answers == [true, true, false, false])
  }
}
