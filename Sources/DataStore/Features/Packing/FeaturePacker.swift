// SPDX-License-Identifier: MIT
import Glibc

/// Prints the features of a batch row by row, from columns or from the caller's JSON text, checking each
/// entry against the rules on the way.
struct FeaturePacker: ~Copyable {
  /// A column as bare pointers: it is looked at for each row.
  private struct Column {
    /// `"key":{"value":`
    let opening: Bytes
    let values: UnsafePointer<Double>?
    let integers: UnsafePointer<Int64>?
    let isNull: UnsafePointer<UInt8>?
    let codes: UnsafePointer<Int32>?
    /// By quality code; the packer's own memory where the caller gave several.
    let qualities: UnsafeMutablePointer<FeatureQuality>
    let ownsQualities: Bool
    /// Where there are no codes: the code of rows whose value is null. Those with a number have 0.
    let nullCode: Int
  }

  private let features: BorrowedFeatures
  private let columns: UnsafeMutablePointer<Column>
  private var columnCount = 0
  /// Bytes that an entry of each column can take, in sum.
  private var rowBytes = 2
  private let keys: FeatureKeys
  /// A dictionary of words that all are qualities, and those: columns tend to share one.
  private var soundQualities:
    (words: UnsafePointer<Bytes>?, count: Int, qualities: UnsafeMutablePointer<FeatureQuality>)?
  /// nil where no row has a text.
  private var texts: FeatureTextPacker?
  private var out = ByteBuffer(capacity: 4096)

  /// Checks keys and quality words, which hold for all rows. `keys` are those of batches before; no other packer may use
  /// them at the same time.
  init(
    _ features: BorrowedFeatures, rows: Int, keys: FeatureKeys = FeatureKeys()
  ) throws(FeaturePackFault) {
    self.features = features
    self.keys = keys
    columns = .allocate(capacity: max(features.columns.count, 1))
    texts = features.json == nil ? nil : FeatureTextPacker()
    keys.beginBatch()
    guard rows > 0 else { return }
    for feature in features.columns { try add(feature, rows) }
  }

  deinit {
    for index in 0..<columnCount where columns[index].ownsQualities { columns[index].qualities.deallocate() }
    columns.deallocate()
  }

  private mutating func add(_ feature: BorrowedFeature, _ rows: Int) throws(FeaturePackFault) {
    func fault(_ reason: String) -> FeaturePackFault { Self.fault(reason, feature, 0) }
    // A call has mostly the keys of the one before, in its order.
    guard keys.holds(feature.key, at: columnCount) || feature.key.isValidUTF8 else {
      throw fault("the key is not valid UTF-8")
    }
    let key = keys.number(of: feature.key, guess: columnCount)
    if let reason = keys.fault(key) { throw fault(reason) }
    guard keys.isFirstInBatch(key) else { throw fault("the key is given twice") }
    if feature.values != nil, feature.integers != nil {
      throw fault("its values are given both as doubles and as integers")
    }
    var qualities = Self.qualitiesByValue
    var ownsQualities = false
    if let column = feature.quality {
      if column.codes == nil, let word = column.values.first, let quality = FeatureQuality(word) {
        qualities = Self.allQualities + Int(quality.rawValue)
      } else if let sound = soundQualities, sound.words == column.values.baseAddress,
        sound.count == column.values.count
      {
        try Self.checkCodes(column, of: feature, rows: rows)
        qualities = sound.qualities
      } else {
        let words = try Self.qualities(column, of: feature, rows: rows)
        qualities = .allocate(capacity: max(words.count, 1))
        qualities.initialize(from: words, count: words.count)
        ownsQualities = true
        if column.values.allSatisfy({ FeatureQuality($0) != nil }) {
          soundQualities = (column.values.baseAddress, words.count, qualities)
        }
      }
    }
    let opening = keys.openings[key]
    (columns + columnCount).initialize(
      to: Column(
        opening: opening, values: feature.values, integers: feature.integers, isNull: feature.isNull,
        codes: feature.quality?.codes, qualities: qualities, ownsQualities: ownsQualities,
        nullCode: feature.quality == nil ? 1 : 0))
    columnCount += 1
    rowBytes += 1 + opening.count + NumberText.maximumBytes + FeatureQuality.longestEntryEnd
  }

