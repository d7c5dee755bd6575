// SPDX-License-Identifier: MIT
@testable import DataStore

/// Features JSON: what is taken is JSON of the same meaning, prints to a text that stays as it is, and is
/// taken the same way whatever bar came before.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFeatures(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  // Bars of one series, by parsers that remember the last: the short way for a bar like it is under test.
  var reader = FeatureParser()
  for text in texts(bytes(data, size), most: 4) {
    let alone = Parsed(text)
    let remembering = Parsed(text, &reader)
    hold(alone == remembering, "another bar before it makes a difference: \(shown(text))")
    guard case .entries(let entries, let printed) = alone else { continue }
    withBytes(printed) { stored in
      let again = Parsed(stored)
      hold(again == alone, "it prints as \(shown(stored)), which reads otherwise: \(shown(text))")
      // The same bar twice takes the short way for sure.
      hold(Parsed(stored, &reader) == alone, "the short way reads otherwise: \(shown(stored))")
      hold(
        Parsed(stored, &reader) == alone, "the short way reads otherwise the second time: \(shown(stored))")
      sameJSON(text, stored, entries.count)
    }
  }
  sameColumns(texts(bytes(data, size), most: 4).filter { (try? FeatureParser.entries($0)) != nil })
  return 0
}

extension FeatureParser {
  /// The entries of a text that is taken the long way.
  fileprivate static func entries(_ text: Bytes) throws(FeatureFault) -> [(
    key: [UInt8], number: Double, quality: Int32
  )] {
    var parser = FeatureParser()
    try parser.parseAny(text)
    let keys = parser.keys
    return parser.entries.elements.map {
      (Array(keys.text($0.key)), $0.number, Int32($0.quality.rawValue))
    }
  }
}

/// Sound texts, each as a row and once more as the next, unpack to what each says by itself.
private func sameColumns(_ texts: [Bytes]) {
  let chunk = FeatureChunk()
  chunk.restart(at: 0)
  let rows = texts.flatMap { [$0, $0] }
  for (row, text) in rows.enumerated() { _ = chunk.append(text, row: row, in: nil) }
  let unpacker = FeatureUnpacker(wanted: nil, hasQualities: true)
  var table = unpacker.emptyTable()
  hold(
    unpacker.unpack(chunk, into: &table, shift: 0) == nil,
    "sound texts do not unpack: \(rows.map { shown($0) })")
  table.finish(rows: rows.count)
  var cells = 0
  for (row, text) in rows.enumerated() {
    for entry in (try? FeatureParser.entries(text)) ?? [] {
      let column = table.columnKeys.firstIndex { Array($0) == entry.key }
      hold(column != nil, "a key has no column: \(shown(text))")
      guard let column else { continue }
      let found = table.columns[column].values[row]
      hold(
        found.bitPattern == entry.number.bitPattern || found.isNaN && entry.number.isNaN,
        "a value unpacks as \(found): \(shown(text))")
      hold(table.columns[column].qualities[row] == entry.quality, "another quality: \(shown(text))")
      cells += 1
    }
  }
  var filled = 0
  for column in 0..<table.columnCount {
    for row in 0..<rows.count where table.columns[column].qualities[row] >= 0 { filled += 1 }
  }
  hold(filled == cells, "\(filled) cells for \(cells) entries: \(rows.map { shown($0) })")
}

private func sameJSON(_ text: Bytes, _ stored: Bytes, _ count: Int) {
  guard let given = try? JSONValue(text), let kept = try? JSONValue(stored), case .object(let members) = kept
  else {
    hold(false, "it was taken and is not a JSON object: \(shown(text, stored))")
    return
  }
  hold(given == kept, "it is stored with another meaning: \(shown(text, stored))")
  hold(members.count == count, "\(count) entries became \(members.count) members: \(shown(text, stored))")
}

/// What became of a text: entries and the text that is stored for them, or a refusal.
private enum Parsed: Equatable {
  struct Entry: Equatable {
    let key: [UInt8]
    let value: [UInt8]
    let quality: FeatureQuality
  }

  case entries([Entry], printed: [UInt8])
  case refused(String)

  init(_ text: Bytes) {
    var parser = FeatureParser()
    self.init(text, &parser)
  }

  init(_ text: Bytes, _ parser: inout FeatureParser) {
    do throws(FeatureFault) { try parser.parse(text) } catch {
      hold(!error.reason.isEmpty, "a refusal without a reason: \(shown(text))")
      self = .refused(error.reason)
      return
    }
    var out = ByteBuffer()
    FeatureWriter.append(parser, to: &out)
    let keys = parser.keys
    self = .entries(
      parser.entries.elements.map {
        Entry(
          key: Array(keys.text($0.key)), value: Array($0.value),
          quality: $0.quality)
      }, printed: Array(out.bytes))
  }
}
