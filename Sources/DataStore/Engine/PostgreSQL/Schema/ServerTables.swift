// SPDX-License-Identifier: MIT

/// The three tables' names, as statements have them.
struct ServerTables {
  let schema: String
  let bars: String
  let requests: String
  let state: String

  /// The caller's own search_path, for queries.
  let searchPath: String

  init(schema: String, searchPath: String) {
    self.schema = schema
    self.searchPath = searchPath
    let quoted = Self.quoted(schema)
    bars = quoted + ".market_data"
    requests = quoted + ".market_requests"
    state = quoted + ".system_state"
  }

  /// A name in quotation marks, those in it doubled.
  static func quoted(_ name: String) -> String { "\"" + name.split("\"").joined(separator: "\"\"") + "\"" }
  /// A text as a literal.
  static func literal(_ text: String) -> String { "'" + text.split("'").joined(separator: "''") + "'" }
}

extension String {
  /// The pieces between the places where an ASCII character stands.
  fileprivate func split(_ mark: Unicode.Scalar) -> [String] {
    unicodeScalars.split(separator: mark, omittingEmptySubsequences: false).map { String($0) }
  }
}
