// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct ColumnBufferTests {
  @Test func growsPadsAndCuts() {
    var column = ColumnBuffer<Int64>()
    let emptyBase = column.base
    for value in 0..<1_000 as Range<Int64> { column.append(value) }
    column.pad(to: 1_003, with: -1)
    column.pad(to: 5, with: -9)
    let values = Array(column.elements)
    column.truncate(to: 2)
    column.truncate(to: 900)
    let cut = Array(column.elements)
    #expect(emptyBase == nil)
    #expect(values == Array(0..<1_000) + [-1, -1, -1])
    #expect(cut == [0, 1])
  }

  @Test(arguments: [0, 1, 63, 64, 65, 129])
  func paddingAnEmptyColumnFillsIt(count: Int) {
    var column = ColumnBuffer<Double>()
    column.pad(to: count, with: 2.5)
    let values = Array(column.elements)
    let isAligned = column.base.map { Int(bitPattern: $0) % 16 == 0 } ?? (count == 0)
    #expect(values == Array(repeating: 2.5, count: count))
    #expect(isAligned)
  }

  @Test func reordersFromAPlaceOn() {
    var column = ColumnBuffer<Int32>()
    for value in [10, 11, 12, 13, 14] as [Int32] { column.append(value) }
    column.reorder(from: 2, by: [2, 0, 1])
    let values = Array(column.elements)
    column.reorder(from: 1, by: [3])
    let partly = Array(column.elements.prefix(2))
    #expect(values == [10, 11, 14, 12, 13])
    #expect(partly == [10, 13])
  }

  @Test func anEmptyColumnHasNothingToReorder() {
    var column = ColumnBuffer<UInt8>()
    column.reorder(from: 0, by: [])
    let count = column.count
    #expect(count == 0)
  }
}
