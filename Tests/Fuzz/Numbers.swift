// SPDX-License-Identifier: MIT
import CNumbers
import Glibc

@testable import DataStore

/// Numbers: what is printed reads back bit for bit in as few digits as can be, and what is read is what the C and C++
/// libraries read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNumbers(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  let input = bytes(data, size)
  for place in stride(from: 0, to: size - 7, by: 8) {
    let bits = UnsafeRawBufferPointer(input).loadUnaligned(fromByteOffset: place, as: UInt64.self)
    checkPrinting(Double(bitPattern: bits))
    checkPrinting(Int64(bitPattern: bits))
  }
  for text in texts(input, most: 4) { checkReading(text) }
  return 0
}

// MARK: Printing

private func checkPrinting(_ value: Double) {
  guard value.isFinite else { return }
  let check = { (text: Bytes) in
    hold(strtod(text) == value.bitPattern, "\(value) prints as \(shown(text))")
    hold(NumberText.double(text)?.bitPattern == value.bitPattern, "\(shown(text)) reads as another double")
    hold(isNumber(text), "\(value) prints as \(shown(text)), which is not JSON")
    hold(
      digits(text) == shortestDigits(value), "\(value) prints as \(shown(text)), which is not the shortest")
  }
  withPrinted({ NumberText.write(value, to: $0) }, check)
}

private func checkPrinting(_ value: Int64) {
  let check = { (text: Bytes) in
    hold(text.elementsEqual("\(value)".utf8), "\(value) prints as \(shown(text))")
    hold(NumberText.int64(text) == value, "\(shown(text)) reads as another integer")
  }
  withPrinted({ NumberText.write(value, to: $0) }, check)
}

private func withPrinted(_ write: (UnsafeMutablePointer<UInt8>) -> Int, _ body: (Bytes) -> Void) {
  // From the heap, where a byte too far is seen.
  let room = UnsafeMutablePointer<UInt8>.allocate(capacity: NumberText.maximumBytes)
  defer { room.deallocate() }
  body(Bytes(start: room, count: write(room)))
}

/// The digits of a number without sign, point, exponent and zeros at either end.
private func digits(_ text: Bytes) -> [UInt8] {
  let mantissa = text.prefix { $0 != UInt8(ascii: "e") }.filter { $0 &- 0x30 <= 9 }.drop { $0 == 0x30 }
  let end = mantissa.lastIndex { $0 != 0x30 } ?? mantissa.startIndex - 1
  return Array(mantissa[mantissa.startIndex..<(end + 1)])
}

private func shortestDigits(_ value: Double) -> [UInt8] {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CNUMBERS_SCIENTIFIC_BYTES)) { room in
    let count = cnumbers_print_scientific(value, room.baseAddress)
    return room.withMemoryRebound(to: UInt8.self) {
      digits(Bytes(rebasing: UnsafeBufferPointer($0)[..<count]))
    }
  }
}

// MARK: Reading

private func checkReading(_ text: Bytes) {
  guard !text.contains(0) else { return }
  checkInteger(text)
  guard let base = text.baseAddress, isNumber(text) else { return }
  var next = base
  guard let decimal = DecimalParser(&next, base + text.count), next == base + text.count else {
    hold(false, "a JSON number that the parser does not take: \(shown(text))")
    return
  }
  let bits = strtod(text)
  let isInfinite = Double(bitPattern: bits).isInfinite
  if let value = decimal.double {
    hold(value.bitPattern == bits, "\(shown(text)) reads as \(value), not \(Double(bitPattern: bits))")
  }
  var end = base
  let isFinite = DecimalParser.skip(&end, base + text.count)
  hold(isFinite != nil && end == next, "\(shown(text)) is skipped otherwise than it is read")
  if isFinite == true { hold(!isInfinite, "\(shown(text)) is said to be surely finite") }
  checkPlain(text, bits)
  let read = NumberText.double(text)
  hold(
    isInfinite ? read == nil : read?.bitPattern == bits,
    "\(shown(text)) reads as \(String(describing: read)), not \(Double(bitPattern: bits))")
}

/// The same number among others' digits, where it is of the plain form.
private func checkPlain(_ text: Bytes, _ bits: UInt64) {
  let before = Array(repeating: UInt8(ascii: "7"), count: PlainDecimal.bytesBefore)
  let behind = [UInt8(ascii: ",")] + Array(repeating: UInt8(ascii: "7"), count: PlainDecimal.bytesBehind)
  (before + text + behind).withUnsafeBufferPointer { bytes in
    guard let base = bytes.baseAddress, let plain = PlainDecimal(at: base + before.count) else { return }
    hold(plain.end == base + before.count + text.count, "\(shown(text)) is plain, and has another end")
    if let value = plain.double {
      hold(value.bitPattern == bits, "\(shown(text)) is plain, and reads as \(value)")
    }
  }
}

private func checkInteger(_ text: Bytes) {
  let isInteger =
    text.first == UInt8(ascii: "-") ? text.count > 1 && isDigits(text.dropFirst()) : isDigits(text[...])
  let expected = isInteger ? Int64(String(decoding: text, as: UTF8.self)) : nil
  guard !text.isEmpty else { return }
  hold(NumberText.int64(text) == expected, "\(shown(text)) reads as another integer")
}

private func isDigits(_ text: Slice<Bytes>) -> Bool { text.allSatisfy { $0 &- 0x30 <= 9 } }

/// Whether the text is one JSON number and nothing else.
private func isNumber(_ text: Bytes) -> Bool {
  var scanner = JSONScanner(text)
  return scanner.isAtNumber && (try? scanner.number()) != nil && scanner.isAtEnd
}

/// The bits of what the C library reads.
private func strtod(_ text: Bytes) -> UInt64 {
  let copy = Array(text.map { CChar(bitPattern: $0) }) + [0]
  return Glibc.strtod(copy, nil).bitPattern
}
