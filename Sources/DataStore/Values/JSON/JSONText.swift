// SPDX-License-Identifier: MIT

/// String literals of JSON: their escapes, read and written.
enum JSONText {
  @inline(__always)
  static func hexValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 0x30...0x39: return UInt32(byte - 0x30)
    case 0x41...0x46: return UInt32(byte - 0x41 + 10)
    case 0x61...0x66: return UInt32(byte - 0x61 + 10)
    default: return nil
    }
  }

  /// Appends what a scanned literal stands for, as UTF-8. False if it holds a lone surrogate, which no UTF-8 text
  /// can hold: what is appended for it has the form of other three-byte characters, and equals no text.
  static func appendDecoded(_ raw: Bytes, to out: inout ByteBuffer) -> Bool {
    var index = 0
    var isText = true
    while index < raw.count {
      guard raw[index] == UInt8(ascii: "\\") else {
        out.append(raw[index])
        index += 1
        continue
      }
      let kind = raw[index + 1]
      index += 2
      switch kind {
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0C)
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "u"):
        var unit = codeUnit(raw, at: index)
        index += 4
        if unit & 0xFC00 == 0xD800, index + 6 <= raw.count, raw[index] == UInt8(ascii: "\\"),
          raw[index + 1] == UInt8(ascii: "u")
        {
          let low = codeUnit(raw, at: index + 2)
          if low & 0xFC00 == 0xDC00 {
            unit = 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF)
            index += 6
          }
        }
        if let scalar = Unicode.Scalar(unit), let encoded = UTF8.encode(scalar) {
          for byte in encoded { out.append(byte) }
        } else {
          isText = false
          out.append(UInt8(truncatingIfNeeded: 0xE0 | unit >> 12))
          out.append(UInt8(truncatingIfNeeded: 0x80 | unit >> 6 & 0x3F))
          out.append(UInt8(truncatingIfNeeded: 0x80 | unit & 0x3F))
        }
      default: out.append(kind)
      }
    }
    return isText
  }

  private static func codeUnit(_ raw: Bytes, at index: Int) -> UInt32 {
    var unit: UInt32 = 0
    for place in index..<(index + 4) { unit = unit << 4 | (hexValue(raw[place]) ?? 0) }
    return unit
  }

  /// Appends `text` as a string literal, quotes included, escaping only what must be.
  static func appendLiteral(_ text: Bytes, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        out.append(UInt8(ascii: "\\"))
        out.append(byte)
      case 0x00..<0x20:
        out.append("\\u00")
        out.append(byte < 0x10 ? 0x30 : 0x31)
        let low = byte & 0x0F
        out.append(low < 10 ? 0x30 + low : 0x61 + low - 10)
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
