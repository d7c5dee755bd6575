// SPDX-License-Identifier: MIT
@testable import DataStore

/// Features JSON: what is taken is JSON of the same meaning, prints to a text that stays as it is, and is
/// taken the same way whatever bar came before.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFeatures(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  // Bars of one series, by parsers that remember the last: the short way for a bar like it is under test.
  var reader = FeatureParser()
  var checker = FeatureParser(readsNumbers: false)
  for text in texts(bytes(data, size), most: 4) {
    let alone = Parsed(text)
    let remembering = Parsed(text, &reader)
    hold(alone == remembering, "another bar before it makes a difference: \(shown(text))")
    hold(alone.hasSameText(Parsed(text, &checker)), "reading numbers makes a difference: \(shown(text))")
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
  return 0
}

private func sameJSON(_ text: Bytes, _ stored: Bytes, _ count: Int) {
  guard let given = try? JSONValue(text), let kept = try? JSONValue(stored), case .object(let members) = kept
  else {
    hold(false, "it was taken and is no JSON object: \(shown(text, stored))")
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
    let bits: UInt64
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
          bits: $0.number.isNaN ? 0 : $0.number.bitPattern,
          quality: $0.quality)
      }, printed: Array(out.bytes))
  }

  /// The same but for the numbers' bits, which not every parser reads.
  func hasSameText(_ other: Parsed) -> Bool {
    switch (self, other) {
    case (.entries(_, let left), .entries(_, let right)): left == right
    case (.refused(let left), .refused(let right)): left == right
    default: false
    }
  }
}
