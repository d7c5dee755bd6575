// SPDX-License-Identifier: MIT

@testable import DataStore

extension TextColumn {
  /// A column whose array of values is never freed: a test makes few of them.
  static func kept(_ codes: UnsafePointer<Int32>?, _ values: [Bytes]) -> TextColumn {
    let copy = UnsafeMutableBufferPointer<Bytes>.allocate(capacity: values.count)
    _ = copy.initialize(from: values)
    return TextColumn(codes: codes, values: UnsafeBufferPointer(copy))
  }
}
