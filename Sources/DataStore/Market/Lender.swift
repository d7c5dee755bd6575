// SPDX-License-Identifier: MIT

/// Keeps copies of columns alive while the core borrows them.
final class Lender {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  func lend<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
    let block = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    block.initialize(from: elements, count: elements.count)
    blocks.append(UnsafeMutableRawPointer(block))
    return UnsafePointer(block)
  }

  func lend(text: String) -> Bytes {
    let bytes = Array(text.utf8)
    return Bytes(start: lend(bytes), count: bytes.count)
  }

  func lend(constant text: String) -> TextColumn {
    TextColumn(codes: nil, values: lend(values: [lend(text: text)]))
  }

  /// Texts with a NUL behind each.
  func lend(constants texts: [String?]) -> UnsafePointer<UnsafePointer<CChar>?> {
    lend(texts.map { $0.map { lend(Array($0.utf8CString)) } })
  }

  private func lend(values: [Bytes]) -> UnsafeBufferPointer<Bytes> {
    UnsafeBufferPointer(start: lend(values), count: values.count)
  }

  func lend(_ texts: [String?]) -> TextColumn {
    var numbers: [ExactText: Int32] = [:]
    var values: [Bytes] = []
    let codes = texts.map { text -> Int32 in
      guard let text else { return -1 }
      if let known = numbers[ExactText(text)] { return known }
      let number = Int32(values.count)
      numbers[ExactText(text)] = number
      values.append(lend(text: text))
      return number
    }
    return TextColumn(codes: lend(codes), values: lend(values: values))
  }
}
