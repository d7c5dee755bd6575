// SPDX-License-Identifier: MIT
import Glibc

/// A record for each of many series, found by the bytes of the series' names, within a bound of memory.
struct KeptRecords: ~Copyable {
  /// What is known of a record.
  struct Head {
    var instant: Int64
    /// When it was found, and when it was last known to be right.
    var found: UInt32
    var confirmed: UInt32
    /// The pages on the way to it as of `found`; none where they are not known.
    var trail: PageTrail
  }

  struct Record {
    let head: UnsafeMutablePointer<Head>
    let bytes: Bytes
  }

  /// What a block begins with; the names and the record follow.
  private struct Block {
    var head: Head
    var room: UInt32
    var symbolBytes: UInt16
    var timeframeBytes: UInt16
    var recordBytes: UInt16
  }

  private struct Slot {
    var hash: UInt32
    /// nil where the slot is free.
    var block: UnsafeMutablePointer<Block>?
  }

  /// Of some ten to twenty thousand bars without features.
  static let mostBytes = 4 << 20
  static let longestRecord = 2048
  private static let longestNames = 512
  private static let fewestSlots = 64
  private static let mostSlots = 1 << 16
  /// Slots that are looked at for one series.
  private static let tries = 8
  /// What malloc adds to a block.
  private static let overhead = 16

  private var slots: UnsafeMutablePointer<Slot>?
  private var slotCount = 0
  /// Records, and bytes with all that goes with them.
  private(set) var count = 0
  private(set) var bytes = 0
  /// Where the next one goes that has to make room.
  private var hand = 0

  deinit {
    guard let slots else { return }
    for slot in 0..<slotCount { Glibc.free(slots[slot].block) }
    Glibc.free(slots)
  }

  @inline(__always)
  private func slot(_ hash: UInt32, _ symbol: Bytes, _ timeframe: Bytes) -> Int? {
    guard let slots else { return nil }
    for step in 0..<Self.tries {
      let slot = (Int(hash) + step) & (slotCount - 1)
      guard slots[slot].hash == hash, let block = slots[slot].block else { continue }
      let names = Self.names(block)
      let symbolBytes = Int(block.pointee.symbolBytes)
      if Bytes(start: names, count: symbolBytes).equalsWord(symbol),
        Bytes(start: names + symbolBytes, count: Int(block.pointee.timeframeBytes)).equalsWord(timeframe)
      {
        return slot
      }
    }
    return nil
  }

