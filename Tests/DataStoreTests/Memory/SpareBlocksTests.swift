// SPDX-License-Identifier: MIT
import Glibc
import Synchronization
import Testing

@testable import DataStore

/// Memory that long reads leave to each other.
@Suite struct SpareBlocksTests {
  private static let megabyte = 1 << 20

  /// A block as a long read maps it.
  private static func mapped(_ size: Int) throws -> UnsafeMutableRawBufferPointer {
    let whole = mmap(
      nil, size + SpareBlocks.alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    let start = try #require(whole == MAP_FAILED ? nil : whole)
    let before = -Int(bitPattern: start) & (SpareBlocks.alignment - 1)
    if before > 0 { munmap(start, before) }
    munmap(start + before + size, SpareBlocks.alignment - before)
    return UnsafeMutableRawBufferPointer(start: start + before, count: size)
  }

  /// mincore(2) knows no memory that is not mapped. (Another test may have mapped it again: no proof of what was freed.)
  private static func isMapped(_ block: UnsafeMutableRawBufferPointer) -> Bool {
    var pages = [UInt8](repeating: 0, count: (block.count + 4095) / 4096)
    return mincore(block.baseAddress, block.count, &pages) == 0
  }

  @Test func aBlockComesBackForAReadOfItsSizeOrALittleLess() throws {
    let spares = SpareBlocks()
    let block = try Self.mapped(3 * Self.megabyte)
    block.storeBytes(of: 7, as: UInt8.self)
    spares.keep(block)
    let (larger, tooSmall) = (spares.take(block.count + 1), spares.take(Self.megabyte))
    let taken = spares.take(block.count - 4096)
    let again = spares.take(block.count)
    #expect(larger == nil && tooSmall == nil && again == nil)
    #expect(taken?.baseAddress == block.baseAddress)
    #expect(taken?.count == block.count)
    // What was, or zeros where the system has taken it, and its own again.
    #expect([0, 7].contains(block.load(as: UInt8.self)))
    block.storeBytes(of: 9, as: UInt8.self)
    #expect(block.load(as: UInt8.self) == 9)
    munmap(block.baseAddress, block.count)
  }

  @Test func fewAreKeptAndTheOldestMakesRoom() throws {
    let spares = SpareBlocks()
    let blocks = try (0..<SpareBlocks.most + 1).map { _ in try Self.mapped(2 * Self.megabyte) }
    for block in blocks { spares.keep(block) }
    var found: Set<UnsafeMutableRawPointer?> = []
    while let block = spares.take(2 * Self.megabyte) {
      found.insert(block.baseAddress)
      munmap(block.baseAddress, block.count)
    }
    #expect(found == Set(blocks.dropFirst().map(\.baseAddress)))
  }

  @Test func aLargeBlockGoesBackAtOnceAndAllWhereMemoryIsShort() throws {
    let spares = SpareBlocks()
    spares.keep(try Self.mapped(SpareBlocks.largest + 4096))
    let wasEmpty = !spares.release()
    let block = try Self.mapped(SpareBlocks.largest)
    spares.keep(block)
    let isKept = Self.isMapped(block)
    let gaveBack = spares.release()
    let (isEmpty, left) = (!spares.release(), spares.take(SpareBlocks.largest))
    #expect(wasEmpty && isKept && gaveBack && isEmpty)
    #expect(left == nil)
  }

  /// Each writes its number all over a block and looks whether it is still there.
  @Test func noTwoThreadsHaveTheSameBlock() throws {
    final class Shared: Sendable {
      let spares = SpareBlocks()
      let strangers = Atomic<Int>(0)
      let reused = Atomic<Int>(0)
    }
    let shared = Shared()
    let size = 2 * Self.megabyte
    let threads = (1...4).map { number in
      Worker {
        for _ in 0..<2_000 {
          let spare = shared.spares.take(size)
          if spare != nil { shared.reused.add(1, ordering: .relaxed) }
          let block = try spare ?? Self.mapped(size)
          let places = stride(from: 0, to: size, by: size / 8)
          for place in places { block.storeBytes(of: UInt64(number), toByteOffset: place, as: UInt64.self) }
          sched_yield()
          for place in places where block.load(fromByteOffset: place, as: UInt64.self) != UInt64(number) {
            shared.strangers.add(1, ordering: .relaxed)
          }
          shared.spares.keep(block)
        }
      }
    }
    for thread in threads { try thread.join() }
    #expect(shared.strangers.load(ordering: .relaxed) == 0)
    #expect(shared.reused.load(ordering: .relaxed) > 0)
  }

  /// The same frames from memory that is used again, and while the ones before are still held.
  @Test func readsOneAfterTheOtherBringTheirOwnBars() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let rows = 40_000
    let symbols = ["A", "B", "C"]
    for (place, symbol) in symbols.enumerated() {
      var batch = BarBatch(
        symbol: symbol, timeframe: "1m", timestamps: (0..<rows).map { Int64($0) * 60_000_000_000 })
      batch.close = (0..<rows).map { Double($0 + place * rows) }
      try store.market.write(batch)
    }
    var held: [Bars] = []
    for round in 0..<9 {
      let place = round % symbols.count
      held.append(try store.market.read([symbols[place]], "1m"))
      if held.count > 2 { held.removeFirst() }
      for (age, bars) in held.reversed().enumerated() {
        let first = (round - age) % symbols.count * rows
        #expect(bars.close == (0..<rows).map { Double($0 + first) })
        let hasNoOthers = bars.open.allSatisfy { $0.isNaN }
        #expect(hasNoOthers)
      }
    }
  }
}
