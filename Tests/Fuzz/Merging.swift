// SPDX-License-Identifier: MIT
@testable import DataStore

/// Features JSON merged key by key, against a model of it that is plain to see.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMerging(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  // One merger for several bars, as within an upsert.
  var merger = FeatureMerger()
  let given = texts(bytes(data, size), most: 4)
  for pair in 0..<(given.count / 2) {
    check(&merger, stored: given[pair * 2], new: given[pair * 2 + 1])
  }
  return 0
}

private func check(_ merger: inout FeatureMerger, stored: Bytes, new: Bytes) {
  let old = entries(stored)
  let fresh = entries(new)
  let merged: [UInt8]
  do throws(FeatureMerger.Fault) {
    merged = Array(try merger.merge(stored: stored, new: new))
  } catch {
    switch error {
    case .stored(let fault):
      hold(old == nil, "refused, though sound by itself: \(shown(stored)): \(fault.reason)")
    case .new(let fault):
      hold(old != nil && fresh == nil, "refused, though sound by itself: \(shown(new)): \(fault.reason)")
    case .noMemory: hold(false, "no memory for \(shown(stored, new))")
    }
    return
  }
  guard let old, let fresh else {
    hold(false, "merged, though one is refused by itself: \(shown(stored, new))")
    return
  }
  withBytes(merged) { text in
    hold(entries(text) == model(old, fresh), "\(shown(stored, new)) merged to \(shown(text))")
    // Once more changes nothing, and the result is in the form that is stored.
    let again = (try? merger.merge(stored: text, new: new)).map { Array($0) }
    hold(again == merged, "merging \(shown(new)) once more changed \(shown(text))")
    hold(printed(text) == merged, "not in the stored form: \(shown(text))")
  }
}

private struct Entry: Equatable {
  let key: [UInt8]
  let value: [UInt8]
  let quality: FeatureQuality
}

/// The entries of a text; nil if it is refused.
private func entries(_ text: Bytes) -> [Entry]? {
  var parser = FeatureParser()
  guard (try? parser.parse(text)) != nil else { return nil }
  let keys = parser.keys
  return parser.entries.elements.map {
    Entry(key: Array(keys.text($0.key)), value: Array($0.value), quality: $0.quality)
  }
}

private func printed(_ text: Bytes) -> [UInt8]? {
  var parser = FeatureParser()
  guard (try? parser.parse(text)) != nil else { return nil }
  var out = ByteBuffer()
  FeatureWriter.append(parser, to: &out)
  return Array(out.bytes)
}

private func model(_ old: [Entry], _ fresh: [Entry]) -> [Entry] {
  old.map { entry in fresh.first { $0.key == entry.key } ?? entry }
    + fresh.filter { entry in !old.contains { $0.key == entry.key } }
}