  @inline(__always)
  private static func names(_ block: UnsafeMutablePointer<Block>) -> UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(block + 1).assumingMemoryBound(to: UInt8.self)
  }

  /// The record of a series, until the next change.
  @inline(__always)
  func find(_ symbol: Bytes, _ timeframe: Bytes) -> Record? {
    guard let slot = slot(SeriesKeyHash.of(symbol, timeframe), symbol, timeframe),
      let block = slots?[slot].block
    else { return nil }
    let start = Self.names(block) + Int(block.pointee.symbolBytes) + Int(block.pointee.timeframeBytes)
    return Record(
      head: UnsafeMutableRawPointer(block).assumingMemoryBound(to: Head.self),
      bytes: Bytes(start: start, count: Int(block.pointee.recordBytes)))
  }

  /// Keeps a record in place of the one that the series had. With `pushes` others go where there is no room; else false says
  /// that there was none. What is not worth keeping is not kept.
  mutating func keep(
    _ head: Head, _ record: Bytes, _ symbol: Bytes, _ timeframe: Bytes, pushes: Bool = true
  ) -> Bool {
    let hash = SeriesKeyHash.of(symbol, timeframe)
    let nameBytes = symbol.count + timeframe.count
    let known = slot(hash, symbol, timeframe)
    guard record.count <= Self.longestRecord, nameBytes <= Self.longestNames else {
      if let known { free(slot: known) }
      return true
    }
    // Sixteen more, as malloc has it, so that another record of the series mostly fits.
    let needed = (MemoryLayout<Block>.stride + nameBytes + record.count + 15) & ~15
    if let known, let block = slots?[known].block, Int(block.pointee.room) >= needed {
      fill(block, head, record, symbol, timeframe)
      return true
    }
    if let known { free(slot: known) }
    while bytes + needed + Self.overhead > Self.mostBytes {
      guard pushes, pushOne() else { return false }
    }
    guard let slot = freeSlot(hash, pushes: pushes),
      let block = malloc(needed)?.bindMemory(to: Block.self, capacity: 1)
    else { return false }
    block.initialize(
      to: Block(
        head: head, room: UInt32(truncatingIfNeeded: needed), symbolBytes: 0, timeframeBytes: 0,
        recordBytes: 0))
    fill(block, head, record, symbol, timeframe)
    slots?[slot] = Slot(hash: hash, block: block)
    count += 1
    bytes += needed + Self.overhead
    return true
  }

  /// Keeps a record in place of one that was found, where there is room; else nothing happens.
  @inline(__always)
  func replace(_ record: Record, by head: Head, _ bytes: Bytes) -> Bool {
    let block = UnsafeMutableRawPointer(record.head).assumingMemoryBound(to: Block.self)
    let nameBytes = Int(block.pointee.symbolBytes) + Int(block.pointee.timeframeBytes)
    guard let start = bytes.baseAddress, bytes.count <= Self.longestRecord,
      MemoryLayout<Block>.stride + nameBytes + bytes.count <= Int(block.pointee.room)
    else { return false }
    block.pointee.head = head
    block.pointee.recordBytes = UInt16(truncatingIfNeeded: bytes.count)
    memmove(Self.names(block) + nameBytes, start, bytes.count)
    return true
  }

  private func fill(
    _ block: UnsafeMutablePointer<Block>, _ head: Head, _ record: Bytes, _ symbol: Bytes, _ timeframe: Bytes
  ) {
    block.pointee.head = head
    block.pointee.symbolBytes = UInt16(truncatingIfNeeded: symbol.count)
    block.pointee.timeframeBytes = UInt16(truncatingIfNeeded: timeframe.count)
    block.pointee.recordBytes = UInt16(truncatingIfNeeded: record.count)
    var end = Self.names(block)
    for text in [symbol, timeframe, record] {
      if let start = text.baseAddress { memmove(end, start, text.count) }
      end += text.count
    }
  }

  mutating func remove(_ symbol: Bytes, _ timeframe: Bytes) {
    if let slot = slot(SeriesKeyHash.of(symbol, timeframe), symbol, timeframe) { free(slot: slot) }
  }

  mutating func removeAll() {
    for slot in 0..<slotCount { free(slot: slot) }
  }

  private mutating func free(slot: Int) {
    guard let slots, let block = slots[slot].block else { return }
    slots[slot].block = nil
    count -= 1
    bytes -= Int(block.pointee.room) + Self.overhead
    Glibc.free(block)
  }

  /// Lets the next one go; false if there is none.
  private mutating func pushOne() -> Bool {
    guard let slots, count > 0 else { return false }
    while slots[hand & (slotCount - 1)].block == nil { hand += 1 }
    free(slot: hand & (slotCount - 1))
    return true
  }

  private mutating func freeSlot(_ hash: UInt32, pushes: Bool) -> Int? {
    while true {
      if let slots {
        for step in 0..<Self.tries {
          let slot = (Int(hash) + step) & (slotCount - 1)
          if slots[slot].block == nil { return slot }
        }
      }
      if !grow() { break }
    }
    guard pushes, slots != nil else { return nil }
    let slot = Int(hash) & (slotCount - 1)
    free(slot: slot)
    return slot
  }

  /// False where there is no memory, or they are many. Of records that would stand in one place, one goes.
  private mutating func grow() -> Bool {
    let larger = max(slotCount * 2, Self.fewestSlots)
    let added = (larger - slotCount) * MemoryLayout<Slot>.stride
    guard larger <= Self.mostSlots, bytes + added <= Self.mostBytes,
      let room = malloc(larger * MemoryLayout<Slot>.stride)
    else { return false }
    let new = room.bindMemory(to: Slot.self, capacity: larger)
    new.initialize(repeating: Slot(hash: 0, block: nil), count: larger)
    let (old, oldCount) = (slots, slotCount)
    (slots, slotCount) = (new, larger)
    bytes += added
    guard let old else { return true }
    for place in 0..<oldCount {
      guard let block = old[place].block else { continue }
      var isPlaced = false
      for step in 0..<Self.tries where !isPlaced {
        let slot = (Int(old[place].hash) + step) & (larger - 1)
        if new[slot].block == nil {
          new[slot] = old[place]
          isPlaced = true
        }
      }
      if !isPlaced {
        count -= 1
        bytes -= Int(block.pointee.room) + Self.overhead
        Glibc.free(block)
      }
    }
    Glibc.free(old)
    return true
  }
}
