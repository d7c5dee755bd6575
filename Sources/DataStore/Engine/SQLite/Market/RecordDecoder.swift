// SPDX-License-Identifier: MIT

/// Takes rows from the bytes of their records, a column at a time. Where the values are, and of what type, is found out once
/// for all records whose headers are alike; most rows have one of a few.
struct RecordDecoder: ~Copyable {
  private let layouts: UnsafeMutablePointer<RecordLayout>
  private static let layoutCount = 16
  /// Those of the current rows, by bit.
  private var used: UInt32 = 0

  /// Of each column sixteen texts, by their hash. They need no reset: another read has another mark.
  private let texts: UnsafeMutablePointer<KnownText>
  private static let textsOfColumn = 16
  private var readMark: UInt64 = 0

  /// A text of up to eight bytes, as a word, and its code.
  private struct KnownText {
    var word: UInt64 = 0
    /// The read, and the text's type; 0: none.
    var mark: UInt64 = 0
    var code: Int32 = 0
  }

  init() {
    layouts = .allocate(capacity: Self.layoutCount)
    layouts.initialize(repeating: RecordLayout(), count: Self.layoutCount)
    let count = Self.textsOfColumn * PerColumn<UInt8>.count
    texts = .allocate(capacity: count)
    texts.initialize(repeating: KnownText(), count: count)
  }

  deinit {
    layouts.deallocate()
    texts.deallocate()
  }

  /// Texts get other codes from here on.
  mutating func beginRead() { readMark &+= 1 << 8 }

  /// The first rows from `first` on that can be taken together; fewer than all where one is out of the ordinary. Of these
  /// `record` becomes where the values begin, and `bytes` the length of the features, -1 where there are none.
  mutating func rows(_ found: UnsafeMutableBufferPointer<FoundRow>, from first: Int) -> Rows? {
    guard let base = found.baseAddress, RecordLayout.isOfTheseColumns else { return nil }
    used = 0
    var row = first
    while row < found.count {
      guard Int(base[row].bytes) >= RecordLayout.leastBytes else { break }
      let types = RecordLayout.Types(base[row].record)
      let place = types.hash % Self.layoutCount
      if layouts[place].types != types {
        // Rows before this one still need what is there.
        guard used &>> UInt32(place) & 1 == 0, let learnt = RecordLayout(base[row].record, types) else {
          break
        }
        layouts[place] = learnt
      }
      guard layouts[place].findFeatures(base + row) else { break }
      base[row].layout = Int32(truncatingIfNeeded: place)
      used |= 1 &<< UInt32(place)
      row += 1
    }
    return row > first ? Rows(start: base + first, count: row - first) : nil
  }

  /// Rows whose layouts are known.
  struct Rows {
    let start: UnsafePointer<FoundRow>
    let count: Int
  }

  /// The place of a column's values, where it is the same in all rows.
  @inline(__always)
  private func common(_ column: Int) -> RecordLayout.Place? {
    let first = layouts[used.trailingZeroBitCount][column]
    var rest = used & (used &- 1)
    while rest != 0 {
      guard layouts[rest.trailingZeroBitCount][column] == first else { return nil }
      rest &= rest &- 1
    }
    return first
  }

  private func haveAll(_ type: UInt8, _ column: Int) -> Bool {
    (0..<Self.layoutCount).allSatisfy { used &>> UInt32($0) & 1 == 0 || layouts[$0][column].type == type }
  }

  @inline(__always)
  private func place(_ column: Int, of row: FoundRow) -> RecordLayout.Place {
    layouts[Int(row.layout)][column]
  }

  /// Writes the numbers of a column to `out`; false if they are not numbers.
  func numbers(_ column: Int, of rows: Rows, to out: UnsafeMutablePointer<Double>) -> Bool {
    let start = rows.start
    if let common = common(column), common.type == 7 {
      let offset = Int(common.offset)
      for row in 0..<rows.count { out[row] = RecordValue.double(start[row].record + offset) }
      return true
    }
    for row in 0..<rows.count {
      let place = place(column, of: start[row])
      let bytes = start[row].record + Int(place.offset)
      if place.type == 7 {
        out[row] = RecordValue.double(bytes)
      } else if place.type == 0 {
        out[row] = .nan
      } else {
        guard RecordValue.integerSize(UInt64(place.type)) != nil else { return false }
        out[row] = Double(RecordValue.integer(UInt64(place.type), bytes))
      }
    }
    return true
  }

