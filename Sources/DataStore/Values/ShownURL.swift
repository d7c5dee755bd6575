// SPDX-License-Identifier: MIT

/// A URL as it may be shown.
enum ShownURL {
  /// The URL without the password of the user, and without the parameters that are one.
  ///
  /// A password with `@`, `/` or `?` that are not written as `%40` and so on ends elsewhere for libpq than for its owner.
  /// All that could be a part of it is left out.
  static func withoutSecrets(_ url: String) -> String {
    let bytes = Array(url.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon + 3 <= bytes.count else { return url }
    var shown = Array(bytes[..<(colon + 3)])
    var rest = bytes[(colon + 3)...]
    var query = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
    // Parameters have values, and ports are numbers: what is not so, and stands before an `@`, belongs to a password.
    if let at = rest[query...].lastIndex(of: UInt8(ascii: "@")),
      !hasPorts(rest[..<query]) || !haveValues(rest[query..<at])
    {
      query = rest[at...].firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
    }
    if let at = rest[..<query].lastIndex(of: UInt8(ascii: "@")),
      let end = rest[..<at].firstIndex(of: UInt8(ascii: ":"))
    {
      shown += rest[..<end].prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "@") }
      rest = rest[at...]
    }
    shown += rest[..<query]
    let parameters = rest[query...].dropFirst().split(separator: UInt8(ascii: "&")).filter { parameter in
      !isSecret(text(decoded(parameter.prefix { $0 != UInt8(ascii: "=") })).lowercasedASCII)
    }
    for (place, parameter) in parameters.enumerated() {
      shown.append(place == 0 ? UInt8(ascii: "?") : UInt8(ascii: "&"))
      shown += parameter
    }
    return text(shown)
  }

  /// Whether a parameter of this name is a password, or would be if it were spelled right.
  private static func isSecret(_ name: String) -> Bool {
    name.utf8.starts(with: "sslpas".utf8) || name.utf8.elementsEqual("pwd".utf8)
      || name.utf8.starts(with: "pas".utf8) && !name.utf8.elementsEqual("passfile".utf8)
  }

  /// Whether each parameter after a `?` has a name and a value.
  private static func haveValues(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.dropFirst().split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
      .allSatisfy { $0.contains(UInt8(ascii: "=")) }
  }

  /// Whether what follows the colons of hosts, before a slash, are numbers; true where a user stands before them.
  private static func hasPorts(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard !bytes.contains(UInt8(ascii: "@")) else { return true }
    return bytes.prefix { $0 != UInt8(ascii: "/") }.split(separator: UInt8(ascii: ",")).allSatisfy { host in
      let afterAddress = host.lastIndex(of: UInt8(ascii: "]")).map { host[$0...] } ?? host
      guard let colon = afterAddress.firstIndex(of: UInt8(ascii: ":")) else { return true }
      return afterAddress[(colon + 1)...].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
  }

  private static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: Array(bytes), as: UTF8.self)
  }

  /// With `%41` as `A`.
  private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var decoded: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let value = UInt8(text(rest.prefix(2)), radix: 16) {
        decoded.append(value)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(byte)
      }
    }
    return decoded
  }
}
