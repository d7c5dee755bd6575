// SPDX-License-Identifier: MIT
@testable import DataStore

/// Parts the texts of one input. A control character must be escaped in JSON and is not part of a timestamp, so no
/// text that is worth a try is lost by it.
let separator: UInt8 = 0x1E

/// The texts of an input, at most `most` of them; the last takes the rest.
func texts(_ input: Bytes, most: Int) -> [Bytes] {
  var found: [Bytes] = []
  var start = 0
  while found.count < most - 1, let end = input[start...].firstIndex(of: separator) {
    found.append(Bytes(rebasing: input[start..<end]))
    start = end + 1
  }
  found.append(Bytes(rebasing: input[start...]))
  return found
}

/// Hands over an input as the targets take it.
func bytes(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Bytes { Bytes(start: data, count: size) }

/// Ends the run where a property does not hold: libFuzzer then keeps the input and prints where it lies.
func hold(_ property: Bool, _ what: @autoclosure () -> String, line: Int = #line, file: String = #fileID) {
  if !property { fatalError("\(file):\(line): \(what())") }
}

/// What went wrong with each text, for messages.
func shown(_ texts: Bytes...) -> String {
  texts.map { StoreError.quoted($0.text) }.joined(separator: " | ")
}

/// The bytes of a text that outlives the call.
func withBytes<Value>(_ text: [UInt8], _ body: (Bytes) -> Value) -> Value {
  text.withUnsafeBufferPointer(body)
}