  /// Likewise 0 or 1; NULL is 0, and any other number than 0 is 1.
  func flags(_ column: Int, of rows: Rows, to out: UnsafeMutablePointer<UInt8>) -> Bool {
    let start = rows.start
    let first = layouts[used.trailingZeroBitCount][column].type
    if first == 0 || first == 8 || first == 9, haveAll(first, column) {
      out.update(repeating: first == 9 ? 1 : 0, count: rows.count)
      return true
    }
    for row in 0..<rows.count {
      let place = place(column, of: start[row])
      let bytes = start[row].record + Int(place.offset)
      if place.type == 0 {
        out[row] = 0
      } else if place.type == 7 {
        let number = RecordValue.double(bytes)
        out[row] = number.isNaN || number == 0 ? 0 : 1
      } else {
        guard RecordValue.integerSize(UInt64(place.type)) != nil else { return false }
        out[row] = RecordValue.integer(UInt64(place.type), bytes) == 0 ? 0 : 1
      }
    }
    return true
  }

  /// Likewise the codes of texts in `coding`; false if they are not texts.
  func codes(
    _ column: Int, of rows: Rows, to out: UnsafeMutablePointer<Int32>,
    _ coding: inout BarAccumulator.TextCodes
  ) -> Bool {
    let known = texts + column * Self.textsOfColumn
    let start = rows.start
    for row in 0..<rows.count {
      let place = place(column, of: start[row])
      let text = UnsafeRawPointer(start[row].record + Int(place.offset))
      let type = UInt64(place.type)
      // A text of one to eight bytes, as most are: a word.
      if type & 1 == 1, type &- 15 < 16 {
        let word = Self.word(text, type)
        let slot = known + Self.hash(word)
        if slot.pointee.word == word, slot.pointee.mark == readMark | type {
          out[row] = slot.pointee.code
          continue
        }
      }
      guard let code = code(text, type, known, &coding) else { return false }
      out[row] = code
    }
    return true
  }

  /// The code of a text that is not known by its word; -1 for NULL; nil if it is not a text.
  @inline(never)
  private func code(
    _ text: UnsafeRawPointer, _ type: UInt64, _ known: UnsafeMutablePointer<KnownText>,
    _ coding: inout BarAccumulator.TextCodes
  ) -> Int32? {
    if type == 0 { return -1 }
    guard let length = RecordValue.textSize(type) else { return nil }
    let bytes = Bytes(start: text.assumingMemoryBound(to: UInt8.self), count: length)
    guard let code = coding.code(bytes) else { return nil }
    if length > 0, length <= 8 {
      let word = Self.word(text, type)
      known[Self.hash(word)] = KnownText(word: word, mark: readMark | type, code: code)
    }
    return code
  }

  /// A text of one to eight bytes. The header is before the values: a word that ends with the text begins within the record.
  @inline(__always)
  private static func word(_ text: UnsafeRawPointer, _ type: UInt64) -> UInt64 {
    let length = Int(truncatingIfNeeded: type &- 13) &>> 1
    let word = (text + (length &- 8)).loadUnaligned(as: UInt64.self)
    return UInt64(littleEndian: word) &>> UInt64(truncatingIfNeeded: 64 &- 8 &* length)
  }

  @inline(__always)
  private static func hash(_ word: UInt64) -> Int {
    Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) &>> 60)
  }

  /// The features of a row; nil if it has none.
  @inline(__always)
  func features(of row: FoundRow) -> Bytes? {
    row.bytes < 0
      ? nil : Bytes(start: row.record + Int(layouts[Int(row.layout)].featuresOffset), count: Int(row.bytes))
  }
}