  /// Each of them, for features of which all rows have the same.
  private nonisolated(unsafe) static let allQualities: UnsafeMutablePointer<FeatureQuality> = {
    let qualities = UnsafeMutablePointer<FeatureQuality>.allocate(capacity: FeatureQuality.allCases.count)
    for quality in FeatureQuality.allCases { (qualities + Int(quality.rawValue)).initialize(to: quality) }
    return qualities  // never changes
  }()

  /// The qualities of a feature that was given none: of its numbers, and of its nulls.
  private nonisolated(unsafe) static let qualitiesByValue: UnsafeMutablePointer<FeatureQuality> = {
    let qualities = UnsafeMutablePointer<FeatureQuality>.allocate(capacity: 2)  // never changes
    qualities.initialize(repeating: .ready, count: 2)
    qualities[1] = .missing
    return qualities
  }()

  private static func qualities(
    _ column: TextColumn, of feature: BorrowedFeature, rows: Int
  ) throws(FeaturePackFault) -> [FeatureQuality] {
    func fault(_ reason: String, _ row: Int) -> FeaturePackFault { Self.fault(reason, feature, row) }
    try checkCodes(column, of: feature, rows: rows)
    var qualities: [FeatureQuality] = []
    for (code, word) in column.values.enumerated() {
      guard let quality = FeatureQuality(word) else {
        // A word that no row uses does no harm.
        if let row = (0..<rows).first(where: { column.code($0) == code }) {
          throw fault(
            "the quality \(StoreError.quoted(word.text)) is not one of \(FeatureQuality.wordList)", row)
        }
        qualities.append(.missing)
        continue
      }
      qualities.append(quality)
    }
    return qualities
  }

  private static func checkCodes(
    _ column: TextColumn, of feature: BorrowedFeature, rows: Int
  ) throws(FeaturePackFault) {
    if let codes = column.codes {
      for row in 0..<rows where codes[row] < -1 || Int(codes[row]) >= column.values.count {
        throw fault(
          "its quality has code \(codes[row]), but the dictionary has \(column.values.count) words", feature,
          row)
      }
    } else if column.values.isEmpty {
      throw fault("it needs a quality: one of \(FeatureQuality.wordList)", feature, 0)
    }
  }

  /// The features of a row as stored text, valid until the next call; nil if the row says nothing of
  /// features.
  mutating func pack(_ row: Int) throws(FeaturePackFault) -> Bytes? {
    guard let json = features.json else { return try packColumns(row) }
    guard let text = json[row] else { return nil }
    return try texts?.pack(Bytes(cString: text), row: row)
  }

  private mutating func packColumns(_ row: Int) throws(FeaturePackFault) -> Bytes? {
    out.removeAll()
    guard let start = out.reserveMany(rowBytes) else { throw .noMemory(rowBytes) }
    var next = start
    for index in 0..<columnCount {
      let column = columns + index
      let isNull = try isNull(index, row)
      let code = column.pointee.codes.map { Int($0[row]) } ?? (isNull ? column.pointee.nullCode : 0)
      guard code >= 0 else {
        if !isNull { throw fault("it has a value but no quality", index, row) }
        continue
      }
      next.pointee = next == start ? UInt8(ascii: "{") : UInt8(ascii: ",")
      next = column.pointee.opening.copy(to: next + 1)
      if isNull {
        next = Bytes("null").copy(to: next)
      } else if let values = column.pointee.values {
        next += NumberText.write(values[row], to: next)
      } else if let integers = column.pointee.integers {
        next += NumberText.write(integers[row], to: next)
      }
      next = Bytes(FeatureQuality.entryEnd(column.pointee.qualities[code])).copy(to: next)
    }
    guard next > start else { return nil }
    next.pointee = UInt8(ascii: "}")
    out.advance(by: next + 1 - start)
    return out.bytes
  }

  @inline(__always)
  private func isNull(_ index: Int, _ row: Int) throws(FeaturePackFault) -> Bool {
    let column = columns + index
    if let isNull = column.pointee.isNull, isNull[row] != 0 { return true }
    guard let values = column.pointee.values else { return column.pointee.integers == nil }
    if values[row].isFinite { return false }
    guard values[row].isNaN else {
      throw fault("the value is infinite; store null, or leave the entry out", index, row)
    }
    return true
  }

  private func fault(_ reason: String, _ column: Int, _ row: Int) -> FeaturePackFault {
    Self.fault(reason, features.columns[column], row)
  }

  private static func fault(_ reason: String, _ feature: BorrowedFeature, _ row: Int) -> FeaturePackFault {
    .feature(row: row, FeatureFault(key: feature.key.text, reason: reason))
  }
}
