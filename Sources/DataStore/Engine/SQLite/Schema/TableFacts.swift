// SPDX-License-Identifier: MIT

/// What SQLite makes of a table's definition.
///
/// Asked for by PRAGMA: the functions of the same names (`pragma_table_xinfo` and so on) give way to tables and views
/// of the file that bear these names.
struct TableFacts {
  struct Index {
    let name: String
    /// It holds the primary key.
    let isKey: Bool
    let isUnique: Bool
    /// It is partial, or over an expression: each write of a row evaluates SQL.
    let hasSQL: Bool
    /// By which each of its columns is compared.
    let collations: [String]

    var hasForeignCollation: Bool { collations.contains { !["BINARY", "NOCASE", "RTRIM"].contains($0) } }
  }

  let columns: [Schema.Column]
  /// The first column that SQLite computes; nil if there is none.
  let generatedColumn: String?
  let indexes: [Index]

  init(_ table: String, _ connection: Connection) throws(StoreError) {
    var columns: [Schema.Column] = []
    var generated: String?
    let rows = try Self.pragma("table_xinfo", table, connection)
    while try rows.step() {
      // 2 and 3: virtual and stored. (https://sqlite.org/pragma.html#pragma_table_xinfo)
      if rows.int64(6) != 0, generated == nil { generated = rows.text(1) }
      columns.append(
        Schema.Column(
          name: rows.text(1).lowercasedASCII, type: rows.text(2).uppercasedASCII,
          isNotNull: rows.int64(3) != 0,
          defaultValue: rows.optionalText(4), keyPlace: rows.int64(5)))
    }
    var indexes: [Index] = []
    let list = try Self.pragma("index_list", table, connection)
    while try list.step() {
      indexes.append(
        try Self.index(
          list.text(1), isKey: list.text(3) == "pk", isUnique: list.int64(2) != 0,
          isPartial: list.int64(4) != 0, connection))
    }
    self.columns = columns
    generatedColumn = generated
    self.indexes = indexes
  }

  private static func index(
    _ name: String, isKey: Bool, isUnique: Bool, isPartial: Bool, _ connection: Connection
  ) throws(StoreError) -> Index {
    var isFound = false
    var hasExpression = false
    var collations: [String] = []
    let columns = try pragma("index_xinfo", name, connection)
    while try columns.step() {
      isFound = true
      if columns.int64(1) == -2 { hasExpression = true }
      if columns.int64(5) != 0 { collations.append(columns.text(4).uppercasedASCII) }
    }
    // A name that cannot be asked for (it is not UTF-8, say) may hide anything.
    return Index(
      name: name, isKey: isKey, isUnique: isUnique, hasSQL: isPartial || hasExpression || !isFound,
      collations: collations)
  }

  private static func pragma(
    _ name: String, _ argument: String, _ connection: Connection
  ) throws(StoreError) -> Statement {
    var quoted = "'"
    for character in argument.unicodeScalars {
      quoted.unicodeScalars.append(character)
      if character == "'" { quoted.unicodeScalars.append(character) }
    }
    return try Statement("PRAGMA main.\(name)(\(quoted)')", on: connection, isKept: false)
  }

  /// True if SQLite, as it looks at each row, evaluates nothing that the file says.
  var isPlain: Bool {
    !columns.isEmpty && generatedColumn == nil
      && indexes.allSatisfy { !$0.hasSQL && !$0.hasForeignCollation }
  }

  /// True if all tables of other names are plain.
  static func othersArePlain(_ connection: Connection) throws(StoreError) -> Bool {
    let tables = try connection.statement(
      "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0")
    defer { tables.reset() }
    while try tables.step() {
      let name = tables.text(0)
      if Schema.tables.contains(where: { $0.name == name.lowercasedASCII }) { continue }
      guard try TableFacts(name, connection).isPlain else { return false }
    }
    return true
  }
}
