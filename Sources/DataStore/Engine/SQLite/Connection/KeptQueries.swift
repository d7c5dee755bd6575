// SPDX-License-Identifier: MIT

/// The queries that a connection was asked last, prepared: a desk asks the same few again and again, and to prepare one
/// costs more than to run it over a few rows.
struct KeptQueries {
  private var kept: [(sql: String, statement: Statement)] = []
  private static let most = 8
  /// Bytes of the longest text whose statement is kept.
  private static let longest = 1 << 12

  /// The statement of a text, which is no longer kept; nil if there is none.
  mutating func take(_ sql: String) -> Statement? {
    guard let place = kept.lastIndex(where: { ExactText($0.sql) == ExactText(sql) }) else { return nil }
    return kept.remove(at: place).statement
  }

  /// Keeps a statement that has been reset.
  mutating func keep(_ statement: Statement, _ sql: String) {
    guard sql.utf8.count <= Self.longest else { return }
    if kept.count >= Self.most { kept.removeFirst() }
    kept.append((sql, statement))
  }
}
