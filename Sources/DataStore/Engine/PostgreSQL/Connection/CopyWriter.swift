// SPDX-License-Identifier: MIT
import CPostgreSQL
import Glibc

/// Writes rows of `COPY … FROM STDIN (FORMAT binary)`, and sends them in pieces of 64 KiB.
struct CopyWriter: ~Copyable {
  private let session: Session
  private let base: UnsafeMutablePointer<UInt8>
  private var count = 0
  /// What is sent at once. A longer text is sent by itself.
  private static let room = 64 << 10

  init(_ session: Session) {
    self.session = session
    base = .allocate(capacity: Self.room)
    // Signature, flags, and the length of a header extension: https://www.postgresql.org/docs/current/sql-copy.html
    let header: [UInt8] = [
      0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    for byte in header {
      base[count] = byte
      count += 1
    }
  }

  deinit { base.deallocate() }

  /// Begins a row of so many values.
  @inline(__always)
  mutating func beginRow(_ values: Int16) throws(StoreError) {
    try reserve(2)
    put(values)
  }

  @inline(__always)
  mutating func addNull() throws(StoreError) {
    try reserve(4)
    put(Int32(-1))
  }

  @inline(__always)
  mutating func add(_ value: Int16) throws(StoreError) {
    try reserve(6)
    put(Int32(2))
    put(value)
  }

  @inline(__always)
  mutating func add(_ value: Int32) throws(StoreError) {
    try reserve(8)
    put(Int32(4))
    put(value)
  }

  @inline(__always)
  mutating func add(_ value: Int64) throws(StoreError) {
    try reserve(12)
    put(Int32(8))
    put(value)
  }

  @inline(__always)
  mutating func add(_ value: Double) throws(StoreError) {
    try add(Int64(bitPattern: value.bitPattern))
  }

  /// NaN is NULL.
  @inline(__always)
  mutating func add(number: Double) throws(StoreError) {
    if number.isNaN { try addNull() } else { try add(number) }
  }

  @inline(__always)
  mutating func add(_ value: Bool) throws(StoreError) {
    try reserve(5)
    put(Int32(1))
    base[count] = value ? 1 : 0
    count += 1
  }

  /// An instant: two values, a `timestamptz` and a `smallint`.
  @inline(__always)
  mutating func add(time: Int64) throws(StoreError) {
    let time = ServerTime(time)
    try add(time.microseconds)
    try add(time.nanoseconds)
  }

  /// A text, or JSON; nil is NULL.
  @inline(__always)
  mutating func add(_ text: Bytes?) throws(StoreError) {
    guard let text else { return try addNull() }
    try reserve(4)
    put(Int32(truncatingIfNeeded: text.count))
    guard let start = text.baseAddress, text.count > 0 else { return }
    if text.count > Self.room - count {
      try send()
      guard text.count <= Self.room else { return try session.send(copy: text) }
    }
    memcpy(base + count, start, text.count)
    count += text.count
  }

  /// Writes the end mark, and sends what is left.
  mutating func finish() throws(StoreError) {
    try reserve(2)
    put(Int16(-1))
    try send()
  }

  @inline(__always)
  private mutating func reserve(_ bytes: Int) throws(StoreError) {
    if count + bytes > Self.room { try send() }
  }

  private mutating func send() throws(StoreError) {
    defer { count = 0 }
    try session.send(copy: Bytes(start: base, count: count))
  }

  @inline(__always)
  private mutating func put<Value: FixedWidthInteger>(_ value: Value) {
    UnsafeMutableRawPointer(base + count).storeBytes(of: value.bigEndian, as: Value.self)
    count += MemoryLayout<Value>.size
  }
}

extension Session {
  /// Runs statements of which the first is `COPY … FROM STDIN (FORMAT binary)`, all in one message, and has `fill` write
  /// its rows. Where no transaction is open they are one: where `fill` throws, nothing of it is stored.
  func copy(
    _ sql: String, _ fill: (inout CopyWriter) throws(StoreError) -> Void
  ) throws(StoreError) {
    try begin()
    let isAlone = !isInTransaction
    // The server tells the number before it takes the rows. A lost COMMIT is found out about by it.
    let text = isAlone ? "BEGIN; SELECT pg_catalog.pg_current_xact_id()::text; \(sql); COMMIT" : sql
    guard functions.pointee.PQsendQuery(connection, text) == 1 else { throw lose() }
    try flush()
    var number: String?
    do throws(StoreError) {
      while let result = try nextResult() {
        let status = functions.pointee.PQresultStatus(result)
        let answer = Answer(functions, owning: result)
        switch status {
        case LibPQ.copyIn:
          try fillCopy(isAlone: isAlone, fill)
          if let own = number.flatMap({ UInt64($0) }) { horizon.own = own }
          return
        case LibPQ.tuplesOK: if isAlone { number = answer.string(0) }
        case LibPQ.commandOK: break
        default:
          let failure = error(of: result)
          try drain()
          throw failure
        }
      }
    } catch {
      guard isLost, outcome == .unknownWhereLost, let number, let settle else { throw error }
      outcome = .nothingStored
      return try settle(self, number, error)
    }
    throw StoreError(.internalError, "there was no COPY among the statements. Please report this message")
  }

  private func fillCopy(
    isAlone: Bool, _ fill: (inout CopyWriter) throws(StoreError) -> Void
  ) throws(StoreError) {
    var failure: StoreError?
    do throws(StoreError) {
      var writer = CopyWriter(self)
      try fill(&writer)
      // What was packed without memory is useless.
      if MemoryShortage.isNoted { throw .noMemory() }
      try writer.finish()
    } catch {
      if isLost { throw error }
      failure = error
    }
    // Only with the end of its rows can the server go on to the COMMIT.
    if isAlone, failure == nil { outcome = .unknownWhereLost }
    // 0: its buffer is full. -1: the server has ended the COPY by an error, which is told next.
    while functions.pointee.PQputCopyEnd(connection, failure == nil ? nil : "the writer has failed") == 0 {
      try wait(for: POLLIN | POLLOUT)
    }
    do throws(StoreError) { _ = try lastAnswer() } catch { throw isLost ? error : failure ?? error }
    if let failure { throw failure }
  }

  /// Lets go of all results that are to come.
  func drain() throws(StoreError) {
    while let result = try nextResult() {
      if functions.pointee.PQresultStatus(result) == LibPQ.copyIn {
        _ = functions.pointee.PQputCopyEnd(connection, "not expected")
      }
      functions.pointee.PQclear(result)
    }
  }

  fileprivate func send(copy bytes: Bytes) throws(StoreError) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    if isInterruptible, interruption.shouldStop() { throw .isInterrupted }
    var start = 0
    while start < bytes.count {
      // A single text may be of hundreds of megabytes.
      let piece = min(bytes.count - start, 8 << 20)
      let chars = UnsafeRawPointer(base + start).assumingMemoryBound(to: CChar.self)
      switch functions.pointee.PQputCopyData(connection, chars, Int32(truncatingIfNeeded: piece)) {
      case 1: start += piece
      case 0: try wait(for: POLLIN | POLLOUT)
      default: throw lose()
      }
    }
    try flush()
  }
}
