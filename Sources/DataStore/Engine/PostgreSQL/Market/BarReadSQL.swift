// SPDX-License-Identifier: MIT

/// The statements that look for bars of one series, or of several: parameters 1 and 2 are its names, or theirs and the
/// timeframe that they share.
struct BarReadSQL {
  /// What is selected behind the two columns of the time.
  var columns: BarColumns = []
  /// Which bounds there are. A bound is two parameters, the start's before the end's.
  var hasStart = false
  var hasEnd = false
  /// How many rows of a series are asked for, of the first ones or of the last ones: the next parameter.
  var limit: LimitBound?
  var isFromEnd = false
  /// Several series: parameter 1 is an array, and behind the columns stands the place in it, from 1 on.
  var isOfMany = false
  /// How many rows of all series together are asked for: the last parameter.
  var hasTotal = false

  /// For the name of the prepared statement.
  var variant: UInt64 {
    UInt64(columns.rawValue) | (hasStart ? 1 << 32 : 0) | (hasEnd ? 1 << 33 : 0) | (limit?.variant ?? 0) << 34
      | (isOfMany ? 1 << 40 : 0) | (hasTotal ? 1 << 41 : 0)
  }

  /// Rows in the order of time; those of several series in the order of the array, which a walk over it keeps.
  func rows(_ table: String) -> String {
    let series = seriesRows(table)
    guard isOfMany else { return series }
    let total = hasTotal ? " LIMIT $\(parameterCount + (limit == nil ? 1 : 2))::bigint" : ""
    return """
      SELECT m.*, k.place FROM unnest($1::text[]) WITH ORDINALITY AS k (symbol, place)\
       CROSS JOIN LATERAL (\(series)) AS m\(total)
      """
  }

  private func seriesRows(_ table: String) -> String {
    let selected = "SELECT \(selected) FROM \(table) AS m\(condition)"
    let backward = "\"timestamp\" DESC, timestamp_ns DESC"
    // Of a lateral subquery the order would count for nothing without a limit or an offset.
    guard let limit else { return selected + " ORDER BY \(Self.time)" + (isOfMany ? " OFFSET 0" : "") }
    let order = isFromEnd ? backward : Self.time
    let asked = "$\(parameterCount + 1)::bigint"
    var rows = selected + " ORDER BY \(order)"
    if let most = limit.most { rows = "SELECT * FROM (\(rows) LIMIT \(most)) AS most ORDER BY \(order)" }
    rows += " LIMIT \(asked)"
    // The inner one walks the key backwards.
    if isFromEnd { rows = "SELECT * FROM (\(rows)) AS last ORDER BY \(Self.time)" }
    return rows + (isFromEnd && isOfMany ? " OFFSET 0" : "")
  }

  /// The latest row.
  static func latest(_ table: String) -> String {
    let sql = BarReadSQL(columns: .everything)
    return """
      SELECT \(sql.selected) FROM \(table) AS m\(sql.condition)\
       ORDER BY "timestamp" DESC, timestamp_ns DESC LIMIT 1
      """
  }

  /// How many there are; without a bound also the first and the last time, which may be beyond what a store keeps.
  func count(_ table: String) -> String {
    let ends = hasStart && hasEnd ? "" : ", min(\"timestamp\"), max(\"timestamp\")"
    return "SELECT count(*)\(ends) FROM \(table) AS m\(condition)"
  }

  func exists(_ table: String) -> String { "SELECT 1 FROM \(table) AS m\(condition) LIMIT 1" }

  private static let time = "\"timestamp\", timestamp_ns"

  private var selected: String {
    ([Self.time] + columns.indices.map { "\(BarColumns.names[$0])" }).joined(separator: ", ")
  }

  private var parameterCount: Int { 2 + (hasStart ? 2 : 0) + (hasEnd ? 2 : 0) }

  /// The pair is what the key has; the time alone tells which parts of a table can be passed over.
  var condition: String {
    var text = " WHERE m.symbol = \(isOfMany ? "k.symbol" : "$1::text") AND m.timeframe = $2::text"
    var next = 3
    func bound(_ sign: String) {
      let (time, rest) = ("$\(next)::timestamptz", "$\(next + 1)::smallint")
      text += " AND m.\"timestamp\" \(sign) \(time)"
      text += " AND (m.\"timestamp\", m.timestamp_ns) \(sign) (\(time), \(rest))"
      next += 2
    }
    if hasStart { bound(">=") }
    if hasEnd { bound("<=") }
    return text
  }
}

/// A number of rows, and one above it that the statement names: a planner that knew no number would think of a tenth of the
/// series, and plan the statement each time again rather than once.
struct LimitBound {
  /// What is asked for.
  let rows: Int
  /// The least power of two that is not below it; nil for large ones.
  let most: Int?
  /// From 1 to 32.
  let variant: UInt64

  init(_ rows: Int) {
    self.rows = rows
    let bits = rows <= 1 ? 0 : Int.bitWidth - (rows - 1).leadingZeroBitCount
    most = bits <= 24 ? 1 << bits : nil
    variant = bits <= 24 ? UInt64(bits) + 1 : 32
  }
}

extension Session {
  /// The parameters of these statements, but for the limit.
  func add(_ key: SeriesKey, _ range: TimeRange) {
    parameters.add(copying: key.symbol)
    parameters.add(copying: key.timeframe)
    add(range)
  }

  func add(_ range: TimeRange) {
    if let start = range.start { parameters.add(time: start) }
    if let end = range.end { parameters.add(time: end) }
  }
}
