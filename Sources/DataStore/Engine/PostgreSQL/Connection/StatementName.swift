// SPDX-License-Identifier: MIT

/// Which prepared statement of a session is meant: one of a family, by its variant.
struct StatementName: Hashable {
  /// Each kind of call has its own.
  enum Family: UInt64 {
    // Bars.
    case writeBar, upsertBatch, readStored, mergeFeatures, writeFeatures, readBars, readBarsBackward,
      latestBar
    case featureKeys, mergeOneRow, updateOneRow, findAny
    case hasBars, countBars, barTimes, deleteBars, series, countedSeries
    // Requests.
    case putRequest, addRequest, requests
    // State.
    case putState, state, deleteState, replaceState, insertState, updatedAt, stateEntries
    // The check.
    case checkFeatures, checkState
  }

  /// Its name on the server, as a number.
  let number: UInt64

  /// The variant has 48 bits.
  init(_ family: Family, variant: UInt64 = 0) { number = family.rawValue << 48 | variant & (1 << 48 - 1) }

  /// As `EXECUTE` names it.
  var text: String { "ds_\(String(number, radix: 16))" }
}
