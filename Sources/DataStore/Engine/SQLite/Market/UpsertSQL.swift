// SPDX-License-Identifier: MIT

/// The statements of writing bars, by the columns that are carried.
enum UpsertSQL {
  /// Where an upsert's rows come from.
  enum Rows {
    case batch
    /// The symbol and the timeframe are parameters 1 and 2: what is the same in each row need not be asked for in each.
    case batchOfOneSeries
    /// One row: the key is parameters 1 to 3, and then come the columns.
    case parameters
  }

  static let onlyFeatures: UInt64 = 1 << 33
  static let overlap: UInt64 = 1 << 34
  static let oneSeries: UInt64 = 1 << 35
  static let oneBar: UInt64 = 1 << 36
  static let ends: UInt64 = 1 << 37
  static let whereGiven: UInt64 = 1 << 38
  static let mergeOne: UInt64 = 1 << 39

  static func variant(_ carried: BarColumns, replace: Bool) -> UInt64 {
    UInt64(carried.rawValue) | (replace ? 1 << 32 : 0)
  }

  /// With `replace` the columns that are not carried fall back to the schema's defaults. The row is updated in place
  /// either way, which costs a half to a third of deleting and inserting it.
  static func bars(
    _ carried: BarColumns, rows: Rows, replace: Bool, features: FeatureChange? = nil
  ) -> String {
    let change = features ?? (replace ? .replace : .merge)
    let inserted = carried.indices.map { "\(BarColumns.names[$0])" }
    let columns = (["timestamp"] + inserted).joined(separator: ", ")
    var set: [String] = []
    var unchanged: [String] = []
    for index in BarColumn.table.indices {
      let column = BarColumn.table[index]
      let name = "\(column.name)"
      if !inserted.contains(name) {
        guard replace else { continue }
        let fallback = column.sqlDefault ?? "NULL"
        set.append("\(name) = \(fallback)")
        unchanged.append("\(name) IS NOT \(fallback)")
      } else if column.kind == .features, change == .merge {
        set.append("features = ds_merge_features(features, excluded.features)")
      } else if column.kind == .features, change == .replaceWhereGiven {
        set.append("features = excluded.features")
        unchanged.append("excluded.features IS NOT NULL AND features IS NOT excluded.features")
      } else {
        set.append("\(name) = excluded.\(name)")
        unchanged.append("\(name) IS NOT excluded.\(name)")
      }
    }
    let merges = carried.contains(.features) && change == .merge
    // A row whose values are those that are stored is left alone, and so are its pages.
    let update =
      set.isEmpty
      ? "NOTHING"
      : "UPDATE SET " + set.joined(separator: ", ")
        + (merges ? "" : " WHERE " + unchanged.joined(separator: " OR "))
    let given =
      switch rows {
      case .batch: "SELECT symbol, timeframe, \(columns) FROM temp.ds_bars WHERE true"
      case .batchOfOneSeries: "SELECT ?1, ?2, \(columns) FROM temp.ds_bars WHERE true"
      case .parameters:
        "VALUES (?1, ?2, ds_bar_time(?3)" + inserted.indices.map { ", ?\($0 + 4)" }.joined() + ")"
      }
    return """
      INSERT INTO main.market_data(symbol, timeframe, \(columns)) \(given)
      ON CONFLICT(symbol, timeframe, timestamp) DO \(update)
      """
  }

  /// Updates stored bars of one series (see `BarOverlap`).
  static func update(_ columns: BarColumns) -> String {
    let names = columns.indices.map { "\(BarColumns.names[$0])" }
    let set = columns.indices.map { "\(BarColumns.names[$0]) = ds_new(\($0))" }
    return """
      UPDATE main.market_data SET \(set.joined(separator: ", "))
      WHERE symbol = ?1 AND timeframe = ?2 AND timestamp >= ?3 AND timestamp <= ?4
      AND ds_differs(timestamp, \(names.joined(separator: ", ")))
      """
  }
}
