// SPDX-License-Identifier: MIT
import CSQLite
import PowerCutVFS
import Testing

@testable import DataStore

/// What a program did to a database, down to each write, and what the database held after each of its calls.
final class Recording: @unchecked Sendable {  // the log never changes after it was made
  /// What the calls were, from 1 on; the first opens the file.
  let calls: [String]
  /// What the database held after so many calls.
  let digests: [Int]
  let checkpoints: Int
  private let log: power_cut_log

  var operations: UnsafeBufferPointer<power_cut_operation> {
    UnsafeBufferPointer(start: log.operations, count: Int(log.count))
  }

  /// Records what `program` does to the database at `path`. One recording runs at a time.
  init(_ path: String, _ program: (Recorder) throws -> Void) throws {
    let recorder = Recorder()
    log = try Self.turn.locked { () throws in
      #expect(power_cut_vfs_install() == SQLITE_OK)
      power_cut_record(path)
      let outcome = Result { try program(recorder) }
      let log = power_cut_end()
      if case .failure(let error) = outcome {
        power_cut_log_free(log)
        throw error
      }
      return log
    }
    calls = recorder.calls
    digests = recorder.digests
    checkpoints = recorder.checkpoints
  }

  deinit { power_cut_log_free(log) }

  private static let turn = Monitor()
}

/// Takes down a program's calls.
final class Recorder {
  fileprivate var calls = ["nothing"]
  fileprivate var digests = [0]
  /// How often the WAL was folded in.
  var checkpoints = 0

  /// Runs `body` as one call, which is acknowledged when it returns. `digest` tells what the database then holds;
  /// nil: what it held before.
  func call(_ name: String, _ body: () throws -> Void, digest: () throws -> Int?) throws {
    let number = Int64(calls.count)
    calls.append(name)
    power_cut_mark(POWER_CUT_BEGIN, number)
    try body()
    power_cut_mark(POWER_CUT_ACKNOWLEDGE, number)
    digests.append(try digest() ?? digests[calls.count - 2])
    // Before the first call there was an empty store, or none, which the next opening makes one.
    if number == 1 { digests[0] = digests[1] }
  }
}

/// A number that stands for all rows of the three tables, given what `text` answers a query.
func digest(_ text: (String) throws -> String) rethrows -> Int {
  var hasher = Hasher()
  for (table, columns) in [
    (
      "market_data",
      "symbol timeframe timestamp open high low close volume source quality is_gap latency_sec features"
    ),
    (
      "market_requests",
      "symbol timeframe requested_at provider_used fallback_used start_ts end_ts coverage_ratio gap_count quality notes"
    ), ("system_state", "key value updated_at"),
  ] {
    let cells = columns.split(separator: " ").map { "quote(\($0))" }.joined(separator: " || ',' || ")
    hasher.combine(
      try text("SELECT group_concat(cells, ';') FROM (SELECT \(cells) AS cells FROM \(table) ORDER BY cells)")
    )
  }
  return hasher.finalize()
}

extension Store {
  /// A number that stands for all that the store holds.
  func digest() throws -> Int {
    try DataStoreTests.digest { sql in
      String(decoding: try query(sql).columns.first?.bytes ?? [], as: UTF8.self)
    }
  }
}
