// SPDX-License-Identifier: MIT

/// One column over the chunks that are written together, on its way to what the core takes. What lies as the core
/// wants it stays where it is; everything else is converted, or refused where that would take a guess.
struct ArrowPieces {
  let pieces: [ArrowColumn]
  let rows: Int
  let place: ArrowPlace
  let arena: ArrowArena

  /// Runs `body` for each piece with its first row.
  private func each(_ body: (ArrowColumn, _ first: Int) throws(StoreError) -> Void) throws(StoreError) {
    var first = 0
    for piece in pieces {
      try body(piece, first)
      first += piece.count
    }
  }

  /// Whether the column is of Arrow's type null.
  var isNull: Bool { if case .null? = pieces.first?.type { true } else { false } }

  // MARK: Numbers

  /// Doubles; a null is NaN.
  func doubles() throws(StoreError) -> UnsafePointer<Double> {
    if pieces.count == 1, case .float(8) = pieces[0].type, let borrowed = pieces[0].borrowed(as: Double.self)
    {
      return borrowed
    }
    let out = try arena.room(rows, Double.self)
    try each { piece, first throws(StoreError) in try write(piece, first, to: out + first) }
    return UnsafePointer(out)
  }

  private func write(
    _ piece: ArrowColumn, _ first: Int, to out: UnsafeMutablePointer<Double>
  ) throws(StoreError) {
    guard piece.dictionary == nil else {
      for row in 0..<piece.count { out[row] = try number(in: piece, row, first) }
      return
    }
    switch piece.type {
    case .float(8): for row in 0..<piece.count { out[row] = piece.load(row, as: Double.self) }
    case .float(4): for row in 0..<piece.count { out[row] = Double(piece.load(row, as: Float.self)) }
    case .integer(4, true): for row in 0..<piece.count { out[row] = Double(piece.load(row, as: Int32.self)) }
    case .integer(8, true): return try writeLong(piece, first, to: out)
    default:
      for row in 0..<piece.count { out[row] = try number(in: piece, row, first) }
      return
    }
    if piece.isComplete { return }
    for row in 0..<piece.count where !piece.isPresent(row) { out[row] = .nan }
  }

  private func writeLong(
    _ piece: ArrowColumn, _ first: Int, to out: UnsafeMutablePointer<Double>
  ) throws(StoreError) {
    for row in 0..<piece.count {
      let value = piece.load(row, as: Int64.self)
      out[row] = Double(value)
      guard value.magnitude <= 1 << 53 else {
        if piece.isPresent(row) { out[row] = try exact(value, Double(exactly: value), first + row) }
        continue
      }
    }
    if piece.isComplete { return }
    for row in 0..<piece.count where !piece.isPresent(row) { out[row] = .nan }
  }

  private func exact(
    _ value: some BinaryInteger, _ double: Double?, _ row: Int
  ) throws(StoreError) -> Double {
    guard let double else {
      throw place.refusal(
        "a double cannot hold the integer \(value) exactly",
        "cast the column to float64 yourself if that is what you want", row: row)
    }
    return double
  }

  /// A row's value as a double; NaN for null.
  private func number(in piece: ArrowColumn, _ row: Int, _ first: Int) throws(StoreError) -> Double {
    guard let (column, at) = try cell(piece, row, first) else { return .nan }
    switch column.type {
    case .float(let bytes): return column.float(at, bytes)
    case .integer(let bytes, let isSigned):
      guard let value = column.integer(at, bytes, isSigned) else {
        let value = column.unsigned(at)
        return try exact(value, Double(exactly: value), first + row)
      }
      return try exact(value, Double(exactly: value), first + row)
    case .bool: throw refuse("a boolean is not a number", "cast the column to float64", first + row)
    case .text: throw refuse("text is not a number", "cast the column to float64", first + row)
    case .timestamp:
      throw refuse("a time is not a number", "put it into the column 'timestamp'", first + row)
    default: return .nan
    }
  }

  private func refuse(_ reason: String, _ remedy: String, _ row: Int) -> StoreError {
    place.refusal(reason, remedy, row: row)
  }

  /// The column and the place in it where a row's value is, past the dictionary; nil for a null.
  @inline(__always)
  private func cell(
    _ piece: ArrowColumn, _ row: Int, _ first: Int
  ) throws(StoreError) -> (column: ArrowColumn, at: Int)? {
    guard piece.isPresent(row) else { return nil }
    guard let dictionary = piece.dictionary else { return (piece, row) }
    guard let at = piece.place(row) else { throw beyond(piece, first + row) }
    return dictionary.isPresent(at) ? (dictionary, at) : nil
  }

