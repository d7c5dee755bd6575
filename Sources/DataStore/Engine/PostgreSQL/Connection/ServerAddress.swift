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
    shown = ShownURL.withoutSecrets(url)
    guard !url.utf8.contains(0) else {
      throw .invalid("the URL \(StoreError.quoted(shown)) holds a NUL character; remove it", key: "path")
    }
    do throws(Refusal) {
      settings = try Self.parsed(url, functions)
    } catch {
      // libpq quotes pieces of the URL.
      let reason = ExactText(shown) == ExactText(url) ? error.reason : ""
      throw .invalid(
        "\(StoreError.quoted(shown)) is not a URL that libpq understands\(reason). Write it as"
          + " postgresql://user@host:5432/database; special characters in a name or password as %40",
        key: "path")
    }
    // Where a password ends elsewhere for libpq than for its owner, libpq takes its rest for a host or a database, and would
    // show it.
    guard let seen = try? Self.parsed(shown, functions),
      ["host", "port", "dbname"].allSatisfy({ Self.value($0, seen) == Self.value($0, settings) })
    else {
      throw .invalid(
        "the URL \(StoreError.quoted(shown)) has special characters in its password, or in another part. Write them as"
          + " %40 (@), %3A (:), %2F (/), %3F (?), %25 (%), or keep the password in ~/.pgpass",
        key: "path")
    }
  }

  private struct Refusal: Error {
    let reason: String
  }

  private static func parsed(
    _ url: String, _ functions: LibPQ.Functions
  ) throws(Refusal) -> [(keyword: String, value: String)] {
    var error: UnsafeMutablePointer<CChar>?
    guard let list = functions.pointee.PQconninfoParse(url, &error) else {
      let reason = error.map { ": " + String(cString: $0).onOneLine } ?? ""
      functions.pointee.PQfreemem(error)
      throw Refusal(reason: reason)
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
    return settings
  }

  func value(_ keyword: String) -> String? { Self.value(keyword, settings)?.text }

  private static func value(_ keyword: String, _ settings: [(keyword: String, value: String)]) -> ExactText? {
    settings.first { ExactText($0.keyword) == ExactText(keyword) }.map { ExactText($0.value) }
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
}

extension String {
  /// Without the line breaks and spaces at its end, as libpq's messages have them.
  var trimmed: String {
    var bytes = Array(utf8)
    while let last = bytes.last, last == 0x0A || last == 0x20 || last == 0x0D { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A message of libpq's on one line, without its guesses, which begin with a tab. It says the same twice where it tried
  /// with TLS and without.
  var onOneLine: String {
    var lines: [String] = []
    for line in utf8.split(separator: 0x0A) where line.first != 0x09 {
      let line = String(decoding: Array(line), as: UTF8.self).trimmed
      if !lines.contains(where: { ExactText($0) == ExactText(line) }) { lines.append(line) }
    }
    return lines.joined(separator: "; ")
  }
}
