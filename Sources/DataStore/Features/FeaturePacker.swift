// SPDX-License-Identifier: MIT

/// Prints the features of a batch row by row, from columns or from the caller's JSON text, holding each
/// entry against the rules on the way.
struct FeaturePacker: ~Copyable {
  private struct Column {
    /// Where the entry's opening lies in `openings`.
    let opening: Range<Int>
    let values: UnsafePointer<Double>?
    let integers: UnsafePointer<Int64>?
    let isNull: UnsafePointer<UInt8>?
    let codes: UnsafePointer<Int32>?
    /// By quality code.
    let qualities: [FeatureQuality]
  }

  private let batch: BorrowedBatch
  private var columns: [Column] = []
  private var openings = ByteBuffer()
  private var parser = FeatureParser()
  private var out = ByteBuffer(capacity: 4096)

  /// Checks keys and quality words, which hold for all rows.
  init(_ batch: BorrowedBatch) throws(StoreError) {
    self.batch = batch
    guard batch.count > 0 else { return }
    var keys = TextInterner()
    for feature in batch.features {
      let key = feature.key
      var reason = key.isValidUTF8 ? FeatureKey.fault(key) : "the key is not valid UTF-8"
      if reason == nil, keys.find(key) != nil { reason = "the key is given twice" }
      if let reason { throw .feature(reason, place: batch.place(0), row: 0, key: key.text) }
      _ = keys.intern(key)
      if feature.values != nil, feature.integers != nil {
        throw .feature(
          "its values are given both as doubles and as integers", place: batch.place(0), row: 0, key: key.text
        )
      }
      let start = openings.count
      FeatureWriter.appendOpening(key, to: &openings)
      columns.append(
        Column(
          opening: start..<openings.count, values: feature.values, integers: feature.integers,
          isNull: feature.isNull, codes: feature.quality.codes,
          qualities: try Self.qualities(feature, in: batch)))
    }
  }

  private static func qualities(
    _ feature: BorrowedFeature, in batch: BorrowedBatch
  ) throws(StoreError) -> [FeatureQuality] {
    let column = feature.quality
    func fault(_ reason: String, _ row: Int) -> StoreError {
      .feature(reason, place: batch.place(row), row: row, key: feature.key.text)
    }
    if let codes = column.codes {
      for row in 0..<batch.count where codes[row] < -1 || Int(codes[row]) >= column.values.count {
        throw fault(
          "its quality has code \(codes[row]), but the dictionary has \(column.values.count) words", row)
      }
    } else if column.values.isEmpty {
      throw fault("it needs a quality: one of \(FeatureQuality.wordList)", 0)
    }
    var qualities: [FeatureQuality] = []
    for (code, word) in column.values.enumerated() {
      guard let quality = FeatureQuality(word) else {
        // A word that no row uses harms nobody.
        if let row = (0..<batch.count).first(where: { column.code($0) == code }) {
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

  /// The features of a row as stored text, valid until the next call; nil where the row says nothing of
  /// features.
  mutating func pack(_ row: Int) throws(StoreError) -> Bytes? {
    out.removeAll()
    if let texts = batch.featuresJSON {
      guard let text = texts[row] else { return nil }
      do throws(FeatureFault) {
        try parser.parse(Bytes(cString: text))
      } catch {
        throw .feature(error.reason, place: batch.place(row), row: row, key: error.key)
      }
      FeatureWriter.append(parser, to: &out)
      return out.bytes
    }
    out.append(UInt8(ascii: "{"))
    for index in columns.indices {
      try append(index, row)
    }
    guard out.count > 1 else { return nil }
    out.append(UInt8(ascii: "}"))
    return out.bytes
  }

  @inline(__always)
  private mutating func append(_ index: Int, _ row: Int) throws(StoreError) {
    let column = columns[index]
    let code = column.codes.map { Int($0[row]) } ?? 0
    let start = out.count
    if start > 1 { out.append(UInt8(ascii: ",")) }
    out.append(Bytes(rebasing: openings.bytes[column.opening]))
    var isValueNull = column.isNull.map { $0[row] != 0 } ?? false
    if !isValueNull {
      if let values = column.values {
        let value = values[row]
        if value.isFinite {
          NumberText.append(value, to: &out)
        } else if value.isNaN {
          isValueNull = true
        } else {
          throw fault("the value is infinite; store null, or leave the entry out", index, row)
        }
      } else if let integers = column.integers {
        NumberText.append(integers[row], to: &out)
      } else {
        isValueNull = true
      }
    }
    guard code >= 0 else {
      if !isValueNull { throw fault("it has a value but no quality", index, row) }
      out.truncate(to: start)
      return
    }
    if isValueNull { out.append("null") }
    FeatureWriter.appendEnd(column.qualities[code], to: &out)
  }

  private func fault(_ reason: String, _ column: Int, _ row: Int) -> StoreError {
    .feature(reason, place: batch.place(row), row: row, key: batch.features[column].key.text)
  }
}
