// SPDX-License-Identifier: MIT

/// The statements about bars. Each names the symbol, so that the table may be cut into parts by it, and those about a range
/// compare the time alone beside the whole key's, so that a table cut by time need not be searched in every part.
///
/// `table` is the bars' table as SQL names it, with its schema.
enum BarSQL {
  /// What becomes of the features of a bar that is stored already.
  enum Features: UInt64 {
    /// They become what the row has; a row without any leaves them alone.
    case replaceWhereGiven
    /// They become what the row has; none where it has none.
    case replace
    /// As `replaceWhereGiven`, but the statement divides by zero where the bar has features: they came after the look at what is stored.
    case onlyWhereNone
  }

  // MARK: The table of a session in which batches arrive

  static let batchTable = "pg_temp.ds_bars"

  /// Types as those of the bars' table. What is left in it by a transaction goes with the transaction.
  static let makeBatchTable = """
    CREATE TEMPORARY TABLE IF NOT EXISTS ds_bars (symbol text COLLATE "C", timeframe text COLLATE "C", "timestamp" timestamptz,\
     timestamp_ns smallint, \(BarColumn.table.indices.map { "\(BarColumn.table[$0].name) \(type($0))" }.joined(separator: ", ")),\
     is_merged boolean) ON COMMIT DELETE ROWS
    """

  static let emptyBatchTable = "TRUNCATE \(batchTable)"

  static func type(_ column: Int) -> String {
    switch BarColumn.table[column].kind {
    case .number: "double precision"
    case .text: "text"
    case .flag: "boolean"
    case .features: "json"
    }
  }

  private static func fallback(_ column: Int) -> String {
    "\(BarColumn.table[column].kind == .flag ? "false" : "NULL")::\(type(column))"
  }

  private static let key = "symbol, timeframe, \"timestamp\", timestamp_ns"

  private static func names(_ columns: BarColumns) -> [String] {
    columns.indices.map { "\(BarColumns.names[$0])" }
  }

  /// Takes rows as `BatchRows` writes them, into the batch table or straight into the bars' own.
  static func copy(into table: String, _ carried: BarColumns) -> String {
    let marks = carried.contains(.features) && table.utf8.elementsEqual(batchTable.utf8) ? ["is_merged"] : []
    let columns = ([key] + names(carried) + marks).joined(separator: ", ")
    return "COPY \(table) (\(columns)) FROM STDIN (FORMAT binary)"
  }

  // MARK: Upserts

  /// Upserts the batch's rows; of one with features those alone whose `is_merged` is this, unless it is nil.
  static func upsertBatch(
    _ table: String, _ carried: BarColumns, replace: Bool, _ features: Features, isMerged: Bool?
  ) -> String {
    let columns = ([key] + names(carried)).joined(separator: ", ")
    let condition = isMerged.map { $0 ? " WHERE is_merged" : " WHERE NOT is_merged" } ?? ""
    return """
      INSERT INTO \(table) AS m (\(columns)) SELECT \(columns) FROM \(batchTable)\(condition)\
      \(onConflict(carried, replace: replace, features))
      """
  }

  /// Upserts one row: parameters 1 to 4 are its key, the columns follow. Gives a row where it has changed anything.
  static func upsertBar(_ table: String, _ carried: BarColumns, replace: Bool) -> String {
    insertBar(table, carried) + onConflict(carried, replace: replace, replace ? .replace : .replaceWhereGiven)
      + " RETURNING \(horizon)"
  }

  /// Before which transaction all are over, and the number of this one, where it has written anything.
  private static let horizon =
    "pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()), pg_catalog.pg_current_xact_id_if_assigned()"

  private static func insertBar(_ table: String, _ carried: BarColumns) -> String {
    let columns = carried.indices.enumerated().map { ", $\($0.offset + 5)::\(type($0.element))" }
    let names = names(carried).map { ", " + $0 }
    return """
      INSERT INTO \(table) AS m (\(key)\(names.joined()))\
       VALUES ($1::text, $2::text, $3::timestamptz, $4::smallint\(columns.joined()))
      """
  }

  /// A row whose values are those that are stored is left alone: it costs no new version, and nothing to clean up.
  private static func onConflict(_ carried: BarColumns, replace: Bool, _ features: Features) -> String {
    let changes = changes(carried, replace: replace, features)
    guard !changes.set.isEmpty else { return " ON CONFLICT (\(key)) DO NOTHING" }
    return """
       ON CONFLICT (\(key)) DO UPDATE SET \(changes.set.joined(separator: ", "))\
       WHERE \(changes.differs.joined(separator: " OR "))
      """
  }

  private static func changes(
    _ carried: BarColumns, replace: Bool, _ features: Features
  ) -> (set: [String], differs: [String]) {
    var set: [String] = []
    var stored: [String] = []
    var new: [String] = []
    var differs: [String] = []
    for column in BarColumn.table.indices {
      let name = "\(BarColumn.table[column].name)"
      let isCarried = carried.contains(column: column)
      guard isCarried || replace else { continue }
      let value = isCarried ? "excluded.\(name)" : fallback(column)
      if column == BarColumns.features.number {
        let isGiven = isCarried && features != .replace
        set.append("features = \(isCarried ? featuresValue(features) : value)")
        differs.append(
          (isGiven ? "excluded.features IS NOT NULL AND " : "")
            + "m.features::text IS DISTINCT FROM \(isCarried ? "excluded.features::text" : "NULL")")
        continue
      }
      set.append("\(name) = \(value)")
      stored.append("m.\(name)")
      new.append(value)
    }
    // By their bytes: 0.0 equals -0.0 and is not stored as it is. One function of all columns is also made ready sooner,
    // for each single bar, than a comparison of each.
    if !stored.isEmpty {
      let row = { (values: [String]) in "ROW(\(values.joined(separator: ", ")))" }
      differs.insert("pg_catalog.record_image_ne(\(row(stored)), \(row(new)))", at: 0)
    }
    return (set, differs)
  }

