// SPDX-License-Identifier: MIT

extension ArrowPieces {
  /// A column of text, dictionary-coded; a null has code -1.
  func texts() throws(StoreError) -> TextColumn {
    if pieces.count == 1, let column = try borrowedDictionary(pieces[0]) { return column }
    let codes = try arena.room(rows, Int32.self)
    let interner = arena.interner()
    var first = 0
    for piece in pieces {
      try code(piece, first, interner, to: codes + first)
      first += piece.count
    }
    return try column(codes, interner.texts.texts)
  }

  private func column(
    _ codes: UnsafePointer<Int32>, _ texts: [Bytes]
  ) throws(StoreError) -> TextColumn {
    // A column of neither codes nor texts would be one that is not carried.
    let values = try arena.room(max(texts.count, 1), Bytes.self)
    values.initialize(from: texts, count: texts.count)
    return TextColumn(codes: codes, values: UnsafeBufferPointer(start: values, count: texts.count))
  }

  /// The texts of a dictionary where they lie, and its indices as codes; nil if the column is not such a one.
  private func borrowedDictionary(_ piece: ArrowColumn) throws(StoreError) -> TextColumn? {
    guard let dictionary = piece.dictionary, case .text(let layout) = piece.type,
      dictionary.count <= Int(Int32.max)
    else { return nil }
    let values = try arena.room(max(dictionary.count, 1), Bytes.self)
    for number in 0..<dictionary.count {
      let isText = dictionary.isPresent(number)
      (values + number).initialize(
        to: isText ? try text(dictionary, number, layout, row: nil) : Bytes(start: nil, count: 0))
    }
    let codes = try arena.room(rows, Int32.self)
    for row in 0..<piece.count {
      guard piece.isPresent(row) else {
        codes[row] = -1
        continue
      }
      guard let at = piece.place(row) else {
        throw place.broken("its index is beyond the dictionary of \(dictionary.count) values", row: row)
      }
      codes[row] = dictionary.isPresent(at) ? Int32(truncatingIfNeeded: at) : -1
    }
    return TextColumn(codes: codes, values: UnsafeBufferPointer(start: values, count: dictionary.count))
  }

  private func code(
    _ piece: ArrowColumn, _ first: Int, _ interner: ArrowInterner, to codes: UnsafeMutablePointer<Int32>
  ) throws(StoreError) {
    guard case .text(let layout) = piece.type else { return try refuseAll(piece, first, codes) }
    guard let dictionary = piece.dictionary else {
      try expectTexts(piece, layout)
      var guess = -1
      for row in 0..<piece.count {
        guard piece.isPresent(row) else {
          codes[row] = -1
          continue
        }
        guess = interner.texts.intern(try text(piece, row, layout, row: first + row), guess: guess)
        codes[row] = Int32(truncatingIfNeeded: guess)
      }
      return
    }
    // Each text of the dictionary is looked up once, if a row has it.
    let known = try arena.room(max(dictionary.count, 1), Int32.self)
    known.initialize(repeating: -2, count: dictionary.count)
    for row in 0..<piece.count {
      guard piece.isPresent(row) else {
        codes[row] = -1
        continue
      }
      guard let at = piece.place(row) else {
        throw place.broken(
          "its index is beyond the dictionary of \(dictionary.count) values", row: first + row)
      }
      if known[at] == -2 {
        known[at] =
          dictionary.isPresent(at)
          ? Int32(
            truncatingIfNeeded: interner.texts.intern(try text(dictionary, at, layout, row: first + row)))
          : -1
      }
      codes[row] = known[at]
    }
  }

  /// The texts may all be different: their copies must be had.
  private func expectTexts(_ piece: ArrowColumn, _ layout: ArrowType.TextLayout) throws(StoreError) {
    let bytes: Int64
    switch layout {
    case .short: bytes = Int64(piece.load(piece.count, as: Int32.self)) - Int64(piece.load(0, as: Int32.self))
    case .long: bytes = piece.load(piece.count, as: Int64.self) &- piece.load(0, as: Int64.self)
    case .view: bytes = 64 * Int64(piece.count)
    }
    try MemoryShortage.expect(Int(min(max(bytes, 0), 1 << 40)))
  }

  /// What is not text is fine where it is missing throughout.
  private func refuseAll(
    _ piece: ArrowColumn, _ first: Int, _ codes: UnsafeMutablePointer<Int32>
  ) throws(StoreError) {
    for row in 0..<piece.count {
      codes[row] = -1
      guard piece.isPresent(row) else { continue }
      let (column, at) = try value(piece, row, first)
      guard column.isPresent(at) else { continue }
      if case .null = column.type { continue }
      if case .float(let bytes) = column.type, column.float(at, bytes).isNaN { continue }
      throw place.refusal(
        "it holds values that are not text", "cast the column to a string type", row: first + row)
    }
  }

  /// Where the value of a row is: in the piece itself, or in its dictionary. `first` is the piece's first row among all.
  private func value(
    _ piece: ArrowColumn, _ row: Int, _ first: Int
  ) throws(StoreError) -> (column: ArrowColumn, at: Int) {
    guard let dictionary = piece.dictionary else { return (piece, row) }
    guard let found = piece.place(row) else {
      throw place.broken(
        "its index is beyond the dictionary of \(dictionary.count) values", row: first + row)
    }
    return (dictionary, found)
  }

  private func text(
    _ column: ArrowColumn, _ at: Int, _ layout: ArrowType.TextLayout, row: Int?
  ) throws(StoreError) -> Bytes {
    do throws(ArrowColumn.TextFault) { return try column.text(at, layout) } catch {
      switch error {
      case .broken(let what): throw place.broken(what, row: row)
      case .long:
        throw place.refusal("the text is longer than \(Limits.textBytes) bytes", "shorten it", row: row)
      }
    }
  }

  /// One NUL-terminated text per row, nil for a null.
  func jsonTexts() throws(StoreError) -> UnsafePointer<UnsafePointer<CChar>?> {
    let pointers = try arena.room(rows, UnsafePointer<CChar>?.self)
    pointers.initialize(repeating: nil, count: rows)
    var bytes = 0
    try eachText { text, _ in bytes += text.count + 1 }
    var next = try arena.room(bytes, UInt8.self)
    try eachText { text, row throws(StoreError) in
      guard !text.contains(0) else {
        throw place.refusal("the text holds a NUL character", "fix or leave out this entry", row: row)
      }
      pointers[row] = UnsafeRawPointer(next).assumingMemoryBound(to: CChar.self)
      if let source = text.baseAddress { next.update(from: source, count: text.count) }
      next[text.count] = 0
      next += text.count + 1
    }
    return UnsafePointer(pointers)
  }

  private func eachText(_ body: (Bytes, _ row: Int) throws(StoreError) -> Void) throws(StoreError) {
    var first = 0
    for piece in pieces {
      for row in 0..<piece.count where piece.isPresent(row) {
        let (column, at) = try value(piece, row, first)
        guard column.isPresent(at) else { continue }
        if case .null = column.type { continue }
        guard case .text(let layout) = column.type else {
          throw place.refusal(
            "features as JSON must be text", "cast the column to a string type", row: first + row)
        }
        try body(try text(column, at, layout, row: first + row), first + row)
      }
      first += piece.count
    }
  }
}
