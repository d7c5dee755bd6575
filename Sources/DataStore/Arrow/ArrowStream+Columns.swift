// SPDX-License-Identifier: MIT

/// Streams of a program's own columns.
extension ArrowStream {
  /// A column to be sent, with its values.
  public struct Column: Sendable {
    enum Values: Sendable {
      case times([Int64])
      case doubles([Double])
      case integers([Int64?])
      case flags([Bool?])
      case texts([String?])
      /// A struct of `value` and `quality`.
      case entries([Double], [String?])
    }

    let name: String
    let values: Values

    init(_ name: String, _ values: Values) {
      self.name = name
      self.values = values
    }

    /// Times in nanoseconds since 1970-01-01T00:00:00Z: timestamp[ns, UTC].
    public static func times(_ name: String, _ nanoseconds: [Int64]) -> Column {
      Column(name, .times(nanoseconds))
    }

    /// Doubles: float64; NaN is null.
    public static func doubles(_ name: String, _ values: [Double]) -> Column {
      Column(name, .doubles(values))
    }

    /// Integers: int64; nil is null.
    public static func integers(_ name: String, _ values: [Int64?]) -> Column {
      Column(name, .integers(values))
    }

    /// Flags: bool; nil is null.
    public static func flags(_ name: String, _ values: [Bool?]) -> Column { Column(name, .flags(values)) }

    /// Texts: dictionary<int32, large_utf8>; nil is null.
    public static func texts(_ name: String, _ values: [String?]) -> Column { Column(name, .texts(values)) }

    var count: Int {
      switch values {
      case .times(let values): values.count
      case .doubles(let values): values.count
      case .integers(let values): values.count
      case .flags(let values): values.count
      case .texts(let values): values.count
      case .entries(let values, _): values.count
      }
    }

    var field: ArrowFieldOut {
      switch values {
      case .times: ArrowFieldOut(name: name, format: "tsn:UTC")
      case .doubles: ArrowFieldOut(name: name, format: "g")
      case .integers: ArrowFieldOut(name: name, format: "l")
      case .flags: ArrowFieldOut(name: name, format: "b")
      case .texts: .words(name)
      case .entries:
        ArrowFieldOut(
          name: name, format: "+s", children: [ArrowFieldOut(name: "value", format: "g"), .words("quality")])
      }
    }
  }

  /// A stream of one record batch of these columns, which are copied.
  ///
  /// - Throws: `.invalid` if a column has another length than the first; `.noMemory`.
  public init(_ columns: [Column]) throws(StoreError) {
    try self.init(ArrowStreamOut(columns.map(\.field), try ArrowBatchOut(columns)))
  }

  /// A stream whose record batches are made one after the other, as they are asked for.
  ///
  /// - Parameter next: Gives the columns of the next batch, nil at the end. Each batch has columns of the same names and
  ///   types. It is called once here, for the schema.
  /// - Throws: What `next` throws, `.invalid` if a column has another length than the first of its batch; `.noMemory`. What
  ///   `next` throws later is what the call that reads the stream throws.
  public init(pulling next: @escaping () throws(StoreError) -> [Column]?) throws(StoreError) {
    let first = try next()
    let fields = (first ?? []).map(\.field)
    var waiting = try first.map { columns throws(StoreError) in try ArrowBatchOut(columns) }
    var isOver = first == nil
    let stream = ArrowStreamOut(fields) { () throws(StoreError) in
      if let batch = waiting {
        waiting = nil
        return batch
      }
      guard !isOver else { return nil }
      guard let columns = try next() else {
        isOver = true
        return nil
      }
      guard columns.map(\.field).elementsEqual(fields, by: { $0.isLike($1) }) else {
        throw .invalid("a record batch has other columns than the first one of its stream", key: "stream")
      }
      return try ArrowBatchOut(columns)
    }
    try self.init(stream)
  }
}

extension ArrowFieldOut {
  fileprivate func isLike(_ other: ArrowFieldOut) -> Bool {
    ExactText(name) == ExactText(other.name) && format.utf8Start == other.format.utf8Start
      || ExactText(name) == ExactText(other.name) && "\(format)".utf8.elementsEqual("\(other.format)".utf8)
  }
}

extension ArrowBatchOut {
  fileprivate init(_ columns: [ArrowStream.Column]) throws(StoreError) {
    let rows = columns.first?.count ?? 0
    for column in columns {
      var lengths = [column.count]
      if case .entries(_, let qualities) = column.values { lengths.append(qualities.count) }
      guard let other = lengths.first(where: { $0 != rows }) else { continue }
      throw .invalid(
        "column \(StoreError.quoted(column.name)) has \(other) rows, and the first column has \(rows)",
        key: column.name)
    }
    let out = ArrowColumnsOut(arena: ArrowArena(), rows: rows)
    let arrays = try columns.map { column throws(StoreError) in try column.array(out) }
    self.init(count: rows, columns: arrays, owner: out.arena)
  }
}

extension ArrowStream.Column {
  fileprivate func array(_ out: ArrowColumnsOut) throws(StoreError) -> ArrowArrayOut {
    switch values {
    case .times(let times): return out.times(try out.arena.copy(times))
    case .doubles(let doubles): return try out.numbers(try out.arena.copy(doubles))
    case .integers(let integers):
      return try out.plain(try out.arena.copy(integers.map { $0 ?? 0 })) { integers[$0] != nil }
    case .flags(let flags):
      let bits = try out.arena.room(Bits.bytes(out.rows), UInt8.self)
      _ = Bits.write(out.rows, to: bits) { flags[$0] ?? false }
      return try out.plain(UnsafeBufferPointer(start: bits, count: Bits.bytes(out.rows))) { flags[$0] != nil }
    case .texts(let texts): return try out.words(texts)
    case .entries(let doubles, let words):
      let words = try out.words(words)
      // A row has the entry where it has the quality.
      return ArrowArrayOut(
        count: out.rows, nullCount: words.nullCount, buffers: [words.buffers[0]],
        children: [try out.numbers(try out.arena.copy(doubles)), words])
    }
  }
}

extension ArrowArena {
  fileprivate func copy<Element: BitwiseCopyable>(
    _ elements: [Element]
  ) throws(StoreError) -> UnsafeBufferPointer<Element> {
    let block = try room(elements.count, Element.self)
    block.initialize(from: elements, count: elements.count)
    return UnsafeBufferPointer(start: block, count: elements.count)
  }
}

extension ArrowColumnsOut {
  /// Values of a plain type.
  fileprivate func plain<Element>(
    _ values: UnsafeBufferPointer<Element>, _ isPresent: (_ row: Int) -> Bool
  ) throws(StoreError) -> ArrowArrayOut {
    let (bits, nulls) = try validity(isPresent)
    return ArrowArrayOut(count: rows, nullCount: nulls, buffers: [bits, start(values)])
  }

  /// Texts by code, with a dictionary of those that there are.
  fileprivate func words(_ texts: [String?]) throws(StoreError) -> ArrowArrayOut {
    let lender = arena.interner()
    let codes = try arena.room(rows, Int32.self)
    for (row, text) in texts.enumerated() {
      codes[row] =
        text.map { text in text.withBytes { Int32(truncatingIfNeeded: lender.texts.intern($0)) } } ?? -1
    }
    return try words(UnsafeBufferPointer(start: codes, count: rows), try dictionary(lender.texts.texts))
  }
}