  private func beyond(_ piece: ArrowColumn, _ row: Int) -> StoreError {
    place.broken("its index is beyond the dictionary of \(piece.dictionary?.count ?? 0) values", row: row)
  }

  /// One byte per row, 1 for a null; nil if there is none.
  func nulls() throws(StoreError) -> UnsafePointer<UInt8>? {
    if pieces.allSatisfy({ $0.isComplete && $0.dictionary == nil }) { return nil }
    let out = try arena.room(rows, UInt8.self)
    try each { piece, first throws(StoreError) in
      for row in 0..<piece.count { out[first + row] = try cell(piece, row, first) == nil ? 1 : 0 }
    }
    return UnsafePointer(out)
  }

  /// The values of a feature: integers stay integers, all else becomes doubles. Neither: null in each row.
  func featureValues() throws(StoreError) -> (
    doubles: UnsafePointer<Double>?, integers: UnsafePointer<Int64>?, isNull: UnsafePointer<UInt8>?
  ) {
    if isNull { return (nil, nil, nil) }
    guard let first = pieces.first, case .integer(let bytes, let isSigned) = first.type else {
      // What is null in a buffer of doubles is told beside it, which leaves them where they are.
      if pieces.count == 1, case .float(8)? = pieces.first?.type,
        let placed = pieces[0].placed(as: Double.self)
      {
        return (placed, nil, try nulls())
      }
      return (try doubles(), nil, nil)
    }
    let isNull = try nulls()
    if pieces.count == 1, bytes == 8, isSigned, let placed = first.placed(as: Int64.self) {
      return (nil, placed, isNull)
    }
    let out = try arena.room(rows, Int64.self)
    try each { piece, first throws(StoreError) in
      for row in 0..<piece.count {
        guard let (column, at) = try cell(piece, row, first) else {
          out[first + row] = 0
          continue
        }
        guard let value = column.integer(at, bytes, isSigned) else {
          throw refuse(
            "the integer \(column.unsigned(at)) is beyond 64 bits with a sign", "pass it in JSON text",
            first + row)
        }
        out[first + row] = value
      }
    }
    return (nil, UnsafePointer(out), isNull)
  }

  // MARK: Flags

  /// 0 or 1; a null is 0.
  func flags() throws(StoreError) -> UnsafePointer<UInt8> {
    let out = try arena.room(rows, UInt8.self)
    try each { piece, first throws(StoreError) in
      for row in 0..<piece.count {
        guard let (column, at) = try cell(piece, row, first) else {
          out[first + row] = 0
          continue
        }
        out[first + row] = try flag(column, at, first + row) ? 1 : 0
      }
    }
    return UnsafePointer(out)
  }

  private func flag(_ column: ArrowColumn, _ at: Int, _ row: Int) throws(StoreError) -> Bool {
    let shown: String
    switch column.type {
    case .bool: return column.bool(at)
    case .integer(let bytes, let isSigned):
      let value = column.integer(at, bytes, isSigned)
      if value == 0 || value == 1 { return value == 1 }
      shown = value.map { "\($0)" } ?? "\(column.unsigned(at))"
    case .float(let bytes):
      let value = column.float(at, bytes)
      if value.isNaN || value == 0 || value == 1 { return value == 1 }
      shown = "\(value)"
    case .null: return false
    case .text: shown = "a text"
    default: shown = "a time"
    }
    throw refuse("\(shown) is neither a boolean nor 0 or 1", "cast the column to bool", row)
  }

  // MARK: Times

  /// Nanoseconds since the epoch; a null is `Timestamp.none`, which the core refuses with its row.
  func times() throws(StoreError) -> UnsafePointer<Int64> {
    guard case .timestamp(let perTick, _)? = pieces.first?.type else {
      return UnsafePointer(try arena.room(0, Int64.self))
    }
    if perTick == 1, pieces.count == 1, let borrowed = pieces[0].borrowed(as: Int64.self) { return borrowed }
    let out = try arena.room(rows, Int64.self)
    try each { piece, first throws(StoreError) in
      for row in 0..<piece.count {
        guard let (column, at) = try cell(piece, row, first) else {
          out[first + row] = Timestamp.none
          continue
        }
        let ticks = column.load(at, as: Int64.self)
        let (value, overflow) = ticks.multipliedReportingOverflow(by: perTick)
        guard !overflow else {
          throw refuse(
            "the time \(ticks) of its unit is out of range",
            "stored times reach from 1677-09-21 to 2262-04-11", first + row)
        }
        out[first + row] = value
      }
    }
    return UnsafePointer(out)
  }
}
