// SPDX-License-Identifier: MIT
@testable import DataStore

extension Store {
  /// The engine of a store in a file.
  var file: SQLiteEngine {
    guard let file = engine as? SQLiteEngine else { fatalError("not a store in a file") }
    return file
  }

  /// Where its writers stand in line.
  var lane: WriterLane {
    if let server = engine as? PostgreSQLEngine { return server.lane }
    return file.lane
  }
}
