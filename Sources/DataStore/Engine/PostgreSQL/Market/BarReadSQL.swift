// SPDX-License-Identifier: MIT

/// The statements that look for bars of one series: parameters 1 and 2 are its names.
struct BarReadSQL {
  /// What is selected behind the two columns of the time.
  var columns: BarColumns = []
  /// Which bounds there are. A bound is two parameters, the start's before the end's.
  var hasStart = false
  var hasEnd = false
  /// The number of rows is the last parameter: of the first ones, or of the last ones.
  var isLimited = false
  var isFromEnd = false

  /// For the name of the prepared statement.
  var variant: UInt64 {
    UInt64(columns.rawValue) | (hasStart ? 1 << 32 : 0) | (hasEnd ? 1 << 33 : 0) | (isLimited ? 1 << 34 : 0)
  }

  /// Rows in the order of time.
  func rows(_ table: String) -> String {
    let selected = selected
    let limit = isLimited ? " LIMIT $\(parameterCount + 1)::bigint" : ""
    guard isFromEnd else {
      return "SELECT \(selected) FROM \(table) AS m\(condition) ORDER BY \(Self.time)\(limit)"
    }
    // The inner one walks the key backwards.
    return """
      SELECT * FROM (SELECT \(selected) FROM \(table) AS m\(condition)\
       ORDER BY "timestamp" DESC, timestamp_ns DESC\(limit)) AS last ORDER BY \(Self.time)
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
    var text = " WHERE m.symbol = $1::text AND m.timeframe = $2::text"
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

extension Session {
  /// The parameters of these statements, but for the limit.
  func add(_ key: SeriesKey, _ range: TimeRange) {
    parameters.add(copying: key.symbol)
    parameters.add(copying: key.timeframe)
    if let start = range.start { parameters.add(time: start) }
    if let end = range.end { parameters.add(time: end) }
  }
}
