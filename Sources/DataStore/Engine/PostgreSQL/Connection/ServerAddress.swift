// SPDX-License-Identifier: MIT
import CPostgreSQL

/// Which server, which database, and as whom: a URL of libpq's.
struct ServerAddress: @unchecked Sendable {  // it never changes
  /// The URL as it may be shown: without a password.
  let shown: String
  /// libpq's keywords and what the URL says of them.
  let settings: [(keyword: String, value: String)]

  /// Whether a path is a URL of a server, and not of a file.
  static func isOne(_ path: String) -> Bool {
    path.utf8.starts(with: "postgresql://".utf8) || path.utf8.starts(with: "postgres://".utf8)
  }

  /// - Throws: `.invalid` where libpq cannot make sense of the URL. No password is shown.
  init(_ url: String, _ functions: LibPQ.Functions) throws(StoreError) {
    shown = Self.withoutSecrets(url)
    guard !url.utf8.contains(0) else {
      throw .invalid("the URL \(StoreError.quoted(shown)) holds a NUL character; remove it", key: "path")
    }
    var error: UnsafeMutablePointer<CChar>?
    guard let list = functions.pointee.PQconninfoParse(url, &error) else {
      // libpq quotes pieces of the URL.
      let isPlain = ExactText(shown) == ExactText(url)
      let reason = error.map { isPlain ? ": " + String(cString: $0).onOneLine : "" } ?? ""
      functions.pointee.PQfreemem(error)
      throw .invalid(
        "\(StoreError.quoted(shown)) is not a URL that libpq understands\(reason). Write it as"
          + " postgresql://user@host:5432/database; special characters in a name or password as %40",
        key: "path")
    }
    defer { functions.pointee.PQconninfoFree(list) }
    var settings: [(keyword: String, value: String)] = []
    var setting = list
    while let keyword = setting.pointee.keyword {
      if let value = setting.pointee.value {
        settings.append((String(cString: keyword), String(cString: value)))
      }
      setting += 1
    }
    self.settings = settings
  }

  func value(_ keyword: String) -> String? {
    settings.first { ExactText($0.keyword) == ExactText(keyword) }?.value
  }

  /// What to connect to, in turn: the settings of one host each. libpq goes from host to host by itself, but not where one
  /// says nothing at all.
  var hosts: [[(keyword: String, value: String)]] {
    func list(_ keyword: String) -> [String] {
      value(keyword)?.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
        String($0) ?? ""
      }
        ?? []
    }
    let lists = ["host", "hostaddr", "port"].map { (keyword: $0, values: list($0)) }
    let count = max(lists[0].values.count, lists[1].values.count)
    guard count > 1 else { return [[]] }
    return (0..<count).map { place in
      lists.compactMap { list in
        guard let only = list.values.first else { return nil }
        return (list.keyword, list.values.count == 1 ? only : list.values[min(place, list.values.count - 1)])
      }
    }
  }

  // MARK: Secrets

  /// The URL without the password of the user, and without the parameters that are one.
  static func withoutSecrets(_ url: String) -> String {
    let bytes = Array(url.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon + 3 <= bytes.count else { return url }
    var shown = Array(bytes[..<(colon + 3)])
    var rest = bytes[(colon + 3)...]
    // As libpq finds it: what stands before the first `@`, if no slash comes before that.
    if let end = rest.firstIndex(where: { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/") }),
      rest[end] == UInt8(ascii: "@")
    {
      shown += rest[..<end].prefix { $0 != UInt8(ascii: ":") }
      rest = rest[end...]
    }
    guard let question = rest.firstIndex(of: UInt8(ascii: "?")) else { return text(shown + rest) }
    shown += rest[..<question]
    let kept = rest[(question + 1)...].split(separator: UInt8(ascii: "&")).filter { parameter in
      let name = text(decoded(parameter.prefix { $0 != UInt8(ascii: "=") })).lowercasedASCII
      return !["password", "sslpassword"].contains(name)
    }
    for (place, parameter) in kept.enumerated() {
      shown.append(place == 0 ? UInt8(ascii: "?") : UInt8(ascii: "&"))
      shown += parameter
    }
    return text(shown)
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

extension String {
  /// Without the line breaks and spaces at its end, as libpq's messages have them.
  var trimmed: String {
    var bytes = Array(utf8)
    while let last = bytes.last, last == 0x0A || last == 0x20 || last == 0x0D { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A message of libpq's on one line, without its guesses, which begin with a tab.
  var onOneLine: String {
    let lines = utf8.split(separator: 0x0A).filter { $0.first != 0x09 }
    return lines.map { String(decoding: Array($0), as: UTF8.self).trimmed }.joined(separator: "; ")
  }
}