  private static func featuresValue(_ features: Features) -> String {
    switch features {
    case .replace: "excluded.features"
    case .replaceWhereGiven: "COALESCE(excluded.features, m.features)"
    case .onlyWhereNone:
      // The division is one that no planner can do ahead.
      """
      CASE WHEN excluded.features IS NULL THEN m.features WHEN m.features IS NULL THEN excluded.features\
       ELSE (1 / (length(m.symbol) - length(m.symbol)))::text::json END
      """
    }
  }

  // MARK: One bar with features

  /// Upserts one row with features where the bar has those that the last parameter names as text, or none where it is NULL;
  /// `upsertBar`'s parameters come first. Gives whether it is stored so now, and the features that the bar had.
  static func exchangeBar(_ table: String, _ carried: BarColumns) -> String {
    let expected = "$\(carried.indices.count + 5)::text"
    let changes = changes(carried, replace: false, .replace)
    return """
      WITH written AS (\(insertBar(table, carried)) ON CONFLICT (\(key)) DO UPDATE\
       SET \(changes.set.joined(separator: ", "))\
       WHERE m.features::text IS NOT DISTINCT FROM \(expected)\
       AND (\(changes.differs.joined(separator: " OR "))) RETURNING 1)\
       SELECT EXISTS (SELECT FROM written) OR (m.symbol IS NOT NULL AND \(isStored(carried))), m.features, \(horizon)\
       FROM (SELECT) AS one LEFT JOIN \(table) AS m ON \(oneBar)
      """
  }

  /// The same with features alone, for a bar that must be there: no row where it is not.
  static func exchangeFeatures(_ table: String) -> String {
    """
    WITH written AS (UPDATE \(table) AS m SET features = $5::json WHERE \(oneBar)\
     AND m.features::text IS NOT DISTINCT FROM $6::text\
     AND m.features::text IS DISTINCT FROM $5::json::text RETURNING 1)\
     SELECT EXISTS (SELECT FROM written) OR m.features::text IS NOT DISTINCT FROM $5::json::text, m.features,\
     \(horizon) FROM \(table) AS m WHERE \(oneBar)
    """
  }

  /// The bar that `insertBar`'s parameters name, if it is there: whether it holds their values (with `replace`, what
  /// they leave out is as if it were new), its features, and the transaction that wrote it.
  static func lookAtBar(_ table: String, _ carried: BarColumns, replace: Bool) -> String {
    var same = carried.isEmpty ? [] : [isStored(carried)]
    for column in BarColumn.table.indices
    where replace && !carried.contains(column: column) && column != BarColumns.features.number {
      same.append("m.\(BarColumn.table[column].name) IS NOT DISTINCT FROM \(fallback(column))")
    }
    let isSame = same.isEmpty ? "true" : same.joined(separator: " AND ")
    return "SELECT \(isSame), m.features, m.xmin FROM \(table) AS m WHERE \(oneBar)"
  }

  /// One row where the bar is there.
  static func oneBarExists(_ table: String) -> String { "SELECT 1 FROM \(table) AS m WHERE \(oneBar)" }

  /// Whether `m` holds the values of the parameters of `insertBar`.
  private static func isStored(_ carried: BarColumns) -> String {
    carried.indices.enumerated().map { place, column in
      let text = BarColumn.table[column].kind == .features || BarColumn.table[column].kind == .number
      let cast = text ? "::text" : ""
      return "m.\(BarColumns.names[column])\(cast) IS NOT DISTINCT FROM $\(place + 5)::\(type(column))\(cast)"
    }.joined(separator: " AND ")
  }

  private static let oneBar = """
    m.symbol = $1::text AND m.timeframe = $2::text AND m."timestamp" = $3::timestamptz\
     AND m.timestamp_ns = $4::smallint
    """

  // MARK: What is stored for the rows of a batch

  /// A row where any of the stretches of time that the arrays name, series by series, has a bar.
  static func findAny(_ table: String) -> String {
    """
    SELECT 1 FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])\
     AS k (symbol, timeframe, first, last) CROSS JOIN LATERAL (SELECT 1 FROM \(table) AS m\
     WHERE m.symbol = k.symbol AND m.timeframe = k.timeframe AND m."timestamp" >= k.first\
     AND m."timestamp" <= k.last LIMIT 1) AS found LIMIT 1
    """
  }

  /// The bars that the arrays of times name in one series, held against other writers until the transaction ends: for each
  /// its place in the arrays, from 1 on, and with `features` what it has of them. Bar by bar by its key, whatever the
  /// planner thinks of the table's size, and in the arrays' order.
  static func holdBars(_ table: String, hasNames: Bool, features: Bool) -> String {
    let arrays =
      (hasNames ? "$1::text[], $2::text[], " : "") + "$3::timestamptz[], $4::smallint[]"
    let names = hasNames ? "symbol, timeframe, " : ""
    let (symbol, timeframe) = hasNames ? ("k.symbol", "k.timeframe") : ("$1::text", "$2::text")
    return """
      SELECT k.place, m.features\
       FROM unnest(\(arrays)) WITH ORDINALITY AS k (\(names)"timestamp", timestamp_ns, place)\
       CROSS JOIN LATERAL (SELECT \(features ? "m.features" : "NULL::json AS features") FROM \(table) AS m\
       WHERE m.symbol = \(symbol) AND m.timeframe = \(timeframe) AND m."timestamp" = k."timestamp"\
       AND m.timestamp_ns = k.timestamp_ns OFFSET 0 FOR NO KEY UPDATE) AS m
      """
  }
}
